//! Where kernel people keep their trees: other directories, full disks, read-only sources, work trees.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{plain, run};
use klp_tests::report::{Report, expected};
use klp_tests::tools::{finish, have, skipped};

const PATCH: &str = "fix-one-function";

fn expect_right(kernel: &Kernel, arguments: &[&str]) -> Result<()> {
    let patch = example_patch(PATCH);
    let outcome = run(kernel.build(arguments)?.arg(&patch))?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    Ok(())
}

/// A file system of a few megabytes, unmounted when this goes.
struct SmallDisk(Utf8PathBuf);

impl SmallDisk {
    fn mount(at: &Utf8Path, size: &str) -> Option<Self> {
        fs_err::create_dir_all(at).ok()?;
        let options = format!("size={size}");
        let mut mount = plain("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs", at.as_str()]);
        finish(&mut mount).ok().map(|_| Self(at.to_owned()))
    }

    fn resize(&self, size: &str) -> Result<()> {
        let options = format!("remount,size={size}");
        finish(plain("mount").args(["-o", &options, self.0.as_str()])).map(drop)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = finish(plain("umount").args(["--lazy", self.0.as_str()]));
    }
}

/// A full disk stops a run with a hint, wherever it is met; with more room the next one is right.
#[test]
fn a_full_disk() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = kernel.snapshot()?;
    let Some(disk) = SmallDisk::mount(&kernel.directory.join("disk"), "64k") else {
        skipped("a full disk", "no file system can be mounted here");
        return Ok(());
    };
    let work = format!("--target-dir={}/work", disk.0);
    for size in ["64k", "128k", "256k", "384k", "512k"] {
        disk.resize(size)?;
        let outcome = run(kernel.build([&work])?.arg(example_patch(PATCH)))?;
        ensure!(matches!(outcome.status, Some(1 | 101)), "{size}: {outcome:?}");
        ensure!(outcome.stderr.contains("No space left"), "{size}: {}", outcome.stderr);
        before.expect(&kernel.snapshot()?)?;
    }
    disk.resize("64m")?;
    expect_right(&kernel, &[&work])?;
    // And when there is an original.
    let filler = disk.0.join("filler");
    ensure!(fs_err::write(&filler, vec![0; 64 << 20]).is_err(), "there is still room");
    let outcome = run(kernel.build([&work])?.arg(example_patch("change-inline")))?;
    ensure!(outcome.status != Some(0), "{outcome:?}");
    before.expect(&kernel.snapshot()?)?;
    fs_err::remove_file(&filler)?;
    expect_right(&kernel, &[&work])?;
    before.expect(&kernel.snapshot()?)
}

/// Make and compilers know directories without links and `..`, and so do their records of what was made from what.
#[test]
fn a_work_directory_by_another_name() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let real = kernel.directory.join("real");
    fs_err::create_dir(&real)?;
    let link = kernel.directory.join("link");
    std::os::unix::fs::symlink(&real, &link)?;
    expect_right(&kernel, &[&format!("--target-dir={link}/work")])?;
    expect_right(&kernel, &[&format!("--target-dir={real}/../real/other")])?;
    expect_right(&kernel, &[&format!("--target-dir={}/missing/../third", kernel.directory)])
}

/// Nothing can be written where the sources are.
#[test]
fn read_only_sources() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = kernel.snapshot()?;
    let bind = |options: &str| {
        let mut mount = plain("mount");
        mount.args(["-o", options, kernel.source.as_str(), kernel.source.as_str()]);
        finish(&mut mount)
    };
    if bind("bind").is_ok() {
        let _unmount = SmallDisk(kernel.source.clone());
        bind("remount,bind,ro")?;
        ensure!(fs_err::write(kernel.source.join("x"), "").is_err(), "it can be written");
        expect_right(&kernel, &[])?;
        expect_right(&kernel, &["--full-make"])?;
    } else {
        let mode = |mode| std::fs::Permissions::from_mode(mode);
        fs_err::set_permissions(&kernel.source, mode(0o555))?;
        let result = expect_right(&kernel, &[]);
        fs_err::set_permissions(&kernel.source, mode(0o755))?;
        result?;
    }
    before.expect(&kernel.snapshot()?)
}

/// Kbuild builds nothing below a directory with a space in its name. Sources there are no problem when
/// the work is done elsewhere, since make only sees the mirror.
#[test]
fn sources_with_a_space_in_their_path() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let source = kernel.directory.join("my linux");
    fs_err::rename(&kernel.source, &source)?;
    let patch = example_patch(PATCH);
    let run_in = |work: &Utf8Path| {
        let mut command = klp_tests::klp::klp(["build", "-j2", "--message-format", "json", "-C"])?;
        command.args([&source, Utf8Path::new("-O"), &kernel.output, Utf8Path::new("--target-dir")]);
        run(command.args([work, &patch]))
    };
    let outcome = run_in(&kernel.directory.join("work"))?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    run_in(&kernel.directory.join("my work"))?.expect_error(
        96,
        "Kbuild cannot build",
        Some("else"),
    )?;
    Ok(())
}

/// A linked work tree of git, built in place, and the user's objects between its files.
#[test]
fn a_work_tree_of_git() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let git = |directory: &Utf8Path, arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
        finish(plain("git").args(["-C", directory.as_str()]).args(identity).args(arguments))
    };
    if !have("a work tree of git", &["git"]) {
        return Ok(());
    }
    git(&kernel.source, &["init", "-q"])?;
    git(&kernel.source, &["add", "."])?;
    git(&kernel.source, &["commit", "-q", "-m", "kernel"])?;
    let tree = kernel.directory.join("tree");
    git(&kernel.source, &["worktree", "add", "-q", "-b", "work", tree.as_str()])?;
    ensure!(tree.join(".git").is_file(), "not a linked work tree");
    finish(plain("make").args(["-s", "-C", tree.as_str(), "defconfig"]))?;
    let patch = example_patch(PATCH);
    let mut command = klp_tests::klp::klp(["build", "-j2", "--message-format", "json", "-C"])?;
    let outcome = run(command.args([&tree, &patch]))?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    let status = finish(plain("git").args(["-C", tree.as_str(), "status", "--porcelain"]))?;
    ensure!(!status.contains(".c") && !status.contains(".klp"), "{status}");
    Ok(())
}
