//! What a patch makes Kbuild compile, where no record says that the object is made from the file.

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err::os::unix::fs::symlink;
use klp_tests::kernel::Kernel;
use klp_tests::klp::{Outcome, run};
use klp_tests::report::Report;

/// Appends a function that returns `value` to a source file.
pub(crate) fn append(
    kernel: &Kernel,
    file: &str,
    before: &str,
    function: &str,
    value: &str,
) -> Result<()> {
    let path = kernel.source.join(file);
    let text = fs_err::read_to_string(&path)?;
    let function = format!(
        "\n{before}\nint {function}(void);\nint {function}(void)\n{{\n\treturn {value};\n}}\n"
    );
    Ok(fs_err::write(path, text + &function)?)
}

/// A patch that writes `new` in the place of what `file` is, or adds it.
pub(crate) fn patch(kernel: &Kernel, file: &str, new: &str) -> Result<Utf8PathBuf> {
    let path = kernel.directory.join("a.patch");
    let lines = |text: &str, sign: &str| -> String {
        text.lines().flat_map(|line| [sign, line, "\n"]).collect()
    };
    let old = fs_err::read_to_string(kernel.source.join(file)).ok();
    let (from, was) = old
        .as_ref()
        .map_or(("/dev/null".to_owned(), ""), |old| (format!("a/{file}"), old.as_str()));
    let count = |text: &str| match text.lines().count() {
        0 => "0,0".to_owned(),
        count => format!("1,{count}"),
    };
    let text = format!(
        "--- {from}\n+++ b/{file}\n@@ -{} +{} @@\n{}{}",
        count(was),
        count(new),
        lines(was, "-"),
        lines(new, "+")
    );
    fs_err::write(&path, text)?;
    Ok(path)
}

fn build(kernel: &Kernel, patch: &Utf8Path, status: i32) -> Result<(Vec<String>, Outcome)> {
    let outcome = run(kernel.build(["--no-module"])?.arg(patch))?.expect(status)?;
    let names = Report::lines(&outcome.stdout)?.names().into_iter().map(|(_, name)| name);
    Ok((names.collect(), outcome))
}

/// The patch changes exactly these functions.
pub(crate) fn expect(kernel: &Kernel, patch: &Utf8Path, wanted: &[&str]) -> Result<Outcome> {
    let (names, outcome) = build(kernel, patch, 0)?;
    ensure!(names == wanted, "{names:?} instead of {wanted:?}: {}", outcome.stderr);
    ensure!(!outcome.stdout.contains("not-compiled"), "{}", outcome.stdout);
    Ok(outcome)
}

#[test]
fn a_header_that_has_include_looks_for() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = "#if __has_include(\"errata/abi-2.h\")\n#include \"errata/abi-2.h\"\n#else\n#define ABI 1\n#endif";
    append(&kernel, "fs/proc.c", before, "abi", "ABI")?;
    expect(&kernel, &patch(&kernel, "fs/errata/abi-2.h", "#define ABI 2\n")?, &["abi"])?;
    Ok(())
}

/// It takes the place of a header that the build makes, and that no record names.
#[test]
fn a_configuration_among_the_sources() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = "#ifdef CONFIG_OF_A_PATCH\n#define IS_SET 1\n#else\n#define IS_SET 0\n#endif";
    append(&kernel, "kernel/stat.c", before, "is_set", "IS_SET")?;
    let text = "#include_next <generated/autoconf.h>\n#define CONFIG_OF_A_PATCH 1\n";
    expect(&kernel, &patch(&kernel, "include/generated/autoconf.h", text)?, &["is_set"])?;
    Ok(())
}

