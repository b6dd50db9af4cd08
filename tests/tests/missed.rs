//! Changes that take several objects to show: order, names of several files, and what linkers merge.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::temporary;
use klp_tests::said::{LINKERS, Said, assemble, function, function_there, link};
use klp_tests::tools::finish;
use klp_tests::tools::have;

/// An initcall of level 6 with a function of its own.
fn initcall(name: &str, number: u32) -> String {
    format!(
        "{}\t.section .initcall6.init, \"a\"\n__initcall__kmod_{name}__{number}_10_{name}6:\n\
         \t.long {name} - .\n",
        function(name, &format!("mov ${number}, %eax"))
    )
}

/// Initcalls of one level run in the order in which the objects are linked.
#[test]
fn order_of_objects() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let first = assemble(&directory, "first", &initcall("first", 1))?;
    let second = assemble(&directory, "second", &initcall("second", 2))?;
    let other = assemble(&directory, "other", &function("other", "mov $3, %eax"))?;
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    for linker in LINKERS.into_iter().filter(|linker| have("order_of_objects", &[linker])) {
        link(linker, &before, &[&first, &second])?;
        link(linker, &after, &[&second, &first])?;
        Said::of(&before, &after)?
            .any(&["note .initcall6.init order", "note .initcall6.init link-order"])
            .context(linker)?;
        // What has no initcall may stand between.
        link(linker, &after, &[&other, &first, &other_named(&directory)?, &second])?;
        Said::of(&before, &after)?
            .exactly(&["function added other", "function added another"])
            .context(linker)?;
    }
    Ok(())
}

fn other_named(directory: &Utf8Path) -> Result<Utf8PathBuf> {
    assemble(directory, "another", &function("another", "mov $4, %eax"))
}

/// The same where a build is compared object by object: only the list of the link says it.
#[test]
fn order_of_a_builds_objects() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let build = |name: &str, order: [&str; 2]| -> Result<Utf8PathBuf> {
        let root = directory.join(name);
        let make = |target: &str, command: &str| -> Result<()> {
            finish(Command::new("sh").args(["-c", command]).current_dir(&root))?;
            let path = root.join(target);
            let file = format!(".{}.cmd", path.file_name().unwrap_or_default());
            let saved = format!("savedcmd_{target} := {command}\n");
            Ok(fs_err::write(path.with_file_name(file), saved)?)
        };
        for (object, number) in [("first", 1), ("second", 2)] {
            let path = format!("init/{object}");
            assemble(&root, &path, &initcall(object, number))?;
            make(&format!("{path}.o"), &format!("gcc -c -o {path}.o {path}.s"))?;
        }
        let objects = order.map(|object| format!("init/{object}.o")).join(" ");
        make(
            "init/built-in.a",
            &format!("rm -f init/built-in.a; ar cDPrST init/built-in.a {objects}"),
        )?;
        make("vmlinux.a", "rm -f vmlinux.a; ar cDPrST vmlinux.a init/built-in.a")?;
        make(
            "vmlinux.o",
            "ld -m elf_x86_64 -r -o vmlinux.o --whole-archive vmlinux.a --no-whole-archive",
        )?;
        fs_err::write(root.join(".config"), "CONFIG_X86_64=y\n")?;
        Ok(root)
    };
    let before = build("before", ["first", "second"])?;
    let after = build("after", ["second", "first"])?;
    Said::of(&before, &before)?.exactly(&[])?;
    Said::of(&before, &after)?.any(&["note init/second link-order", "note init/first link-order"])
}

/// Two files of assembly have a local function of one name, and a caller moves from the one to the other.
#[test]
fn local_function_of_two_files() -> Result<()> {
    let helper = |number: u32| {
        format!("\t.text\n{}", function_there("helper", &format!("mov ${number}, %eax\n\tret")))
    };
    caller_moves(&helper, "call helper")
}

