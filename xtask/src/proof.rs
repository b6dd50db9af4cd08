//! Proofs on real objects, by the programs of the test package.

use anyhow::Result;

use crate::process::{command, run};

/// Mutates each of `files`.
pub(crate) fn mutate(mutations: u32, files: &[String]) -> Result<()> {
    run(program("mutate").arg(mutations.to_string()).args(files))
}

/// Compares objects with what they are linked into.
pub(crate) fn linked(build: &str) -> Result<()> {
    run(program("linked").arg(build))
}

fn program(name: &str) -> std::process::Command {
    let mut cargo = command("cargo");
    cargo.args(["run", "--quiet", "--release", "--package", "klp-tests", "--bin", name, "--"]);
    cargo
}