/// Records name these in quotes, or as two words.
#[test]
fn names_that_are_no_word_of_a_record() -> Result<()> {
    let kernel = Kernel::with_output()?;
    fs_err::write(kernel.source.join("kernel/qu'o.h"), "#define VALUE 1\n")?;
    fs_err::write(kernel.source.join("kernel/a=b.c"), "")?;
    append(&kernel, "kernel/stat.c", "#include \"qu'o.h\"", "odd", "VALUE")?;
    append(&kernel, "kernel/a=b.c", "", "even", "3")?;
    let makefile = kernel.source.join("kernel/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    fs_err::write(&makefile, text + "obj-y += a=b.o\n")?;
    let source = fs_err::read_to_string(kernel.source.join("kernel/a=b.c"))?;
    for (file, text, function) in [
        ("kernel/qu'o.h", "#define VALUE 2\n", "odd"),
        ("kernel/a=b.c", &source.replace("return 3", "return 4"), "even"),
    ] {
        expect(&kernel, &patch(&kernel, file, text)?, &[function])?;
    }
    Ok(())
}

#[test]
fn a_file_that_assembly_takes_in() -> Result<()> {
    let kernel = Kernel::with_output()?;
    fs_err::write(kernel.source.join("fs/blob.h"), "hello\n")?;
    let before = format!(
        "asm(\".section .rodata\\n.globl blob\\n.type blob, @object\\nblob: .incbin \\\"{}/fs/blob.h\\\"\\n\
         .size blob, . - blob\\n.previous\");\nextern const char blob[];",
        kernel.work().join("mirror")
    );
    append(&kernel, "fs/proc.c", &before, "first", "blob[0]")?;
    let (names, outcome) = build(&kernel, &patch(&kernel, "fs/blob.h", "hellO\n")?, 4)?;
    ensure!(names.is_empty() && outcome.stdout.contains("\"name\":\"blob\""), "{outcome:?}");
    Ok(())
}

/// What an assembler takes in, where another object's record has the file, and where the user edits it between two runs.
#[test]
fn what_assembly_takes_in_is_edited() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("kernel/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    let flags = "CFLAGS_taken.o := -Wa,-I$(srctree)/kernel\n";
    fs_err::write(&makefile, format!("{text}obj-y += taken.o included.o\n{flags}"))?;
    for (name, directive) in [("taken", ".include"), ("included", "#include")] {
        let source = format!(
            "\t.section .rodata\n\t.globl {name}\n\t.type {name}, @object\n{name}:\n{directive} \"values.inc\"\n\
             \t.size {name}, . - {name}\n\t.section .note.GNU-stack, \"\", @progbits\n"
        );
        fs_err::write(kernel.source.join(format!("kernel/{name}.S")), source)?;
    }
    let values = kernel.source.join("kernel/values.inc");
    fs_err::write(&values, "\t.long 1\n")?;
    let (one, two) = ("\t.long 1\n", "\t.long 2\n");
    let text = fs_err::read_to_string(kernel.source.join("mm/page.c"))?;
    let comment = || patch(&kernel, "mm/page.c", &format!("{text}/* nothing */\n"));
    let expect_both = |other: &str| -> Result<()> {
        let (_, outcome) = build(&kernel, &patch(&kernel, "kernel/values.inc", other)?, 4)?;
        let has = |name: &str| outcome.stdout.contains(&format!("\"name\":\"{name}\""));
        ensure!(has("taken") && has("included"), "{outcome:?}");
        Ok(())
    };
    build(&kernel, &comment()?, 3)?;
    expect_both(two)?;
    fs_err::write(&values, two)?;
    build(&kernel, &comment()?, 3)?;
    expect_both(one)
}

/// Nothing that a record says can be told then, so all is made.
#[test]
fn a_tree_whose_path_ends_words() -> Result<()> {
    let kernel = Kernel::with_odd_path()?;
    append(&kernel, "fs/proc.c", "", "odd", "3")?;
    let text = fs_err::read_to_string(kernel.source.join("fs/proc.c"))?;
    let four = patch(&kernel, "fs/proc.c", &text.replace("return 3", "return 4"))?;
    expect(&kernel, &four, &["odd"])?;
    let header = kernel.source.join("include/linux/load.h");
    let other = fs_err::read_to_string(&header)?.replace("1981", "1771");
    fs_err::write(&header, &other)?;
    expect(&kernel, &four, &["odd"])?;
    Ok(())
}

#[test]
fn what_a_link_leads_to() -> Result<()> {
    let kernel = Kernel::with_output()?;
    fs_err::write(kernel.source.join("fs/real.h"), "#define VALUE 1\n")?;
    symlink("real.h", kernel.source.join("fs/alias.h"))?;
    symlink("fs", kernel.source.join("other"))?;
    append(&kernel, "fs/proc.c", "#include \"alias.h\"", "through_file", "VALUE")?;
    append(&kernel, "kernel/stat.c", "#include \"../other/real.h\"", "through_directory", "VALUE")?;
    let patch = patch(&kernel, "fs/real.h", "#define VALUE 2\n")?;
    expect(&kernel, &patch, &["through_file", "through_directory"])?;
    Ok(())
}

#[test]
fn a_source_that_a_makefile_looks_for() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("mm/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    let objects = "obj-y += $(patsubst $(srctree)/mm/%.c,%.o,$(wildcard $(srctree)/mm/w_*.c))\n";
    let flags = "CFLAGS_page.o := -DLEVEL=$(shell cat $(srctree)/mm/level.*)\n";
    fs_err::write(&makefile, format!("{text}{objects}{flags}"))?;
    fs_err::write(kernel.source.join("mm/level.h"), "3\n")?;
    append(&kernel, "mm/page.c", "", "level", "LEVEL")?;
    let added = patch(&kernel, "mm/w_2.c", "int w2(void);\nint w2(void) { return 2; }\n")?;
    expect(&kernel, &added, &["w2"])?;
    expect(&kernel, &patch(&kernel, "mm/level.h", "4\n")?, &["level"])?;
    Ok(())
}

/// The kernel gets a header that takes the place of another, or is looked for, between two runs.
#[test]
fn a_header_that_the_user_adds() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = "#if __has_include(\"kx.h\")\n#include \"kx.h\"\n#else\n#define KX 1\n#endif";
    append(&kernel, "fs/proc.c", before, "kx", "KX")?;
    append(&kernel, "kernel/stat.c", "#include <linux/own.h>", "own", "OWN")?;
    fs_err::write(kernel.source.join("include/linux/own.h"), "#define OWN 1\n")?;
    let text = fs_err::read_to_string(kernel.source.join("mm/page.c"))?;
    let comment = patch(&kernel, "mm/page.c", &format!("{text}/* nothing */\n"))?;
    build(&kernel, &comment, 3)?;
    fs_err::write(kernel.source.join("fs/kx.h"), "#define KX 2\n")?;
    fs_err::create_dir_all(kernel.source.join("arch/x86/include/linux"))?;
    fs_err::write(kernel.source.join("arch/x86/include/linux/own.h"), "#define OWN 2\n")?;
    build(&kernel, &comment, 3)?;
    let text = fs_err::read_to_string(kernel.source.join("fs/proc.c"))?;
    let back = patch(&kernel, "fs/proc.c", &text.replace("return KX;", "return 1;"))?;
    expect(&kernel, &back, &["kx"])?;
    Ok(())
}

