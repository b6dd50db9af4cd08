//! What the second opinion says of tables that describe code, and of code that stands apart.

use anyhow::Result;
use klp_core::attest::Fault;
use klp_tests::attested::Case;

use crate::attest::{KERNEL, case, expect, right};

#[test]
fn tables() -> Result<()> {
    let bug = "asm volatile(\"1: ud2\\n.pushsection __bug_table, \\\"aw\\\"\\n2: .long 1b - ., 7, 0\\n.popsection\");";
    let constant = "asm volatile(\"mov $0x1234567, %%eax\\n1:\\n.pushsection runtime_ptr_x, \\\"a\\\"\\n.long 1b - 4 - .\\n.popsection\" ::: \"eax\");";
    let with = |text: &str| format!("int show(int n) {{ {text} return n; }}");
    let listed = case("", &with(bug));
    let mut unlisted = listed.clone();
    unlisted.module = format!("{KERNEL}{}", with("asm volatile(\"ud2\");"));
    let mut other = listed.clone();
    other.module = other.module.replace("1b - ., 7", "1b - ., 8");
    let site = "asm volatile(\"1: push %rax\\npop %rax\\n.pushsection .parainstructions, \\\"a\\\"\\n.quad 1b\\n.byte 3, 2\\n.popsection\");";
    let cut = case("", &with(site));
    let mut cut_and_unlisted = cut.clone();
    cut_and_unlisted.module =
        format!("{KERNEL}{}", with("asm volatile(\"push %rax\\npop %rax\");"));
    let unreadable = case("", &with(&bug.replace(", 7, 0", ", 7\\n.byte 0, 0")));
    let patched_at_boot = case("", &with(constant));
    let mut of_the_kernel = right();
    of_the_kernel
        .module
        .push_str("\nasm(\".pushsection __mcount_loc, \\\"a\\\"\\n.quad helper\\n.popsection\");");
    expect(
        "tables",
        &[
            ("a bug", listed, None),
            ("a bug that is not listed", unlisted, Some(Fault::Table)),
            ("another bug", other, Some(Fault::Content)),
            ("a table whose last entry has no padding", cut, None),
            ("the same, and it is not listed", cut_and_unlisted, Some(Fault::Table)),
            ("a table whose entries have no known size", unreadable, Some(Fault::Table)),
            ("an entry about the kernel's code", of_the_kernel, Some(Fault::Table)),
            ("a number that the kernel writes at boot", patched_at_boot, Some(Fault::Table)),
        ],
    )
}

/// Branches of several functions in a section without symbols, as each `static_cpu_has()` has one.
#[test]
fn code_out_of_line() -> Result<()> {
    let function = |name: &str, bit: u32| {
        format!(
            "int {name}(int n) {{ asm volatile(\"jmp 6f\\n7:\\n.pushsection .altinstr_aux, \\\"ax\\\"\\n6: testb ${bit}, \
             (%rsp)\\njnz 7b\\njmp 7b\\n.popsection\"); return n; }}\n"
        )
    };
    let mut second = case("", &function("show", 2));
    let first = function("first", 1);
    second.before.insert_str(0, &first);
    second.after.insert_str(0, &first);
    let mut other = second.clone();
    other.module = other.module.replace("testb $2", "testb $1");
    expect(
        "code_out_of_line",
        &[
            ("that of the second function", second, None),
            ("that of the first one", other, Some(Fault::Content)),
        ],
    )
}

/// A table that names a place inside of a function does not call it: it is out of use when its callers are replaced.
#[test]
fn a_function_that_a_table_names_inside() -> Result<()> {
    const LIMIT: &str = "asm volatile(\"movabs $0x123456789abcdef, %%rax\\n1:\\n.pushsection runtime_ptr_USER_PTR_MAX, \\\"a\\\"\\n\
        .long 1b - 8 - .\\n.popsection\" ::: \"rax\");";
    let quiet = |body: &str| {
        format!(
            "static __attribute__((noinline, noipa, used)) int quiet(int n) {{ {body} return n * 5; }}\n"
        )
    };
    let show = "int show(int n) { return quiet(n) + 1; }\n";
    let inside = |more: &str| Case {
        before: quiet("") + show + more,
        after: quiet(LIMIT) + show + more,
        // The kernel fills in the table's places in its own code only.
        module: quiet("asm volatile(\"movabs $0x123456789abcdef, %%rax\" ::: \"rax\");") + show,
        functions: vec![("show", 0, "show")],
        said: (vec!["quiet"], vec![]),
        ..Case::default()
    };
    let pointer = "int (*const hook)(int) = quiet;\n";
    expect(
        "a_function_that_a_table_names_inside",
        &[
            ("its only caller is replaced", inside(""), None),
            ("something has its address", inside(pointer), Some(Fault::Missing)),
        ],
    )
}

/// The loader sets up SRCU structures that it finds in a list, and nothing refers to the list.
#[test]
fn lists_that_the_loader_reads() -> Result<()> {
    let variable = "static long own[4];\n";
    let entry = "static long *const own_entry __attribute__((section(\"___srcu_struct_ptrs\"), used)) = own;\n";
    let show = "int show(int n) { own[n] += n; exported(\"after\"); return own[0]; }";
    let mut listed = case(&format!("{variable}{entry}"), show);
    listed.links.clear();
    let mut unlisted = listed.clone();
    listed.module = format!("{KERNEL}{variable}{entry}{show}");
    unlisted.module = format!("{KERNEL}{variable}{show}");
    expect(
        "lists_that_the_loader_reads",
        &[("listed", listed, None), ("not listed", unlisted, Some(Fault::Table))],
    )
}
