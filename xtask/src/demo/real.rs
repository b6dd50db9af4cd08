//! The demo on a real kernel, which is a test as well.

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::{CHANGED, UNCHANGED};
use crate::expected::{self, Report};
use crate::kernel::{self, Compiler, Kernel};
use crate::snapshot::{self, Snapshot};
use crate::{environment, klp};

/// In this order: one function, an inline function, a module, nothing.
const PATCHES: [&str; 4] = ["meminfo", "header-inline", "ext4", "only-lines"];

/// Takes the patches to a real kernel and checks what comes out.
pub(crate) fn real(version: &str) -> Result<()> {
    let patches = environment::root().join("xtask/kernel/patches").join(version);
    if !patches.is_dir() {
        bail!("there are no patches for Linux {version}: see xtask/kernel/patches");
    }
    let kernel = kernel::configured(version, Compiler::Gcc)?;
    let klp = klp::build(false)?;

    let (mut passed, mut failed) = (0, 0);
    for name in PATCHES {
        let patch = patches.join(name).with_extension("patch");
        println!("\n==> {version}/{name}.patch");
        let start = Instant::now();
        let problems = one(&klp, &kernel, &patch)?;
        let seconds = start.elapsed().as_secs_f64();
        for problem in &problems {
            println!("     {problem}");
        }
        if problems.is_empty() {
            passed += 1;
            println!("PASS {version}/{name}.patch ({seconds:.1} s)");
        } else {
            failed += 1;
            println!("FAIL {version}/{name}.patch ({seconds:.1} s)");
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("{failed} of {} checks on Linux {version} failed", PATCHES.len());
    }
    Ok(())
}

/// Takes one patch; what is wrong with the result is what this returns.
fn one(klp: &Utf8Path, kernel: &Kernel, patch: &Utf8PathBuf) -> Result<Vec<String>> {
    let touched = snapshot::patched_files(patch)?;
    let before = Snapshot::take(&kernel.source, &touched)?;
    let output = klp::build_command(klp, &kernel.source, &kernel.build, patch)
        .args(["--message-format", "json"])
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to run {klp}"))?;
    let after = Snapshot::take(&kernel.source, &touched)?;

    let expected = expected::expected(patch)?;
    let wanted = if expected.is_empty() { UNCHANGED } else { CHANGED };
    let mut problems = Vec::new();
    if output.status.code() != Some(wanted) {
        problems.push(format!("{}, expected exit status {wanted}", output.status));
    }
    match Report::parse(&String::from_utf8_lossy(&output.stdout)) {
        Ok(report) => problems.extend(check(&report, &expected)),
        Err(error) => problems.push(format!("{error:#}")),
    }
    let differences = before.differences(&after);
    for path in differences.iter().take(10) {
        problems.push(format!("the source tree was touched: {path}"));
    }
    if differences.is_empty() {
        println!("     source tree as it was: {} files and directories", after.len());
    }
    Ok(problems)
}

/// Prints what was found, and returns what should not, or should, have been.
fn check(report: &Report, expected: &[expected::Function]) -> Vec<String> {
    for (function, causes) in report.functions.iter().zip(&report.causes) {
        println!("     changed: {function} ({causes})");
    }
    if report.functions.is_empty() {
        println!("     changed: nothing");
    }
    if report.refused > 0 {
        println!("     refused: {}", report.refused);
    }
    let (missing, extra) = expected::compare(expected, &report.functions);
    let mut problems: Vec<String> = missing
        .iter()
        .map(|function| format!("not found: {function}"))
        .chain(extra.iter().map(|function| format!("found, but not changed: {function}")))
        .collect();
    if report.data > 0 {
        problems.push(format!("{} data objects found, but none changed", report.data));
    }
    problems
}
