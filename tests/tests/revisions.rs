//! Revisions of a git tree that need not be checked out, and what is not committed yet.

use anyhow::{Result, ensure};
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{plain, run};
use klp_tests::report::{Report, expected};
use klp_tests::tools::{finish, have};

fn git(kernel: &Kernel, arguments: &[&str]) -> Result<String> {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    let mut git = plain("git");
    finish(git.args(["-C", kernel.source.as_str()]).args(identity).args(arguments))
}

/// A git tree at its third commit, `fix` its second, with a change that is not committed.
fn tree(kernel: &Kernel) -> Result<bool> {
    if !have("revisions of a git tree", &["git"]) {
        return Ok(false);
    }
    git(kernel, &["init", "-q"])?;
    for (name, patch) in
        [("base", None), ("fix", Some("fix-one-function")), ("key", Some("static-key"))]
    {
        if let Some(patch) = patch {
            git(kernel, &["apply", example_patch(patch).as_str()])?;
        }
        git(kernel, &["add", "-A"])?;
        git(kernel, &["commit", "-q", "-m", name])?;
        git(kernel, &["tag", name])?;
    }
    git(kernel, &["apply", example_patch("change-inline").as_str()])?;
    Ok(true)
}

fn expect(kernel: &Kernel, arguments: &[&str], patch: &str) -> Result<String> {
    let outcome = run(&mut kernel.build(arguments)?)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&example_patch(patch))?);
    Ok(outcome.stderr)
}

#[test]
fn of_a_tree_that_is_elsewhere() -> Result<()> {
    let kernel = Kernel::with_output()?;
    if !tree(&kernel)? {
        return Ok(());
    }
    // A finished build of other sources is no start.
    kernel.make(&[])?;
    let before = kernel.snapshot()?;
    let said = expect(&kernel, &["--rev", "base..fix"], "fix-one-function")?;
    ensure!(said.contains("Checking out the sources of base"), "{said}");
    ensure!(said.contains("it was made from the sources in"), "{said}");
    let said = expect(&kernel, &["--rev", "key"], "static-key")?;
    ensure!(said.contains("Checking out the sources of key^"), "{said}");
    let said = expect(&kernel, &["--worktree"], "change-inline")?;
    ensure!(said.contains("Checking out the sources of HEAD"), "{said}");

    // A checkout that was killed is made again.
    let sources = kernel.work().join("sources");
    fs_err::write(sources.join("fs/proc.c"), "cut")?;
    fs_err::write(sources.join("stray.c"), "")?;
    fs_err::write(kernel.work().join("sources.partial"), "")?;
    expect(&kernel, &["--rev", "base..fix"], "fix-one-function")?;
    ensure!(!sources.join("stray.c").exists());

    let outcome = run(kernel.build(["--rev", "fix..base"])?.arg(example_patch("static-key")))?;
    let functions = Report::lines(&outcome.expect(0)?.stdout)?.functions.len();
    ensure!(functions > 1, "{functions} functions of two patches");
    before.expect(&kernel.snapshot()?)
}

/// Where the tree is at the first revision, its own files are built from.
#[test]
fn of_a_tree_that_is_there() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    if !tree(&kernel)? {
        return Ok(());
    }
    git(&kernel, &["stash", "-q"])?;
    git(&kernel, &["checkout", "-q", "base"])?;
    let said = expect(&kernel, &["--rev", "base..fix"], "fix-one-function")?;
    ensure!(!said.contains("Checking out"), "{said}");
    run(&mut kernel.build(["--worktree"])?)?.expect_error(1, "no changes", None)?;
    git(&kernel, &["apply", example_patch("change-inline").as_str()])?;
    let before = kernel.snapshot()?;
    expect(&kernel, &["--worktree"], "change-inline")?;
    before.expect(&kernel.snapshot()?)
}
