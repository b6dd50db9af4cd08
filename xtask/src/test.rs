//! `cargo xtask test`: what CI runs.

use std::process::Command;

use anyhow::Result;

use crate::kernel::{self, Compiler, packages};
use crate::{axe, demo, environment, process, proof, qemu, stock};

/// The kernel that the checks run on.
const KERNEL: &str = "6.1";

pub(crate) fn run(quick: bool, in_qemu: bool, allow_missing_tools: bool) -> Result<()> {
    tools()?;
    process::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    process::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut tests = cargo(&["test", "--workspace"]);
    if allow_missing_tools {
        tests.env("CARGO_KLP_ALLOW_MISSING_TOOLS", "1");
    }
    process::run(&mut tests)?;
    if quick {
        println!("real-kernel checks skipped (--quick)");
        return Ok(());
    }
    demo::real(KERNEL, false, Compiler::Gcc)?;
    let original = kernel::configured(KERNEL, Compiler::Gcc)?.build.join(".klp/build");
    proof::linked(original.as_str())?;
    stock::run(None, None, &[], 0)?;
    if in_qemu {
        return qemu::run(KERNEL, Compiler::Gcc.into(), &[]);
    }
    println!("200 loads, and the same bytes in another directory: skipped (ask with --qemu)");
    qemu::run_short(KERNEL, Compiler::Gcc)
}

/// What tests call. Where it cannot be had, the tests say what they lack.
pub(crate) fn tools() -> Result<()> {
    packages::ensure_for_tests()?;
    axe::ensure();
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    println!("==> cargo {}", arguments.join(" "));
    let mut cargo = Command::new(environment::cargo());
    cargo.args(arguments).current_dir(environment::root());
    cargo
}
