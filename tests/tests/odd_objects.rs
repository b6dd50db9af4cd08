//! What hardly any tool writes is not left out in silence: it is compared, or makes the object or its functions refused. The
//! digests have to see it without a second opinion: of checksum files there is none.

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::Manifest;
use klp_core::diff::compare;
use klp_core::manifest::ManifestObject;
use klp_tests::headers::{Elf, SH_LINK};
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, run};
use klp_tests::said::{Said, assemble, function};

/// Something is told of two objects, by their digests alone and with the proof.
fn is_told(before: &Utf8Path, after: &Utf8Path) -> Result<()> {
    let digested = |path: &Utf8Path| -> Result<Option<Manifest>> {
        let object = ManifestObject::of(&fs_err::read(path)?, "a.o", None);
        Ok(object.ok().map(|object| Manifest::from_iter([object])))
    };
    if let (Some(before), Some(after)) = (digested(before)?, digested(after)?) {
        let changes = compare(&before, &after);
        let found = changes.functions.len() + changes.data.len() + changes.refused.len();
        ensure!(found > 0, "the digests see nothing");
    }
    let said = Said::of(before, after)?;
    ensure!(said.status == Some(1) || !said.items().is_empty(), "nothing is said: {said:#?}");
    Ok(())
}

/// Assembles what `source` gives for both versions, changes both by `edit`, and expects that something is told.
fn odd(
    name: &str,
    source: impl Fn(&str) -> String,
    edit: impl Fn(&mut Elf) -> Result<()>,
) -> Result<()> {
    let (_guard, directory) = temporary()?;
    let make = |version: &str, said: &str| -> Result<Utf8PathBuf> {
        let object = assemble(&directory, version, &source(said))?;
        let mut elf = Elf::read(&object)?;
        edit(&mut elf)?;
        fs_err::write(&object, elf.bytes)?;
        Ok(object)
    };
    let (before, after) = (make("before", "one")?, make("after", "two")?);
    is_told(&before, &after).context(name.to_owned())
}

/// Types of symbols, strings and groups, and of LLVM's notes: what is loaded is there when the kernel runs all the same.
#[test]
fn loaded_under_a_type_of_tables() -> Result<()> {
    for kind in ["0x3", "0x11", "0x12", "0x6fff4c01", "0x6ffffff5"] {
        let data = |said: &str| format!("\t.section own, \"a\", @{kind}\n\t.quad {said}\n");
        odd(kind, data, |_| Ok(()))?;
        let code = |said: &str| {
            format!(
                "\t.section own, \"ax\", @{kind}\n\t.globl f\n\t.type f, @function\nf:\tcall {said}\n\
                 \t.size f, . - f\n"
            )
        };
        odd(kind, code, |_| Ok(()))?;
    }
    Ok(())
}

/// Tables of the kernel that are flagged as merged to say how large an entry is, or whose strings the linker gathers.
#[test]
fn gathered_entries() -> Result<()> {
    let of = |flags: &'static str, entry: &'static str| {
        move |said: &str| {
            let entry = entry.replace("SAID", said);
            format!("{}\t.section own_table, {flags}\n{entry}\n", function("f", "nop"))
        }
    };
    odd("references", of("\"aM\", @progbits, 8", "\t.quad SAID"), |_| Ok(()))?;
    odd("strings", of("\"aMS\", @progbits, 1", "\t.asciz \"none\", \"SAID\""), |_| Ok(()))?;
    odd("numbers", of("\"aM\", @progbits, 4", "\t.ascii \"SAID,SAID,\"\n\t.balign 4"), |_| Ok(()))
}

/// A flag of a macro's, which has no name of its own, in a section that is of a type which nobody knows in one version.
#[test]
fn unknown_type_of_what_has_no_name() -> Result<()> {
    odd(
        "flag",
        |said| {
            let kind = if said == "one" { "@progbits" } else { "@0x60001234" };
            format!(
                "{}\t.section .data..once, \"aw\", {kind}\n\t.type __already_done.4, @object\n\
                 __already_done.4:\t.byte 0\n\t.size __already_done.4, 1\n",
                function("f", "movb $1, .data..once(%rip)")
            )
        },
        |_| Ok(()),
    )
}

/// A pointer in front of a function, between zeros that look like padding.
#[test]
fn pointer_before_a_function() -> Result<()> {
    let source = |said: &str| {
        format!("{}\t.balign 16\n\t.quad {said}\n{}", function("f", "nop"), function("g", "nop"))
    };
    odd("pointer", source, |_| Ok(()))
}

