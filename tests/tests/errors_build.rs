//! What can be wrong with a tree, a patch or a build: one clear error, a hint, the right exit status,
//! a tree as it was, no set of an earlier run, and a next run that works.

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::{Kernel, copy_mini_kernel, example_patch, temporary};
use klp_tests::klp::{Outcome, klp, run};
use klp_tests::report::{Report, expected};

const GOOD: &str = "fix-one-function";

/// A kernel with the results of an earlier run.
fn kernel() -> Result<Kernel> {
    let kernel = Kernel::with_output()?;
    expect_good(&kernel)?;
    Ok(kernel)
}

fn expect_good(kernel: &Kernel) -> Result<Outcome> {
    let patch = example_patch(GOOD);
    let outcome = run(&mut kernel.build([&patch])?)?.expect(0)?;
    let report = Report::lines(&outcome.stdout)?;
    assert_eq!(report.names(), expected(&patch)?);
    assert_eq!(report, Report::file(&kernel.changed_functions())?);
    Ok(outcome)
}

/// A run with `arguments` fails in that way and leaves everything as it was. Returns its outcome.
fn expect_error(
    kernel: &Kernel,
    arguments: &[&str],
    status: i32,
    message: &str,
    hint: Option<&str>,
) -> Result<Outcome> {
    let before = kernel.snapshot()?;
    let outcome = run(&mut kernel.build(arguments)?)?.expect_error(status, message, hint)?;
    before.expect(&kernel.snapshot()?)?;
    ensure!(!kernel.changed_functions().exists(), "a set was left behind");
    let next = expect_good(kernel)?;
    ensure!(!next.stderr.contains("Building original"), "{}", next.stderr);
    Ok(outcome)
}

fn patch(kernel: &Kernel, text: &str) -> Result<Utf8PathBuf> {
    let path = kernel.directory.join("bad.patch");
    fs_err::write(&path, text)?;
    Ok(path)
}

#[test]
fn patches() -> Result<()> {
    let kernel = kernel()?;
    let text = fs_err::read_to_string(example_patch(GOOD))?;
    let cut: String = text.lines().take(18).flat_map(|line| [line, "\n"]).collect();
    let outside = text.replace("fs/proc.c", "../proc.c");
    let absolute = text.replace("b/fs/proc.c", "/etc/passwd").replace("a/fs/proc.c", "/etc/passwd");
    let other = text.replace("size_t n = min", "size_t n = max");
    let no_file = text.replace("fs/proc.c", "fs/nothing.c");
    let cases: [(&str, &str, Option<&str>); 7] = [
        (&other, "does not apply to `fs/proc.c`", Some("rebase it")),
        (&outside, "leaves the source tree", None),
        (&absolute, "is an absolute name", Some("relative")),
        (&no_file, "no file `fs/nothing.c` to patch", Some("top of the tree")),
        (&cut, "bad.patch:", Some("damaged")),
        ("", "no changes in the patch", Some("unified diff")),
        ("only words\n", "no changes in the patch", Some("unified diff")),
    ];
    for (text, message, hint) in cases {
        let path = patch(&kernel, text)?;
        let outcome = expect_error(&kernel, &[path.as_str()], 1, message, hint)
            .with_context(|| message.to_owned())?;
        ensure!(outcome.stderr.contains("bad.patch"), "{}", outcome.stderr);
        // Behind a good one as well: nothing of the good one stays.
        let good = example_patch("static-key");
        expect_error(&kernel, &[good.as_str(), path.as_str()], 1, message, hint)
            .with_context(|| format!("behind another: {message}"))?;
    }
    Ok(())
}

#[test]
fn a_missing_patch() -> Result<()> {
    let kernel = kernel()?;
    expect_error(&kernel, &["no-such.patch"], 1, "no-such.patch", None)?;
    expect_error(&kernel, &["/"], 1, "`/`", None).map(drop)
}

/// It cannot be applied twice, and the tree is the original.
#[test]
fn an_applied_patch() -> Result<()> {
    let kernel = kernel()?;
    let patch = example_patch("static-key");
    let file = kernel.source.join("drivers/foo/core.c");
    let text = fs_err::read_to_string(&file)?;
    fs_err::write(&file, text.replace("unlikely(&sched_trace)", "unlikely(&sched_stats)"))?;
    run(&mut kernel.build([&patch])?)?.expect_error(
        1,
        "does not apply to `drivers/foo/core.c`",
        Some("already applied"),
    )?;
    ensure!(!kernel.changed_functions().exists());
    fs_err::write(&file, text)?;
    let outcome = run(&mut kernel.build([&patch])?)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    Ok(())
}

