//! Revisions of a git tree that need not be checked out, and what is not committed yet.

use std::thread::sleep;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Result, ensure};
use camino::Utf8Path;
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

/// A git tree whose last commit is the kernel as it is.
fn committed() -> Result<Option<Kernel>> {
    let kernel = Kernel::with_output()?;
    if !have("revisions of a git tree", &["git"]) {
        return Ok(None);
    }
    git(&kernel, &["init", "-q"])?;
    git(&kernel, &["add", "-A"])?;
    git(&kernel, &["commit", "-q", "-m", "base"])?;
    Ok(Some(kernel))
}

fn edit(kernel: &Kernel, path: &str, from: &str, to: &str) -> Result<()> {
    let path = kernel.source.join(path);
    let text = fs_err::read_to_string(&path)?;
    ensure!(text.contains(from), "no {from} in {path}");
    // In place: the file stays the same one.
    Ok(fs_err::write(path, text.replacen(from, to, 1))?)
}

/// `git diff HEAD` sees an edit that keeps size and time of the file.
#[test]
fn an_edit_that_keeps_the_time() -> Result<()> {
    let Some(kernel) = committed()? else { return Ok(()) };
    let path = kernel.source.join("fs/proc.c");
    let time = fs_err::metadata(&path)?.modified()?;
    sleep(Duration::from_millis(1100));
    edit(&kernel, "fs/proc.c", "MemFree", "MemFrei")?;
    fs_err::OpenOptions::new().append(true).open(&path)?.set_modified(time)?;
    expect_worktree(&kernel)?;

    // Neither does an edit of the sources that were checked out for a run go unseen.
    let path = kernel.work().join("sources/fs/proc.c");
    let (text, time) = (fs_err::read_to_string(&path)?, fs_err::metadata(&path)?.modified()?);
    fs_err::write(&path, text.replacen("MemFree", "MemFrei", 1))?;
    fs_err::OpenOptions::new().append(true).open(&path)?.set_modified(time)?;
    expect_worktree(&kernel)
}

/// People tell git not to look at files that they edit; make does.
#[test]
fn an_edit_that_git_is_told_not_to_see() -> Result<()> {
    for mark in ["--assume-unchanged", "--skip-worktree"] {
        let Some(kernel) = committed()? else { return Ok(()) };
        git(&kernel, &["update-index", mark, "fs/proc.c"])?;
        edit(&kernel, "fs/proc.c", "MemFree", "MemFrei")?;
        expect_worktree(&kernel)?;
        // The index is the user's.
        ensure!(git(&kernel, &["diff", "HEAD"])?.is_empty(), "{mark}");
    }
    Ok(())
}

/// The work tree changes one function.
fn expect_worktree(kernel: &Kernel) -> Result<()> {
    expect_meminfo(&run(&mut kernel.build(["--worktree"])?)?.expect(0)?.stdout)
}

fn expect_meminfo(stdout: &str) -> Result<()> {
    let names = Report::lines(stdout)?.names();
    assert_eq!(names, [("fs/proc.o".to_owned(), "meminfo_read".to_owned())]);
    Ok(())
}

/// A filter can take an edit away before git compares.
#[test]
fn an_edit_that_a_filter_hides() -> Result<()> {
    let Some(kernel) = committed()? else { return Ok(()) };
    fs_err::write(kernel.source.join(".git/info/attributes"), "fs/proc.c filter=hide\n")?;
    git(&kernel, &["config", "filter.hide.clean", "sed s/MemFrei/MemFree/"])?;
    git(&kernel, &["config", "filter.hide.smudge", "cat"])?;
    edit(&kernel, "lib/string.c", "return end - s", "return s - end")?;
    run(&mut kernel.build(["--worktree"])?)?.expect(0)?;
    edit(&kernel, "fs/proc.c", "MemFree", "MemFrei")?;
    let outcome = run(&mut kernel.build(["--worktree"])?)?;
    let message = "git reads `fs/proc.c` through the attribute `filter`";
    outcome.expect_error(1, message, Some("name two revisions"))?;
    Ok(())
}

/// So does one that is made in the second in which the index was written, to a file of that second.
#[test]
fn an_edit_in_the_second_of_the_commit() -> Result<()> {
    let Some(kernel) = committed()? else { return Ok(()) };
    let path = kernel.source.join("fs/proc.c");
    let text = fs_err::read_to_string(&path)?;
    let time = |path: &Utf8Path| -> Result<_> {
        let time = fs_err::metadata(path)?.modified()?;
        Ok(time.duration_since(UNIX_EPOCH)?.as_secs())
    };
    // Until it is quick enough.
    for _ in 0..20 {
        fs_err::write(&path, &text)?;
        let begin = time(&path)?;
        git(&kernel, &["add", "-A"])?;
        edit(&kernel, "fs/proc.c", "MemFree", "MemFrei")?;
        if time(&path)? == begin {
            break;
        }
    }
    sleep(Duration::from_millis(1100));
    expect_worktree(&kernel)
}

