//! The second opinion on what a patch takes away in one place and has in another.

use anyhow::Result;
use klp_core::attest::Fault;
use klp_tests::attested::Case;
use klp_tests::small::for_each_compiler;

use crate::attest::{expect, passes};

const KEEP: &str = "asm volatile(\"\" : \"+m\" (seq));";
const OTHER: &str = "int other(int n) { return n; }\n";

/// `show()` counts in a static variable of its own, and with the patch in a function of another object.
fn split(variable: &str, name: &str, module: &str) -> Case {
    let keep = KEEP.replace("seq", name);
    let helper = format!("int next(int n) {{ static {variable}; {keep} return {name} += n; }}\n");
    Case {
        before: format!(
            "int show(int n) {{ static int seq = 3; {KEEP} return (seq += n) * 3; }}\n"
        ),
        after: "int next(int n);\nint show(int n) { return next(n) * 3; }\n".to_owned(),
        other: Some((OTHER.to_owned(), format!("{helper}{OTHER}"))),
        // Under another name in the source, so that the compiler knows nothing of it in `show`.
        module: format!(
            "int next(int n);\nint show(int n) {{ return next(n) * 3; }}\n__attribute__((noinline)) int own(int n) asm(\"next\");\n{}",
            match module {
                "" => helper.replace("int next(", "int own("),
                declared => format!(
                    "{declared}\nint own(int n) {{ asm volatile(\"\" : \"+m\" ({name})); return {name} += n; }}\n"
                ),
            }
        ),
        functions: vec![("show", 0, "show")],
        said: (vec!["show"], vec![]),
        ..Case::default()
    }
}

#[test]
fn state_that_goes_with_its_function() -> Result<()> {
    let shared = |name: &'static str| {
        let mut case = split("int seq = 3", "seq", "extern int seq;");
        case.links = vec![("seq", name)];
        case
    };
    for_each_compiler("state_that_goes_with_its_function", |compiler| {
        let name = if compiler == "gcc" {
            ".klp.sym.vmlinux.seq.0,0"
        } else {
            ".klp.sym.vmlinux.show.seq,0"
        };
        let made = shared(name).make(compiler)?;
        passes(&made, &made.module)
    })?;
    let mut another = split("int seq = 4", "seq", "extern int seq;");
    another.links = vec![("seq", ".klp.sym.vmlinux.seq.0,0")];
    expect(
        "state_that_goes_with_its_function",
        &[
            ("the module has its own", split("int seq = 3", "seq", ""), Some(Fault::Identity)),
            ("with another value", split("int seq = 4", "seq", ""), Some(Fault::Renamed)),
            ("the kernel's, which has another value", another, Some(Fault::Reference)),
            ("with another name", split("int count = 3", "count", ""), Some(Fault::Renamed)),
        ],
    )
}

/// Operations in a constant by which objects are known.
fn known(name: &str, flags: u8, storage: &str) -> String {
    format!(
        "void exported(const char *text);\nstruct ops {{ void (*call)(const char *); long flags; }};\n\
         {storage} const struct ops {name} = {{ exported, {flags} }};\n"
    )
}

fn compares(name: &str) -> String {
    format!("int show(const void **n) {{ return *n == &{name} ? 1 : -1; }}\n")
}

#[test]
fn constants_under_another_name() -> Result<()> {
    let renamed = |flags: u8| Case {
        before: known("fops", 0, "static") + &compares("fops"),
        after: known("file_ops", flags, "static") + &compares("file_ops"),
        module: format!(
            "struct ops {{ void (*call)(const char *); long flags; }};\nextern const struct ops file_ops;\n{}",
            compares("file_ops")
        ),
        links: vec![("file_ops", ".klp.sym.vmlinux.fops,0")],
        functions: vec![("show", 0, "show")],
        said: (vec!["show"], vec![]),
        ..Case::default()
    };
    let moved = Case {
        after: format!("extern const struct ops fops;\n{}", compares("fops")),
        other: Some((OTHER.to_owned(), known("fops", 0, "") + OTHER)),
        module: format!("extern const struct ops fops;\n{}", compares("fops")),
        links: vec![("fops", ".klp.sym.vmlinux.fops,0")],
        ..renamed(0)
    };
    expect(
        "constants_under_another_name",
        &[
            ("with the same content", renamed(0), None),
            ("with another content", renamed(1), Some(Fault::Reference)),
            ("in another object", moved, None),
        ],
    )
}