#[test]
fn a_patch_that_does_not_compile() -> Result<()> {
    let kernel = kernel()?;
    let path =
        kernel.write_patch("bad.patch", "kernel/stat.c", "#include <linux/sched.h>", "int int;")?;
    let outcome =
        expect_error(&kernel, &[path.as_str()], 101, "failed (exit status: 2)", Some(".log"))?;
    ensure!(
        outcome.stderr.contains("kernel/stat.c"),
        "no word of the compiler's: {}",
        outcome.stderr
    );
    ensure!(outcome.stderr.contains("error: `make kernel/stat.o` failed"), "{}", outcome.stderr);
    Ok(())
}

/// Compilers see other line numbers than people, who are told those of the patched file, with its text.
#[test]
fn a_line_that_does_not_compile() -> Result<()> {
    let kernel = kernel()?;
    let file = "fs/proc.c";
    let text = fs_err::read_to_string(kernel.source.join(file))?;
    let old = "line[n] = '\\0';";
    let at = text.lines().position(|line| line.contains(old)).context("no such line")?;
    let include = "#include <linux/export.h>";
    let more = format!("{include}\n/* one */\n/* two */");
    let top = kernel.write_patch("top", file, include, &more)?;
    let wrong = kernel.write_patch("wrong", file, old, "line[n] = nothing;")?;
    let hunks = fs_err::read_to_string(wrong)?;
    let hunk = hunks.lines().skip(2).flat_map(|line| [line, "\n"]).collect::<String>();
    let path = patch(&kernel, &(fs_err::read_to_string(top)? + &hunk))?;
    for more in [&[][..], &["--full-make"]] {
        let arguments = [&[path.as_str()][..], more].concat();
        let outcome =
            expect_error(&kernel, &arguments, 101, "failed (exit status: 2)", Some(".log"))?;
        // Two lines come before it, and lines are counted from 1.
        let line = format!("{file}:{}:", at.saturating_add(3));
        ensure!(outcome.stderr.contains(&line), "not {line}: {}", outcome.stderr);
        let shown = format!("{} |", at.saturating_add(3));
        let is_shown = |line: &str| line.contains(&shown) && line.contains("line[n] = nothing;");
        ensure!(outcome.stderr.lines().any(is_shown), "{}", outcome.stderr);
    }
    Ok(())
}

/// A patch that breaks a Makefile ends the build before it starts.
#[test]
fn a_patch_that_breaks_make() -> Result<()> {
    let kernel = kernel()?;
    let path = kernel.write_patch("bad.patch", "Makefile", "abs_srctree := ", "ifeq (")?;
    expect_error(&kernel, &[path.as_str()], 101, "failed (exit status: 2)", Some(".log")).map(drop)
}

/// The original does not compile; when it does again, everything is right.
#[test]
fn an_original_that_does_not_compile() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let file = kernel.source.join("kernel/stat.c");
    let text = fs_err::read_to_string(&file)?;
    fs_err::write(&file, "int int;\n")?;
    let before = kernel.snapshot()?;
    let outcome = run(&mut kernel.build([example_patch(GOOD)])?)?;
    outcome.expect_error(101, "failed (exit status: 2)", Some("original.log"))?;
    before.expect(&kernel.snapshot()?)?;
    ensure!(!kernel.changed_functions().exists());
    fs_err::write(&file, text)?;
    expect_good(&kernel).map(drop)
}

#[test]
fn a_compiler_that_is_not_there() -> Result<()> {
    let kernel = kernel()?;
    run(&mut kernel.build(["CC=no-such-compiler", example_patch(GOOD).as_str()])?)?.expect_error(
        1,
        "cannot run `no-such-compiler",
        Some("install"),
    )?;
    ensure!(!kernel.changed_functions().exists());
    expect_good(&kernel).map(drop)
}

#[test]
fn no_make() -> Result<()> {
    let kernel = Kernel::with_output()?;
    run(kernel.build([example_patch(GOOD)])?.env("MAKE", "no-such-make"))?.expect_error(
        1,
        "cannot run `no-such-make`",
        Some("install"),
    )?;
    expect_good(&kernel).map(drop)
}

