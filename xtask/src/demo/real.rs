//! The demo on a real kernel, which is a test as well.

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::explanation;
use crate::expected::{self, Expected, Report};
use crate::kernel::{self, Compiler, Kernel};
use crate::klp;
use crate::snapshot::{self, Snapshot};

/// In this order: one function, an inline function, a module, nothing.
const PATCHES: [&str; 4] = ["meminfo", "header-inline", "ext4", "only-lines"];

const NO_MODULE: &str = "--no-module";

/// Takes patches to a kernel with Rust drivers and checks what comes out.
pub(crate) fn rust(version: &str) -> Result<()> {
    let patches = expected::patches(&format!("{version}-rust"))?;
    let (kernel, mut arguments) = kernel::configured_with_rust(version)?;
    // It has no livepatch.
    arguments.push(NO_MODULE.to_owned());
    let setup = Setup { kernel, arguments, thin_lto: false };
    each(&format!("{version}-rust"), &patches, &setup)
}

/// Takes these patches, or all, to a real kernel and checks what comes out.
pub(crate) fn real(version: &str, all: bool, compiler: Compiler) -> Result<()> {
    let mut patches = expected::patches(version)?;
    if !all {
        let order =
            |patch: &Utf8PathBuf| PATCHES.iter().position(|n| patch.file_stem() == Some(*n));
        patches.retain(|patch| order(patch).is_some());
        patches.sort_by_key(order);
    }
    let kernel = kernel::configured(version, compiler)?;
    let llvm = kernel::llvm().filter(|_| compiler.is_clang());
    let arguments = llvm.into_iter().map(|llvm| format!("LLVM={llvm}")).collect();
    let thin_lto = compiler == Compiler::ClangThinlto;
    each(version, &patches, &Setup { kernel, arguments, thin_lto })
}

/// A kernel that takes patches.
struct Setup {
    kernel: Kernel,
    /// For each `cargo klp build`.
    arguments: Vec<String>,
    thin_lto: bool,
}

fn each(version: &str, patches: &[Utf8PathBuf], setup: &Setup) -> Result<()> {
    let klp = klp::build(false)?;
    let (mut passed, mut failed) = (0, 0);
    for patch in patches {
        let name = patch.file_stem().unwrap_or_default();
        println!("\n==> {version}/{name}.patch");
        let start = Instant::now();
        let problems = one(&klp, setup, patch)?;
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
        bail!("{failed} of {} checks on Linux {version} failed", patches.len());
    }
    Ok(())
}

/// Takes one patch; what is wrong with the result is what this returns.
fn one(klp: &Utf8Path, setup: &Setup, patch: &Utf8PathBuf) -> Result<Vec<String>> {
    let Setup { kernel, arguments, thin_lto } = setup;
    let touched = snapshot::patched_files(patch)?;
    let before = Snapshot::take(&kernel.source, &touched)?;
    let output = klp::build_command(klp, &kernel.source, &kernel.build)
        .arg(patch)
        .args(["--message-format", "json"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to run {klp}"))?;
    let after = Snapshot::take(&kernel.source, &touched)?;

    let mut expected = Expected::read(patch, *thin_lto)?;
    if !arguments.iter().any(|argument| argument == NO_MODULE) {
        expected = expected.with_module();
    }
    let mut problems = Vec::new();
    if output.status.code() != Some(expected.exit) {
        problems.push(format!("{}, expected exit status {}", output.status, expected.exit));
    }
    let mut report = Report::default();
    match report.read(&String::from_utf8_lossy(&output.stdout)) {
        Ok(()) => problems.extend(check(&report, &expected)),
        Err(error) => problems.push(format!("{error:#}")),
    }
    problems.extend(explanation::check(klp, kernel, &expected.explanation)?);
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
fn check(report: &Report, expected: &Expected) -> Vec<String> {
    for (function, causes) in report.functions.iter().zip(&report.causes) {
        println!("     changed: {function} ({causes})");
    }
    if report.functions.is_empty() {
        println!("     changed: nothing");
    }
    for data in &report.data {
        println!("     data: {data}");
    }
    for refused in &report.refused {
        println!("     refused: {refused}");
    }
    let mut problems = Vec::new();
    for (expected, found) in
        [(&expected.functions, &report.functions), (&expected.data, &report.data)]
    {
        let (missing, extra) = expected::compare(expected, found);
        problems.extend(missing.iter().map(|item| format!("not found: {item}")));
        problems.extend(extra.iter().map(|item| format!("found, but not changed: {item}")));
    }
    if report.refused.len() != expected.refused {
        problems.push(format!("{} refused, expected {}", report.refused.len(), expected.refused));
    }
    problems
}
