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

/// Asks for tests that lack a tool to be skipped.
const ALLOWED: &str = "CARGO_KLP_ALLOW_MISSING_TOOLS";

/// Whether a test that lacks a tool may be skipped. Else it fails: nobody reads what was skipped in a test that passed.
#[must_use]
pub fn may_be_missing() -> bool {
    variable(ALLOWED).is_some()
}

/// Whether these programs are there.
///
/// # Panics
///
/// If one is not, and that was not allowed.
#[must_use]
pub fn have(test: &str, programs: &[&str]) -> bool {
    let is_here = |program: &&&str| plain(program).arg("--version").output().is_ok();
    let Some(program) = programs.iter().find(|program| !is_here(program)) else { return true };
    lacks(test, &format!("{program} is not installed"));
    false
}

/// A test lacks something, and is left out if that was allowed.
///
/// # Panics
///
/// If it was not.
pub fn lacks(test: &str, why: &str) {
    assert!(may_be_missing(), "{test}: {why}; set {ALLOWED}=1 to leave out what needs it");
    skipped(test, why);
}

/// The compilers to test with.
#[must_use]
pub fn compilers(test: &str) -> Vec<&'static str> {
    ["gcc", "clang-19"].into_iter().filter(|compiler| have(test, &[compiler])).collect()
}

/// Whether what a guest needs is there.
#[must_use]
pub fn have_for_guests(test: &str) -> bool {
    have(test, &["qemu-system-x86_64", "busybox", "gcc"])
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
