//! What cannot work is said before anything is built, once, and with what helps.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{klp, run};

const GOOD: &str = "fix-one-function";

fn good() -> String {
    example_patch(GOOD).into_string()
}

/// Nothing is mirrored or built for a patch that does not apply, or a module that cannot be written.
#[test]
fn before_anything_is_built() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let other =
        fs_err::read_to_string(example_patch(GOOD))?.replace("size_t n = min", "size_t n = max");
    let bad = kernel.directory.join("bad.patch");
    fs_err::write(&bad, other)?;
    let good = good();
    let nowhere = kernel.directory.join("nowhere/x.ko");
    for (arguments, message) in [
        (&[bad.as_str()][..], "does not apply"),
        (&["-o", nowhere.as_str(), &good], "failed to write"),
        (&["-o", kernel.directory.as_str(), &good], "failed to write"),
    ] {
        let outcome = run(&mut kernel.build(arguments)?)?.expect(1)?;
        ensure!(outcome.stderr.contains(message), "{}", outcome.stderr);
        ensure!(!outcome.stderr.contains("Building"), "{}", outcome.stderr);
        ensure!(!kernel.work().join("mirror").exists(), "{message}: something was made");
    }
    Ok(())
}

#[test]
fn true_messages_about_patches() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let good = good();
    let copy = kernel.directory.join("copy.patch");
    fs_err::copy(&good, &copy)?;
    for second in [good.as_str(), copy.as_str()] {
        run(&mut kernel.build([good.as_str(), second])?)?.expect_error(
            1,
            "makes the same changes as",
            Some("once"),
        )?;
    }
    // There and back and there again is no mistake.
    let there = kernel.write_patch(
        "there.patch",
        "kernel/stat.c",
        "#include <linux/sched.h>",
        "int there;",
    )?;
    let text = fs_err::read_to_string(&there)?;
    let back = kernel.directory.join("back.patch");
    let (old, new) = ("#include <linux/sched.h>", "int there;");
    let turned = text.replace(&format!("-{old}\n+{new}"), &format!("-{new}\n+{old}"));
    ensure!(turned != text, "{text}");
    fs_err::write(&back, turned)?;
    let arguments = [there.as_str(), back.as_str(), there.as_str(), back.as_str()];
    run(&mut kernel.build(arguments)?)?.expect(3)?;
    let directory = kernel.directory.join("directory.patch");
    fs_err::write(&directory, "--- a/fs\n+++ b/fs\n@@ -1 +1 @@\n-a\n+b\n")?;
    run(&mut kernel.build([&directory])?)?.expect_error(1, "`fs` is a directory", Some("-pN"))?;
    Ok(())
}

#[test]
fn numbers_of_jobs() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let build = |jobs: &str| -> Result<_> {
        let arguments = kernel.build_arguments().into_iter().filter(|argument| argument != "-j2");
        run(klp(arguments)?.args([jobs, &good()]))
    };
    let outcome = build("-j0")?.expect(2)?;
    ensure!(outcome.stderr.contains("no job at all"), "{}", outcome.stderr);
    let outcome = build("-j99999")?.expect(0)?;
    ensure!(outcome.stderr.contains("99999 jobs are too many"), "{}", outcome.stderr);
    Ok(())
}

/// The first error of many, and in the file that the user has.
#[test]
fn the_first_error() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let many: Vec<String> = (0..60).map(|number| format!("int x = missing_{number};")).collect();
    let text = many.join("\n");
    let path =
        kernel.write_patch("bad.patch", "kernel/stat.c", "#include <linux/sched.h>", &text)?;
    let outcome = run(&mut kernel.build([&path])?)?.expect(101)?;
    ensure!(outcome.stderr.contains("missing_0"), "{}", outcome.stderr);
    ensure!(!outcome.stderr.contains("missing_50"), "{}", outcome.stderr);
    let file = kernel.source.join("kernel/stat.c");
    ensure!(outcome.stderr.contains(file.as_str()), "{}", outcome.stderr);
    ensure!(!outcome.stderr.contains("/mirror/kernel"), "{}", outcome.stderr);
    Ok(())
}

/// A program of the build that is not there: what to install, and who tells the rest.
#[test]
fn a_missing_program() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("kernel/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    fs_err::write(
        &makefile,
        format!("{text}\n$(shell echo 'sh: 1: flex: not found' >&2)\n$(error stop)\n"),
    )?;
    run(&mut kernel.build([good()])?)?.expect_error(
        101,
        "failed",
        Some("install flex; `cargo klp doctor`"),
    )?;
    Ok(())
}