#[test]
fn an_object_of_another_module() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("fs/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    fs_err::write(&makefile, format!("{text}obj-y += ext.o\n"))?;
    let source = "#include <linux/export.h>\nint ext(void);\nint ext(void) { return 2; }\nEXPORT_SYMBOL(ext);\n";
    fs_err::write(kernel.source.join("fs/ext.c"), source)?;
    let patch = patch(&kernel, "fs/Makefile", &format!("{text}obj-m += ext.o\n"))?;
    let outcome = run(kernel.build(["--no-module"])?.arg(&patch))?;
    ensure!(outcome.stdout.contains("\"code\":\"linked\""), "{outcome:?}");
    ensure!(outcome.stdout.contains("linked into fs/ext instead of vmlinux"), "{outcome:?}");
    Ok(())
}

/// What the last link does with the objects is not compared, which is said.
#[test]
fn what_takes_part_in_the_last_link() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let script = "arch/x86/kernel/vmlinux.lds.S";
    let (_, outcome) = build(&kernel, &patch(&kernel, script, "SECTIONS { }\n")?, 3)?;
    ensure!(outcome.stdout.contains("\"code\":\"last-link\""), "{outcome:?}");
    ensure!(!outcome.stderr.contains("assembly"), "{outcome:?}");
    Ok(())
}

