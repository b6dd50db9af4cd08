//! The program that explanations are read with.

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::temporary;
use klp_tests::klp::{binary, plain, run};
use klp_tests::shells::{lines_left, terminal};
use klp_tests::tools::{skipped, tool};

/// What stands on a terminal after `explain` with that pager.
fn explained(directory: &Utf8Path, pager: &str) -> Result<String> {
    let [before, after] = ["before", "after"].map(|name| directory.join(format!("{name}.o")));
    for (object, number) in [(&before, 1000), (&after, 2000)] {
        let (source, text) =
            (directory.join("a.c"), format!("int f(int n) {{ return n + {number}; }}\n"));
        fs_err::write(&source, text)?;
        tool("gcc", ["-O2", "-c", source.as_str(), "-o", object.as_str()])?;
    }
    let program = binary()?;
    let command =
        format!("PAGER='{pager}' {program} klp explain --original {before} --patched {after}");
    Ok(lines_left(&run(&mut terminal(&command))?.expect(0)?.stdout).join("\n"))
}

#[test]
fn what_is_explained_is_seen_with_any_pager() -> Result<()> {
    if !run(plain("script").arg("--version")).is_ok_and(|outcome| outcome.status == Some(0)) {
        skipped("pager", "script is not installed");
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let paged = explained(&directory, "sed s/^/paged:/")?;
    ensure!(paged.contains("paged:changed f"), "{paged}");
    // One that is not there; Ctrl-C before the text is read; and those that are none.
    for pager in ["nowhere-to-be-found", "kill -INT $PPID; sleep 1; cat", "cat", ""] {
        let text = explained(&directory, pager)?;
        ensure!(text.contains("changed f") && text.contains("0x3e8 → 0x7d0"), "{pager}: {text}");
    }
    Ok(())
}
