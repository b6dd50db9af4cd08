//! Proofs on real objects, by the programs of the test package.

use anyhow::Result;
use camino::Utf8Path;

use crate::environment;
use crate::process::{command, run};

/// Mutates each of `files`.
pub(crate) fn mutate(mutations: u32, files: &[String]) -> Result<()> {
    run(program("mutate").arg(mutations.to_string()).args(files))
}

/// Makes edits whose meaning is known: of `files`, or from templates.
pub(crate) fn semantic(mutations: u32, seed: u64, files: &[String]) -> Result<()> {
    run(program("semantic").args([mutations.to_string(), seed.to_string()]).args(files))
}

/// Compares objects with what they are linked into. The exceptions have to be those that `tests/linked`
/// lists, if there is a list for that kernel.
pub(crate) fn linked(build: &str) -> Result<()> {
    let release =
        fs_err::read_to_string(Utf8Path::new(build).join("include/config/kernel.release"))?;
    let version: Vec<&str> = release.split('.').take(2).collect();
    let list = environment::root().join("tests/linked").join(format!("{}.txt", version.join(".")));
    run(program("linked").arg(build).args(list.exists().then_some(list)))
}

fn program(name: &str) -> std::process::Command {
    let mut cargo = command("cargo");
    cargo.args(["run", "--quiet", "--release", "--package", "klp-tests", "--bin", name, "--"]);
    cargo
}
