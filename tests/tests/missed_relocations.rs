//! Relocations and sections that no compiler here writes.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::headers::{Elf, SH_INFO};
use klp_tests::kernel::temporary;
use klp_tests::said::{Said, assemble, function, function_there};
use klp_tests::tools::finish;
use klp_tests::tools::have;

/// Two calls, the second one of `callee`.
fn calls(callee: &str) -> String {
    calls_of(["one", callee])
}

fn calls_of([first, second]: [&str; 2]) -> String {
    function("f", &format!("call {first}\n\tcall {second}"))
}

/// The relocations of one section stand in two sections: those of neither are left out.
#[test]
fn two_relocation_sections() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let make = |name: &str, callees: [&str; 2]| -> Result<Utf8PathBuf> {
        let object = assemble(&directory, name, &calls_of(callees))?;
        let split = Elf::read(&object)?.split(".rela.text")?;
        fs_err::write(&object, split)?;
        Ok(object)
    };
    let before = make("before", ["one", "two"])?;
    for callees in [["one", "three"], ["three", "two"]] {
        let after = make("after", callees)?;
        Said::of(&before, &after)?.any_or_refused(&["function changed f"])?;
    }
    // The same relocations in one section mean the same.
    let whole = assemble(&directory, "whole", &calls("two"))?;
    let said = Said::of(&whole, &before)?;
    if said.status == Some(0) && said.items().iter().all(|item| !item.starts_with("refused ")) {
        said.exactly(&[])?;
    }
    Ok(())
}

/// The relocations of data stand in two sections.
#[test]
fn two_relocation_sections_of_data() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let make = |name: &str, targets: &str| -> Result<Utf8PathBuf> {
        let text = format!(
            "\t.data\n\t.balign 8\n\t.globl table\n\t.type table, @object\n\
             table:\t.quad {targets}\n\t.size table, 16\n"
        );
        let object = assemble(&directory, name, &text)?;
        let split = Elf::read(&object)?.split(".rela.data")?;
        fs_err::write(&object, split)?;
        Ok(object)
    };
    let before = make("before", "one, two")?;
    for targets in ["one, three", "three, two"] {
        let after = make("after", targets)?;
        Said::of(&before, &after)?.any_or_refused(&["data changed table"])?;
    }
    Ok(())
}

/// Relocations in the compact form that Clang can write.
#[test]
fn compact_relocations() -> Result<()> {
    if !have("compact_relocations", &["clang-19"]) {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let make = |name: &str, callee: &str| -> Result<Utf8PathBuf> {
        let (source, object) =
            (directory.join(format!("{name}.s")), directory.join(format!("{name}.o")));
        fs_err::write(&source, calls(callee))?;
        let flags = ["-c", "-Wa,--crel,--allow-experimental-crel"];
        let mut command = Command::new("clang-19");
        finish(command.args(flags).args([source.as_str(), "-o", object.as_str()]))?;
        ensure!(Elf::read(&object)?.find(".crel.text").is_some(), "it wrote none");
        Ok(object)
    };
    let (before, after) = (make("before", "two")?, make("after", "three")?);
    Said::of(&before, &after)?.any_or_refused(&["function changed f"])
}

/// A section of relocations that does not say for which section they are.
#[test]
fn relocations_for_no_section() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let make = |name: &str, callee: &str| -> Result<Utf8PathBuf> {
        let object = assemble(&directory, name, &calls(callee))?;
        let mut elf = Elf::read(&object)?;
        let header = elf.find(".rela.text").context("no relocations")?;
        elf.put(header + SH_INFO, &[0; 4])?;
        fs_err::write(&object, elf.bytes)?;
        Ok(object)
    };
    let (before, after) = (make("before", "two")?, make("after", "three")?);
    Said::of(&before, &after)?.any_or_refused(&["function changed f"])
}

/// What it is, its source, of which a number is another in the patched version, and what to find.
type Shape<'a> = (&'a str, &'a dyn Fn(u32) -> String, &'a [&'a str]);

/// Sections of a type that we do not know, with code, with data and with a table that no symbol is in.
#[test]
fn unknown_section_type() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let cases: [Shape<'_>; 8] = [
        (
            "code",
            &|number| {
                format!(
                    "\t.section .text.own, \"ax\", @0x60000004\n\t.globl f\n{}",
                    function_there("f", &format!("mov ${number}, %eax\n\tret"))
                )
            },
            &["function changed f", "data changed .text.own"],
        ),
        (
            "calls",
            &|number| {
                format!(
                    "\t.section .text.own, \"ax\", @0x60000004\n\t.globl f\n{}",
                    function_there("f", &format!("call callee{number}\n\tret"))
                )
            },
            &["function changed f", "data changed .text.own"],
        ),
        (
            "pointers",
            &|number| {
                format!(
                    "\t.section .own, \"aw\", @0x60000004\n\t.balign 8\n\t.globl table\n\
                     \t.type table, @object\ntable:\t.quad callee{number}\n\t.size table, 8\n"
                )
            },
            &["data changed table", "data changed .own"],
        ),
        (
            "constant",
            &|number| {
                format!(
                    "{}\t.section .own, \"a\", @0x60000004\n\t.balign 8\n.Lk:\t.quad 1, {number}\n",
                    function("f", "mov .Lk(, %rdi, 8), %rax")
                )
            },
            &["function changed f", "data changed .own"],
        ),
        (
            "data",
            &|number| {
                format!(
                    "\t.section .own, \"aw\", @0x60000004\n\t.balign 8\n\t.globl table\n\
                     \t.type table, @object\ntable:\t.quad {number}\n\t.size table, 8\n"
                )
            },
            &["data changed table", "data changed .own"],
        ),
        (
            "entries",
            &|number| {
                format!(
                    "{}\t.section __ex_table, \"a\", @0x60000004\n\t.balign 4\n\
                     \t.long 1b - ., {number}b - ., 3\n",
                    function(
                        "f",
                        "1: mov (%rdi), %rax\n\tret\n5:\tmov $5, %eax\n\tret\n6:\tmov $6, %eax"
                    )
                )
            },
            &["function changed f", "data changed __ex_table"],
        ),
        (
            "callees",
            &|number| {
                format!(
                    "{}\t.section .text.own, \"ax\", @0x60000004\n{}{}",
                    function("f", &format!("call h{number}")),
                    function_there("h5", "mov $1, %eax\n\tret"),
                    function_there("h6", "mov $2, %eax\n\tret")
                )
            },
            &["function changed f"],
        ),
        (
            "unnamed",
            &|number| format!("\t.section .own, \"a\", @0x60000004\n\t.quad {number}\n"),
            &["data changed .own", "data added .own"],
        ),
    ];
    for (name, source, wanted) in cases {
        let before = assemble(&directory, "before", &source(5))?;
        let after = assemble(&directory, "after", &source(6))?;
        Said::of(&before, &after)?.any_or_refused(wanted).context(name)?;
    }
    Ok(())
}