/// A header that is outside of the sources, and a variable that a Makefile uses, are others in the second run.
#[test]
fn what_is_outside_of_the_sources() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let directory = kernel.directory.join("outside");
    fs_err::create_dir(&directory)?;
    fs_err::write(directory.join("out.h"), "#define OUT 1\n")?;
    append(&kernel, "fs/proc.c", "#include <out.h>", "out", "OUT")?;
    append(&kernel, "kernel/stat.c", "#include <out.h>", "also", "OUT")?;
    let flags = kernel.source.join("scripts/Makefile.flags");
    let text = fs_err::read_to_string(&flags)?;
    let more = directory.join("flags");
    fs_err::write(&more, "")?;
    fs_err::write(
        &flags,
        text.replace(
            "KBUILD_CFLAGS := ",
            &format!("KBUILD_CFLAGS := $(MYFLAGS) $(shell cat {more}) $(KCFLAGS) "),
        ),
    )?;
    let text = fs_err::read_to_string(kernel.source.join("fs/proc.c"))?;
    let comment = patch(&kernel, "fs/proc.c", &format!("{text}/* nothing */\n"))?;
    let option = format!("KCFLAGS=-I{directory}");
    let with = |flags: &str| {
        let mut command = kernel.build(["--no-module", &option])?;
        run(command.arg(&comment).env("MYFLAGS", flags))
    };
    with("-O2")?.expect(3)?;
    let header = directory.join("out.h");
    fs_err::write(&header, "#define OUT 2\n")?;
    with("-O2")?.expect(3)?;
    // Of the same size and time.
    let time = fs_err::metadata(&header)?.modified()?;
    fs_err::write(&header, "#define OUT 3\n")?;
    fs_err::File::options().write(true).open(&header)?.set_modified(time)?;
    with("-O2")?.expect(3)?;
    let outcome = with("-fno-inline")?.expect(3)?;
    ensure!(outcome.stderr.contains("changed: MYFLAGS in the environment"), "{}", outcome.stderr);
    // A file that only the Makefile reads is in no record.
    fs_err::write(&more, "-O1")?;
    with("-fno-inline")?.expect_error(1, "made by another command", Some("the next run"))?;
    with("-fno-inline")?.expect(3)?;
    Ok(())
}

/// Make does not know what a script reads. The user's build may be of another environment, too, and is no start then.
#[test]
fn a_script_that_reads_the_environment() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let rules = kernel.source.join("scripts/Makefile.rules");
    let text = fs_err::read_to_string(&rules)?;
    let rule = "kernel/stat.o: include/generated/level.h\n\
        include/generated/level.h: $(src)scripts/level.sh\n\t@mkdir -p $(@D); sh $< > $@\n";
    fs_err::write(&rules, text + rule)?;
    let script = "echo \"#define LEVEL ${KLP_LEVEL:-0}\"\n";
    fs_err::write(kernel.source.join("scripts/level.sh"), script)?;
    append(&kernel, "kernel/stat.c", "#include <generated/level.h>", "level", "LEVEL")?;
    kernel.make(&["all"])?;
    let text = fs_err::read_to_string(kernel.source.join("kernel/stat.c"))?;
    let comment = patch(&kernel, "kernel/stat.c", &format!("{text}/* nothing */\n"))?;
    let header = kernel.work().join("build/include/generated/level.h");
    for (value, again) in [("0", false), ("0", false), ("1", true), ("1", false), ("2", true)] {
        let mut command = kernel.build(["--no-module"])?;
        let outcome = run(command.arg(&comment).env("KLP_LEVEL", value))?.expect(3)?;
        let why = "changed: KLP_LEVEL in the environment";
        ensure!(outcome.stderr.contains(why) == again, "{value}: {}", outcome.stderr);
        assert_eq!(fs_err::read_to_string(&header)?, format!("#define LEVEL {value}\n"));
    }
    Ok(())
}
