//! The program that explanations are read with.

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::temporary;
use klp_tests::klp::{binary, klp, plain, run};
use klp_tests::shells::{lines_left, terminal};
use klp_tests::tools::{skipped, tool};

/// Two objects that differ in one number.
fn objects(directory: &Utf8Path) -> Result<[Utf8PathBuf; 2]> {
    let [before, after] = ["before", "after"].map(|name| directory.join(format!("{name}.o")));
    for (object, number) in [(&before, 1000), (&after, 2000)] {
        let (source, text) =
            (directory.join("a.c"), format!("int f(int n) {{ return n + {number}; }}\n"));
        fs_err::write(&source, text)?;
        tool("gcc", ["-O2", "-c", source.as_str(), "-o", object.as_str()])?;
    }
    Ok([before, after])
}

/// What stands on a terminal after `explain` with these variables of the environment.
fn explained(directory: &Utf8Path, variables: &str) -> Result<String> {
    let [before, after] = objects(directory)?;
    let program = binary()?;
    let command =
        format!("{variables} {program} klp explain --original {before} --patched {after}");
    Ok(lines_left(&run(&mut terminal(&command))?.expect(0)?.stdout).join("\n"))
}

#[test]
fn what_is_explained_is_seen_with_any_pager() -> Result<()> {
    if !run(plain("script").arg("--version")).is_ok_and(|outcome| outcome.status == Some(0)) {
        skipped("pager", "script is not installed");
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let paged = explained(&directory, "PAGER='sed s/^/paged:/'")?;
    ensure!(paged.contains("paged:changed f"), "{paged}");
    // As git has it: its own pager comes first, and ours before that.
    let paged = explained(&directory, "GIT_PAGER='sed s/^/git:/' PAGER=false")?;
    ensure!(paged.contains("git:changed f"), "{paged}");
    let paged = explained(&directory, "CARGO_KLP_PAGER='sed s/^/own:/' GIT_PAGER=false")?;
    ensure!(paged.contains("own:changed f"), "{paged}");
    // One that is not there; Ctrl-C before the text is read; and those that are none.
    for pager in ["nowhere-to-be-found", "kill -INT $PPID; sleep 1; cat", "cat", ""] {
        let text = explained(&directory, &format!("PAGER='{pager}'"))?;
        ensure!(text.contains("changed f") && text.contains("0x3e8 → 0x7d0"), "{pager}: {text}");
    }
    Ok(())
}

#[test]
fn only_what_differs_has_a_colour() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let [before, after] = objects(&directory)?;
    let explain = ["explain", "--original", before.as_str(), "--patched", after.as_str()];
    for (columns, beside) in [("80", false), ("200", true)] {
        let mut command = klp(explain)?;
        let text = run(command.args(["--color", "always"]).env("COLUMNS", columns))?.expect(0)?;
        let text = text.stdout;
        ensure!(text.lines().any(|line| line.contains(" | ")) == beside, "{columns}: {text}");
        for (color, number) in [(31, "0x3e8"), (32, "0x7d0")] {
            let marked = format!("lea \u{1b}[0m\u{1b}[{color}m{number}\u{1b}[0m");
            let marked = [marked.clone(), marked.replace("lea \u{1b}[0m", "lea ")];
            ensure!(marked.iter().any(|it| text.contains(it.as_str())), "{columns}: {text:?}");
        }
    }
    Ok(())
}
