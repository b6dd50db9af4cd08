//! `cargo xtask qemu`: the cases of tests/qemu on a real kernel.

use std::process::Command;

use anyhow::Result;

use crate::kernel::{self, Compiler, Setup};
use crate::{environment, process};

/// What takes long without KVM, or builds the kernel a second time.
const LONG: [&str; 4] = ["--skip", "stress", "--skip", "same bytes"];

/// Runs the cases that take minutes.
pub(crate) fn run_short(version: &str, compiler: Compiler) -> Result<()> {
    run(version, compiler.into(), &LONG)
}

/// Runs the cases that `arguments` of the test program choose.
pub(crate) fn run(version: &str, setup: Setup, arguments: &[&str]) -> Result<()> {
    // What is not built yet is built by `cargo klp build` and by `cargo klp try`.
    let kernel = kernel::configured(version, setup)?;
    let llvm = kernel::llvm().filter(|_| setup.compiler.is_clang());
    let variable = llvm.map(|llvm| format!(",LLVM={llvm}")).unwrap_or_default();
    let entry = format!("{}{variable}", kernel.build);
    let mut cargo = Command::new(environment::cargo());
    cargo.current_dir(environment::root()).env("CARGO_KLP_QEMU", &entry);
    cargo.args(["test", "--package", "klp-tests", "--test", "qemu", "--"]);
    cargo.args(arguments);
    println!("==> CARGO_KLP_QEMU='{entry}' {}", process::show(&cargo));
    process::run(&mut cargo)
}