/// A stray file that nobody names.
#[test]
fn a_name_that_is_not_utf_8() -> Result<()> {
    for kernel in [Kernel::with_output()?, Kernel::in_tree()?] {
        let name = std::ffi::OsStr::from_bytes(b"stray-\xff.txt");
        fs_err::write(kernel.source.as_std_path().join(name), "x")?;
        fs_err::write(kernel.output.as_std_path().join(name), "x")?;
        kernel.make(&["vmlinux", "modules"])?;
        let outcome = run(&mut kernel.build([good()])?)?.expect(0)?;
        ensure!(
            outcome.stderr.contains("is left out: its name is not UTF-8"),
            "{}",
            outcome.stderr
        );
    }
    Ok(())
}

/// What is not compiled is said, with the option that it needs.
#[test]
fn not_compiled_here() -> Result<()> {
    let kernel = Kernel::with_output()?;
    fs_err::write(kernel.source.join("lib/never.c"), "int never(void)\n{\n\treturn 1;\n}\n")?;
    let makefile = kernel.source.join("lib/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    fs_err::write(&makefile, format!("{text}\nobj-$(CONFIG_NEVER) += never.o\n"))?;
    let path = kernel.write_patch("never.patch", "lib/never.c", "return 1", "return 2")?;
    let outcome = run(&mut kernel.build([&path])?)?.expect(3)?;
    let wanted = r#"{"reason":"note","object":"","name":"lib/never.c","code":"not-compiled","why":"not compiled here: CONFIG_NEVER is not set"}"#;
    ensure!(outcome.stdout.contains(wanted), "{}", outcome.stdout);
    let outcome = run(&mut kernel.build([path.as_str(), "--dry-run"])?)?.expect(0)?;
    ensure!(outcome.stdout.contains(r#""not-compiled":["lib/never.c"]"#), "{}", outcome.stdout);
    Ok(())
}

/// Files with one reason are told in one line, and what is of another processor is not told at all.
#[test]
fn files_that_are_not_compiled_here() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("lib/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    let lines = "obj-$(subst m,y,$(CONFIG_HYPERV)) += one.o two.o\nifdef CONFIG_UNICODE\nobj-y += three.o\nendif\n";
    fs_err::write(&makefile, format!("{text}\n{lines}"))?;
    let mut hunks = Vec::new();
    for path in [
        "lib/one.c",
        "lib/two.c",
        "lib/three.c",
        "arch/arm/boot/dts/board.dts",
        "arch/arm/boot/dts/board.dtsi",
        "arch/arm/boot/compressed/misc.c",
        "arch/arm/lib/memcpy.S",
        "arch/arm/kernel/vdso/time.c",
    ] {
        let directory = kernel.source.join(path);
        fs_err::create_dir_all(directory.parent().context("no parent")?)?;
        fs_err::write(kernel.source.join(path), "before\n")?;
        hunks.push(format!("--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-before\n+after\n"));
    }
    let patch = kernel.directory.join("files.patch");
    fs_err::write(&patch, hunks.concat())?;
    let (source, output) = (kernel.source.as_str(), kernel.output.as_str());
    let outcome =
        run(&mut klp(["build", "-C", source, "-O", output, patch.as_str()])?)?.expect(3)?;
    for line in [
        "warning: lib/one.c and lib/two.c are not compiled here: CONFIG_HYPERV is not set\n",
        "warning: lib/three.c is not compiled here: CONFIG_UNICODE is not set\n",
    ] {
        ensure!(outcome.stderr.contains(line), "{}", outcome.stderr);
    }
    assert_eq!(
        outcome.stdout,
        "note     lib/one.c, lib/two.c: not compiled here: CONFIG_HYPERV is not set\n\
         note     lib/three.c: not compiled here: CONFIG_UNICODE is not set\n"
    );
    Ok(())
}

/// Nobody knows what changes in code that is not compared: that is in the records, and no "nothing changed".
#[test]
fn what_starts_the_kernel() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let path = "arch/x86/boot/main.c";
    fs_err::create_dir_all(kernel.source.join("arch/x86/boot"))?;
    fs_err::write(kernel.source.join(path), "int start(void)\n{\n\treturn 1;\n}\n")?;
    let boot = kernel.write_patch("boot.patch", path, "return 1", "return 2")?;
    let outcome = run(&mut kernel.build([&boot])?)?.expect(4)?;
    let told = r#""name":"arch/x86/boot/main.c","code":"not-running","why":"it goes into what starts the kernel"#;
    ensure!(
        outcome.stdout.contains(&format!(r#"{{"reason":"refused","object":"",{told}"#)),
        "{outcome:#?}"
    );
    ensure!(!outcome.stdout.contains("not-compiled"), "{outcome:#?}");
    let outcome = run(&mut kernel.build([boot.as_str(), &good(), "--no-module"])?)?.expect(0)?;
    ensure!(
        outcome.stdout.contains(&format!(r#"{{"reason":"note","object":"",{told}"#)),
        "{outcome:#?}"
    );
    Ok(())
}

/// A file that the patch adds has no record yet.
#[test]
fn a_new_file_that_is_compiled() -> Result<()> {
    for object in ["fresh.o", "other.o"] {
        let kernel = Kernel::with_output()?;
        let makefile = fs_err::read_to_string(kernel.source.join("lib/Makefile"))?;
        let lines = makefile.lines().count();
        let marked = |sign: &str| -> String {
            makefile.lines().flat_map(|line| [sign, line, "\n"]).collect()
        };
        let (old, new) = (marked("-"), marked("+"));
        let path = kernel.directory.join("fresh.patch");
        let text = format!(
            "--- /dev/null\n+++ b/lib/fresh.c\n@@ -0,0 +1,2 @@\n+int fresh(void);\n+int fresh(void) {{ return 1; }}\n\
             --- /dev/null\n+++ b/lib/other.c\n@@ -0,0 +1,2 @@\n+int other(void);\n+int other(void) {{ return 1; }}\n\
             --- a/lib/Makefile\n+++ b/lib/Makefile\n@@ -1,{lines} +1,{} @@\n{old}{new}+obj-y += {object}\n",
            lines + 1
        );
        fs_err::write(&path, text)?;
        let outcome = run(&mut kernel.build([path.as_str(), "--no-module"])?)?.expect(0)?;
        for name in ["fresh", "other"] {
            let note = format!(r#""name":"lib/{name}.c","code":"not-compiled""#);
            let is_told = outcome.stdout.contains(&note);
            ensure!(is_told == (object != format!("{name}.o")), "{object}: {}", outcome.stdout);
        }
    }
    Ok(())
}

/// A table that a rule without a record reads.
#[test]
fn a_table_without_a_record() -> Result<()> {
    let kernel = Kernel::with_output()?;
    for (table, line) in
        [("lib/map.txt", "int mapped = 1;"), ("include/linux/map.h", "int mapped = 1;")]
    {
        fs_err::write(kernel.source.join(table), format!("{line}\n"))?;
        let makefile = kernel.source.join("lib/Makefile");
        let text = "obj-y := string.o extable.o mapped.o\n\
            lib/mapped.o: lib/mapped-table.c\n\
            lib/mapped-table.c: $(src)TABLE\n\t@cp $< $@\n"
            .replace("TABLE", table);
        fs_err::write(&makefile, text)?;
        fs_err::write(
            kernel.source.join("lib/mapped.c"),
            "#include \"../../build/lib/mapped-table.c\"\nint get_mapped(void) { return mapped; }\n",
        )?;
        let path = kernel.write_patch("map.patch", table, "mapped = 1", "mapped = 2")?;
        let outcome = run(&mut kernel.build([&path])?)?;
        ensure!(matches!(outcome.status, Some(0 | 4)), "{outcome:#?}");
        ensure!(outcome.stdout.contains("mapped"), "{outcome:#?}");
        ensure!(
            outcome.status != Some(4)
                || outcome.stderr.contains("refused: there is no livepatch module"),
            "{outcome:#?}"
        );
    }
    Ok(())
}

/// A tree that a Cargo manifest names, and which is not there.
#[test]
fn a_kernel_that_a_manifest_names() -> Result<()> {
    let (_guard, directory) = temporary()?;
    fs_err::create_dir_all(directory.join("src"))?;
    fs_err::write(directory.join("src/lib.rs"), "")?;
    fs_err::write(
        directory.join("Cargo.toml"),
        "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [package.metadata.klp]\nkernel = \"nowhere\"\n",
    )?;
    let outcome = run(klp(["build", &good()])?.current_dir(&directory))?;
    let manifest = format!("the kernel that {directory}/Cargo.toml names");
    outcome.expect_error(96, &manifest, Some("metadata.klp"))?;
    Ok(())
}

/// Root may write everywhere, so this is looked at only for others.
#[test]
fn a_directory_that_cannot_be_written() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        klp_tests::tools::skipped(
            "a_directory_that_cannot_be_written",
            "root may write everywhere",
        );
        return Ok(());
    }
    let kernel = Kernel::with_output()?;
    fs_err::set_permissions(&kernel.output, std::fs::Permissions::from_mode(0o555))?;
    let outcome = run(&mut kernel.build([good()])?)?;
    fs_err::set_permissions(&kernel.output, std::fs::Permissions::from_mode(0o755))?;
    outcome.expect_error(1, "", Some("--target-dir"))?;
    Ok(())
}

/// No image is made for a livepatch that is not there.
#[test]
fn a_trial_of_nothing() -> Result<()> {
    let kernel = Kernel::with_output()?;
    run(&mut kernel.build(["--no-module"])?)?.expect(0)?;
    let tree = ["try", "nosuch.ko", "-C", kernel.source.as_str(), "-O", kernel.output.as_str()];
    let outcome = run(&mut klp(tree)?)?.expect(1)?;
    ensure!(outcome.stderr.contains("failed to read nosuch.ko"), "{}", outcome.stderr);
    ensure!(!outcome.stderr.contains("Making"), "{}", outcome.stderr);
    Ok(())
}
