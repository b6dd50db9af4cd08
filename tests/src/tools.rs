//! Compilers and what else the tests call.

use std::io::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::klp::plain;

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the tests' one place that reads the environment")]
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Says that (a part of) a test did not run. Not captured, so that it is seen when all tests pass.
pub fn skipped(what: &str, why: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "skipped: {what}: {why}");
}

/// The compilers to test with: gcc always, clang where it is installed (CI has it).
#[must_use]
pub fn compilers(test: &str) -> Vec<&'static str> {
    let mut compilers = vec!["gcc"];
    if Command::new("clang-19").arg("--version").output().is_ok() {
        compilers.push("clang-19");
    } else {
        skipped(test, "with clang-19, which is not installed");
    }
    compilers
}

/// Which program that a guest needs is missing.
#[must_use]
pub fn missing_for_guests() -> Option<String> {
    let is_here = |program: &str| Command::new(program).arg("--help").output().is_ok();
    let missing = ["qemu-system-x86_64", "busybox", "gcc"].into_iter().find(|name| !is_here(name));
    missing.map(|program| format!("{program} is not installed"))
}

/// Runs a tool that must succeed, and returns what it printed.
pub fn tool<S: AsRef<std::ffi::OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String> {
    finish(plain(program).args(arguments))
}

/// Runs a command that must succeed, and returns what it printed.
pub fn finish(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("failed to run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The kernel's code generation, as far as one file shows it.
pub const CFLAGS: &[&str] = &[
    "-O2",
    "-ffreestanding",
    "-fno-PIE",
    "-mcmodel=kernel",
    "-mno-red-zone",
    "-mno-sse",
    "-mno-80387",
    "-fno-asynchronous-unwind-tables",
    "-fno-stack-protector",
    "-fcf-protection=none",
    "-fno-common",
];