/// Nothing is written to the user's repository, and what git does not track is told.
#[test]
fn files_that_git_does_not_track() -> Result<()> {
    let Some(kernel) = committed()? else { return Ok(()) };
    edit(
        &kernel,
        "fs/proc.c",
        "#define MAX_FILES 16",
        "#include \"new.h\"\n#define MAX_FILES NEW",
    )?;
    edit(&kernel, "fs/proc.c", "MemFree", "MemFrei")?;
    fs_err::write(kernel.source.join("fs/new.h"), "#define NEW 16\n")?;
    for name in ["notes.txt", "0001-fix.patch", "fs/old.o"] {
        fs_err::write(kernel.source.join(name), "")?;
    }
    let before = kernel.snapshot()?;
    let outcome = run(&mut kernel.build(["--worktree"])?)?.expect(101)?;
    let warning = "warning: fs/new.h is left out, as git does not track it: `git add -N` takes new files in\n";
    ensure!(outcome.stderr.contains(warning), "{}", outcome.stderr);
    before.expect(&kernel.snapshot()?)?;
    for name in ["mm/a.c", "mm/b.S", "mm/c.h"] {
        fs_err::write(kernel.source.join(name), "")?;
    }
    let outcome = run(&mut kernel.build(["--worktree"])?)?.expect(101)?;
    let warning =
        "warning: fs/new.h, mm/a.c, mm/b.S and 1 more are left out, as git does not track them";
    ensure!(outcome.stderr.contains(warning), "{}", outcome.stderr);
    for name in ["mm/a.c", "mm/b.S", "mm/c.h"] {
        fs_err::remove_file(kernel.source.join(name))?;
    }
    git(&kernel, &["add", "-N", "fs/new.h"])?;
    let outcome = run(&mut kernel.build(["--worktree"])?)?.expect(0)?;
    ensure!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    expect_meminfo(&outcome.stdout)
}

/// Links, binary files and submodules of a range are left out where nothing is made from them.
#[test]
fn what_is_no_text_in_a_range() -> Result<()> {
    let Some(kernel) = committed()? else { return Ok(()) };
    let commit = |from: &str, to: &str| -> Result<()> {
        edit(&kernel, "fs/proc.c", from, to)?;
        git(&kernel, &["add", "-A"])?;
        git(&kernel, &["commit", "-q", "-m", to]).map(drop)
    };
    let tests = kernel.source.join("tools/testing");
    fs_err::create_dir_all(&tests)?;
    fs_err::os::unix::fs::symlink("../../Kconfig", tests.join("link"))?;
    fs_err::write(tests.join("x.bin"), b"\0\x01")?;
    commit("MemFree", "MemFrei")?;
    let head = git(&kernel, &["rev-parse", "HEAD"])?;
    let submodule = format!("160000,{},tools/testing/sub", head.trim());
    fs_err::write(tests.join("x.bin"), b"\0\x02")?;
    git(&kernel, &["update-index", "--add", "--cacheinfo", &submodule])?;
    edit(&kernel, "fs/proc.c", "MemFrei", "MemFrey")?;
    git(&kernel, &["add", "fs", "tools/testing/x.bin"])?;
    git(&kernel, &["commit", "-q", "-m", "submodule"])?;
    // The link becomes a file, and the submodule goes.
    fs_err::remove_file(tests.join("link"))?;
    fs_err::write(tests.join("link"), "text\n")?;
    commit("MemFrey", "MemFrez")?;
    let left_out = [
        "link and tools/testing/x.bin are",
        "sub and tools/testing/x.bin are",
        "link and tools/testing/sub are",
    ];
    for (range, names) in ["HEAD~3..HEAD~2", "HEAD~2..HEAD~1", "HEAD~1..HEAD"].iter().zip(left_out)
    {
        let outcome = run(&mut kernel.build(["--rev", range])?)?.expect(0)?;
        let warning = format!("warning: tools/testing/{names} left out");
        ensure!(outcome.stderr.contains(&warning), "{}", outcome.stderr);
        expect_meminfo(&outcome.stdout)?;
    }
    // Elsewhere, something could be made from it.
    fs_err::write(kernel.source.join("fs/blob.bin"), b"\0")?;
    commit("MemFrez", "MemFres")?;
    run(&mut kernel.build(["--rev", "HEAD"])?)?.expect_error(
        1,
        "the binary change of `fs/blob.bin`",
        Some("git diff"),
    )?;
    fs_err::os::unix::fs::symlink("proc.c", kernel.source.join("fs/link.c"))?;
    commit("MemFres", "MemFree")?;
    run(&mut kernel.build(["--rev", "HEAD"])?)?
        .expect_error(1, "not `fs/link.c` of mode 120000", Some("git diff"))
        .map(drop)
}
