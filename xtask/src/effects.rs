//! `cargo xtask qemu --klp-build`: modules of klp-build and ours, of the same patches, seen at work in QEMU.

use std::process::Command;

use anyhow::{Context as _, Result};
use camino::Utf8Path;

use crate::compare::Build;
use crate::kernel::{self, Compiler};
use crate::klp_build::KlpBuild;
use crate::{environment, process};

/// The cases that are about one patch and can share a guest. Callbacks of a livepatch that another replaces do
/// not run, so those that have some come last.
const CASES: [&str; 14] = [
    "string",
    "duplicate-static",
    "new-function",
    "static-local",
    "header-inline",
    "ext4",
    "warn",
    "exception",
    "static-key",
    "tracepoint",
    "alternative",
    "switch-table",
    "cold-path",
    "callbacks",
];

/// Makes both modules of each case whose name contains `filter`, and says what they do. Both builds of theirs
/// are those of `cargo xtask compare`, made with the flags that klp-build gives; klp-build does the rest. All
/// modules are loaded into the kernel that `cargo klp build` keeps as the original.
pub(crate) fn run(version: &str, filter: &str) -> Result<()> {
    KlpBuild::ensure_programs()?;
    let kernel = kernel::configured(version, Compiler::Gcc)?;
    let directory = environment::kernel_cache()?.join("klp-build").join(version);
    let reference = KlpBuild::ensure(&kernel, directory.join("linux"))?;
    let mut build = Build::ensure(version, false)?;
    reference.take_original(&build.original, &build.symvers())?;
    let modules = directory.join("modules");
    if modules.exists() {
        fs_err::remove_dir_all(&modules)?;
    }
    fs_err::create_dir_all(&modules)?;
    let cases: Vec<&str> = CASES.into_iter().filter(|name| name.contains(filter)).collect();
    for case in &cases {
        make(&reference, &mut build, case, &modules)?;
    }
    let mut cargo = Command::new(environment::cargo());
    cargo.current_dir(environment::root()).env("CARGO_KLP_QEMU", kernel.build);
    cargo.args(["run", "--quiet", "--package", "klp-tests", "--bin", "effects", "--"]);
    process::run(cargo.arg(modules).args(cases))
}

/// Has klp-build make its module of a case, with all that it says in `CASE.log`. That it makes none is a result.
fn make(reference: &KlpBuild, build: &mut Build, case: &str, modules: &Utf8Path) -> Result<()> {
    let patch = environment::root().join("tests/qemu/patches").join(case).with_extension("patch");
    let module = modules.join(format!("livepatch-{case}.ko"));
    println!("==> {module}");
    let patched = |directory: &Utf8Path| build.patched(&patch, directory).map(drop);
    let mut command = reference.module(&module, patched)?;
    let log = fs_err::File::create(modules.join(case).with_extension("log"))?.into_parts().0;
    let status = command.stdout(log.try_clone()?).stderr(log).status();
    println!("    {}", status.context("failed to run klp-build")?);
    Ok(())
}