/// Code with an entry of `__ex_table` and one of `.altinstructions`.
fn described(fixup: &str, feature: &str) -> String {
    format!(
        "{}\t.section __ex_table, \"a\"\n\t.long 1b - ., {fixup} - .\n\t.2byte 3, 0\n\
         \t.section .altinstructions, \"a\"\n\t.long 1b - ., 4f - .\n\t.2byte {feature}, 0\n\t.byte 3, 3\n\
         \t.section .altinstr_replacement, \"ax\"\n4:\tlfence\n",
        function("f", "1: mov (%rdi), %rax\n2:\tret\n3:\tcall two")
    )
}

/// A field of an entry that is a number in all kernels, and a symbol here.
#[test]
fn reference_in_a_number_of_an_entry() -> Result<()> {
    odd("feature", |said| described("2b", said), |_| Ok(()))
}

/// Of two relocations of one field, the last one counts.
#[test]
fn field_relocated_twice() -> Result<()> {
    let label = |said: &str| if said == "one" { "2b" } else { "3b" };
    let source = |said: &str| {
        format!("{}\t.section __ex_table\n\t.long {} - .\n", described("2b", "3"), label(said))
    };
    odd("fixup", source, |elf| elf.move_reloc(".rela__ex_table", 2, 4))
}

/// Two types of relocations that nobody knows.
#[test]
fn unknown_relocation_of_an_entry() -> Result<()> {
    for (section, number) in [(".rela__ex_table", 0), (".rela.altinstructions", 1)] {
        let (_guard, directory) = temporary()?;
        let make = |name: &str, kind: u32| -> Result<Utf8PathBuf> {
            let object = assemble(&directory, name, &described("2b", "3"))?;
            let mut elf = Elf::read(&object)?;
            elf.set_reloc_type(section, number, kind)?;
            fs_err::write(&object, elf.bytes)?;
            Ok(object)
        };
        is_told(&make("before", 32)?, &make("after", 33)?)?;
    }
    Ok(())
}

/// A function in a section that is not for code, about which entries are.
#[test]
fn entry_about_no_code() -> Result<()> {
    let source = |said: &str| {
        let fixup = if said == "one" { "2b" } else { "3b" };
        described(fixup, "3").replace("\t.text\n", "\t.section own, \"a\"\n")
    };
    odd("function", source, |_| Ok(()))
}

/// Room for patching is larger than any kernel has it.
#[test]
fn much_room_before_a_function() -> Result<()> {
    let source = |said: &str| {
        let listed =
            "\t.section __patchable_function_entries, \"awo\", @progbits, .text\n\t.quad 9b\n";
        let text = format!(
            "\t.text\n\t.balign 16\n9:\t.fill 100, 1, 0x90\n{}",
            function("f", "xor %eax, %eax")
        );
        format!("{text}{}", if said == "one" { "" } else { listed })
    };
    odd("room", source, |_| Ok(()))
}

fn refused(name: &str, text: &str, edit: impl Fn(&mut Elf) -> Result<()>, why: &str) -> Result<()> {
    let (_guard, directory) = temporary()?;
    let object = assemble(&directory, name, text)?;
    let mut elf = Elf::read(&object)?;
    edit(&mut elf)?;
    fs_err::write(&object, elf.bytes)?;
    let mut command = klp(["diff", "--no-cache", object.as_str(), object.as_str()])?;
    run(&mut command)?
        .expect_error(1, why, Some("run make again"))
        .map(drop)
        .context(name.to_owned())
}

/// Nothing could be said of what such relocations and symbols are about.
#[test]
fn outside_of_their_sections() -> Result<()> {
    let text = function("f", "call one");
    for offset in [6, 0x1000, u64::MAX] {
        let edit = |elf: &mut Elf| elf.move_reloc(".rela.text", 0, offset);
        refused("relocation", &text, edit, "behind its end")?;
    }
    let link = |elf: &mut Elf| {
        let header = elf.find(".rela.text").context("no relocations")?;
        elf.put(header + SH_LINK, &[1])
    };
    refused("symbols", &text, link, "which is not the symbol table")?;
    let symbol =
        format!("{text}\t.globl g\n\t.type g, @function\n\t.set g, f + 99\n\t.size g, 1\n");
    refused("symbol", &symbol, |_| Ok(()), "starts behind the end of its section")
}

/// Two names that are no text look the same in records.
#[test]
fn names_that_are_no_text() -> Result<()> {
    let edit = |elf: &mut Elf| {
        let name = b"\0f_name\0";
        let at = elf.bytes.windows(name.len()).position(|bytes| bytes == name);
        elf.put(at.context("no name")? + 1, &[0xff])
    };
    refused("name", &function("f_name", "nop"), edit, "is not UTF-8")
}