#[test]
fn no_tree() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let patch = example_patch(GOOD);
    let build =
        |directory: &Utf8Path| run(&mut klp(["build", "-C", directory.as_str(), patch.as_str()])?);
    let hint = Some("run in a kernel tree or name one");
    build(&directory)?.expect_error(96, "no kernel source tree at", hint)?;
    build(&directory.join("nowhere"))?.expect_error(96, "no kernel source tree at", hint)?;
    build(&patch)?.expect_error(96, "no kernel source tree at", hint)?;
    fs_err::write(directory.join("Makefile"), "all:\n\ttrue\n")?;
    build(&directory)?.expect_error(96, "no kernel source tree at", hint)?;
    assert_eq!(fs_err::read_dir(&directory)?.count(), 1);
    Ok(())
}

#[test]
fn no_config() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let source = directory.join("linux");
    copy_mini_kernel(&source)?;
    let patch = example_patch(GOOD);
    let hint = Some("make defconfig");
    let arguments = ["build", "-C", source.as_str(), patch.as_str()];
    run(&mut klp(arguments)?)?.expect_error(96, "no kernel configuration at", hint)?;
    ensure!(!source.join(".klp/mirror").exists() && !source.join(".klp/build").exists());
    let output = directory.join("out");
    run(klp(arguments)?.args(["-O", output.as_str()]))?.expect_error(
        96,
        "no kernel configuration at",
        hint,
    )?;
    Ok(())
}

#[test]
fn a_damaged_config() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let config = kernel.output.join(".config");
    let text = fs_err::read_to_string(&config)?;
    fs_err::write(&config, format!("{text}<<<<<<< HEAD\n"))?;
    let outcome = run(&mut kernel.build([example_patch(GOOD)])?)?;
    outcome.expect_error(96, "is not a configuration line", Some("make olddefconfig"))?;
    fs_err::write(&config, text)?;
    expect_good(&kernel).map(drop)
}

/// Root may write everywhere, so a file in place of the directory has to do.
#[test]
fn nowhere_to_work() -> Result<()> {
    let kernel = Kernel::with_output()?;
    expect_good(&kernel)?;
    ensure!(kernel.changed_functions().exists());
    fs_err::remove_dir_all(kernel.work())?;
    fs_err::write(kernel.work(), "")?;
    let outcome = run(&mut kernel.build([example_patch(GOOD)])?)?;
    outcome.expect_error(1, "cannot use the work directory", None)?;
    ensure!(!kernel.changed_functions().exists());
    fs_err::remove_file(kernel.work())?;
    fs_err::create_dir_all(kernel.changed_functions())?;
    let outcome = run(&mut kernel.build([example_patch(GOOD)])?)?;
    outcome.expect_error(1, "changed-functions.json", None)?;
    fs_err::remove_dir(kernel.changed_functions())?;
    for name in ["with space", "a:b", "a'b", "a\"b", "a&b", "a;b", "a(b)"] {
        let target = format!("--target-dir={}/{name}", kernel.directory);
        let mut command = kernel.build([target.as_str(), example_patch(GOOD).as_str()])?;
        run(&mut command)?.expect_error(
            96,
            "in the name of a directory",
            Some("somewhere else"),
        )?;
        ensure!(!kernel.directory.join(name).exists(), "{name}");
    }
    expect_good(&kernel).map(drop)
}

/// Results and the work directory go where they are told to.
#[test]
fn another_target_directory() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let before = kernel.snapshot()?;
    let target = kernel.directory.join("target");
    let patch = example_patch(GOOD);
    run(&mut kernel.build(["--target-dir", target.as_str(), patch.as_str()])?)?.expect(0)?;
    assert_eq!(Report::file(&target.join("changed-functions.json"))?.names(), expected(&patch)?);
    ensure!(!kernel.work().exists() && !kernel.changed_functions().exists());
    before.expect(&kernel.snapshot()?)
}

/// A message names a patch as the person has typed it.
#[test]
fn a_patch_is_called_what_the_person_calls_it() -> Result<()> {
    let kernel = Kernel::with_output()?;
    fs_err::write(kernel.directory.join("empty.patch"), "no hunk at all\n")?;
    let typed = |name: &str| run(kernel.build([name])?.current_dir(&kernel.directory));
    typed("empty.patch")?.expect_error(1, "the patch `empty.patch`", Some("unified diff"))?;
    typed("absent.patch")?.expect_error(1, "`absent.patch`", None)?;
    Ok(())
}