/// The same with a local variable, and with a label without type and size.
#[test]
fn local_variable_of_two_files() -> Result<()> {
    let typed = |number: u32| {
        format!(
            "\t.data\n\t.balign 4\n\t.type state, @object\nstate:\t.long {number}\n\t.size state, 4\n"
        )
    };
    caller_moves(&typed, "mov state(%rip), %eax")?;
    let bare = |number: u32| format!("\t.data\n\t.balign 4\nstate:\t.long {number}\n");
    caller_moves(&bare, "mov state(%rip), %eax")?;
    // What they hold is the same, but it is written to.
    let same = |_: u32| typed(1);
    caller_moves(&same, "mov %edi, state(%rip)")
}

/// The same with a local label in another function.
#[test]
fn local_label_of_two_files() -> Result<()> {
    let helper = |number: u32| {
        format!(
            "\t.text\n\t.type outer{number}, @function\n\t.globl outer{number}\nouter{number}:\n\
             \tnop\nretry:\tmov ${number}, %eax\n\tret\n\t.size outer{number}, . - outer{number}\n"
        )
    };
    caller_moves(&helper, "call retry")
}

/// `fa` uses what its file has; then it is in the other file.
fn caller_moves(local: &dyn Fn(u32) -> String, user: &str) -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (fa, fb) = (function("fa", user), function("fb", user));
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    for linker in LINKERS.into_iter().filter(|linker| have("caller_moves", &[linker])) {
        let make = |output: &Utf8Path, a: String, b: String| -> Result<()> {
            let a = assemble(&directory, "a", &a)?;
            let b = assemble(&directory, "b", &b)?;
            link(linker, output, &[&a, &b])
        };
        make(&before, format!("{}{fa}", local(1)), format!("{}{fb}", local(2)))?;
        // As it is, though another function was added.
        let added = function("added", "xor %eax, %eax");
        make(&after, format!("{added}{}{fa}", local(1)), format!("{}{fb}", local(2)))?;
        Said::of(&before, &after)?.exactly(&["function added added"]).context(linker)?;
        make(&after, local(1), format!("{}{fb}{fa}", local(2)))?;
        Said::of(&before, &after)?.any(&["function changed fa"]).context(linker)?;
    }
    Ok(())
}

/// Two constants of two objects are one for a linker that merges them, until one of them is another.
#[test]
fn constants_merged_by_the_linker() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    let source = |name: &str, number: u32| {
        format!(
            "{}\t.section .rodata.cst8, \"aM\", @progbits, 8\n\t.balign 8\n\t.globl k{name}\n\
             \t.type k{name}, @object\nk{name}:\t.quad {number}\n\t.size k{name}, 8\n",
            function(name, &format!("mov k{name}(%rip), %rax"))
        )
    };
    for linker in LINKERS.into_iter().filter(|linker| have("constants_merged", &[linker])) {
        for (output, number) in [(&before, 5), (&after, 6)] {
            let a = assemble(&directory, "a", &source("f", 5))?;
            let b = assemble(&directory, "b", &source("g", number))?;
            link(linker, output, &[&a, &b])?;
        }
        let said = Said::of(&before, &after)?;
        said.any(&["function changed g", "data changed kg"]).context(linker)?;
        let items = said.items();
        let others = ["function changed f", "data changed kf"];
        ensure!(!others.iter().any(|item| items.contains(*item)), "{linker}: {items:?}");
    }
    Ok(())
}

/// The same with constants that have no symbols.
#[test]
fn unnamed_constants_merged_by_the_linker() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    let source = |name: &str, number: u32| {
        format!(
            "{}\t.section .rodata.cst16, \"aM\", @progbits, 16\n\t.balign 16\n.Lk:\t.quad 1, {number}\n",
            function(name, "lea .Lk(%rip), %rdi\n\tcall use")
        )
    };
    for linker in LINKERS.into_iter().filter(|linker| have("constants_merged", &[linker])) {
        for (output, number) in [(&before, 5), (&after, 6)] {
            let a = assemble(&directory, "a", &source("f", 5))?;
            let b = assemble(&directory, "b", &source("g", number))?;
            link(linker, output, &[&a, &b])?;
        }
        Said::of(&before, &after)?.exactly(&["function changed g"]).context(linker)?;
    }
    Ok(())
}
