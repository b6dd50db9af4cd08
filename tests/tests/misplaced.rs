//! Directories and pipes where files are expected: nothing waits for ever, and what is kept is made again.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{klp, run};
use klp_tests::report::{Report, expected};
use klp_tests::tools::tool;

const GOOD: &str = "fix-one-function";

fn expect_right(kernel: &Kernel) -> Result<()> {
    let patch = example_patch(GOOD);
    let outcome = run(&mut kernel.build([&patch])?)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    Ok(())
}

/// Puts a directory or a pipe where `path` is.
fn misplace(path: &Utf8Path, is_pipe: bool) -> Result<()> {
    if path.is_dir() {
        fs_err::remove_dir_all(path)?;
    } else if path.exists() {
        fs_err::remove_file(path)?;
    }
    if is_pipe {
        tool("mkfifo", [path])?;
    } else {
        fs_err::create_dir_all(path.join("inner"))?;
    }
    Ok(())
}

#[test]
fn in_the_place_of_what_is_kept() -> Result<()> {
    let kernel = Kernel::with_output()?;
    expect_right(&kernel)?;
    let names = [
        "original/objects.list",
        "original/checksums.kept",
        "build/fs/proc.o",
        "mirror.stamps",
        "lock",
        ".gitignore",
        "running",
        "patched",
    ];
    for (name, is_pipe) in names.iter().flat_map(|name| [(name, false), (name, true)]) {
        let path = kernel.work().join(name);
        misplace(&path, is_pipe)?;
        expect_right(&kernel).with_context(|| format!("{name} {is_pipe}"))?;
    }
    for (name, is_pipe) in [("lock", false), ("lock", true), ("running", true)] {
        misplace(&kernel.work().join(name), is_pipe)?;
        let tree = ["clean", "-C", kernel.source.as_str(), "-O", kernel.output.as_str()];
        run(&mut klp(tree)?)?.expect(0)?;
        ensure!(!kernel.work().exists(), "{name} is left");
        expect_right(&kernel)?;
    }
    Ok(())
}

/// What a killed run left and somebody wrote to: the error names the way out.
#[test]
fn journals_that_are_damaged() -> Result<()> {
    let kernel = Kernel::with_output()?;
    expect_right(&kernel)?;
    for name in ["mirror.journal", "build.journal"] {
        fs_err::write(kernel.work().join(name), "../../x\n")?;
        let outcome = run(&mut kernel.build([example_patch(GOOD)])?)?;
        outcome.expect_error(1, "is damaged", Some("cargo klp clean"))?;
        fs_err::remove_file(kernel.work().join(name))?;
    }
    Ok(())
}

#[test]
fn objects_that_are_no_files() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (object, pipe) = (directory.join("a.o"), directory.join("pipe"));
    fs_err::write(directory.join("a.c"), "int f(int n) { return n + 1; }\n")?;
    tool("gcc", ["-c", directory.join("a.c").as_str(), "-o", object.as_str()])?;
    tool("mkfifo", [&pipe])?;
    for name in ["/dev/zero", pipe.as_str()] {
        for arguments in [
            &["checksum", name][..],
            &["checksum", object.as_str(), name],
            &["diff", name, object.as_str()],
            &["diff", object.as_str(), name],
            &["explain", "--original", object.as_str(), "--patched", name],
            &["inlined", "f", "--object", name],
        ] {
            let outcome = run(&mut klp(arguments)?)?;
            outcome
                .expect_error(1, "is not a regular file", Some("to a file"))
                .with_context(|| format!("{arguments:?}"))?;
        }
    }
    Ok(())
}

/// Only patches are read from standard input.
#[test]
fn a_dash_is_no_object() -> Result<()> {
    for arguments in [
        &["checksum", "-"][..],
        &["diff", "-", "/dev/null"],
        &["explain", "--original", "-", "--patched", "-"],
    ] {
        let outcome = run(&mut klp(arguments)?)?;
        outcome.expect_error(1, "failed to read -", Some("only patches are read"))?;
    }
    let kernel = Kernel::with_output()?;
    let hint = Some("only patches are read");
    run(&mut kernel.build(["--allowlist", "-"])?)?.expect_error(1, "failed to read", hint)?;
    let tree = ["check", "-C", kernel.source.as_str(), "-O", kernel.output.as_str(), "-"];
    run(&mut klp(tree)?)?.expect_error(1, "failed to read -", hint)?;
    Ok(())
}
