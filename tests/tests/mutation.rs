//! No byte and no relocation of an object can change without a digest saying so.

use std::sync::Arc;

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::Kernel;
use klp_tests::matrix::{Case, Compiler, Tool, inputs};
use klp_tests::mutate::{Options, Report, run};
use klp_tests::tools::{compilers, skipped};

#[test]
fn every_mutation_of_the_mini_kernel_is_seen() -> Result<()> {
    for compiler in compilers("mutation::every_mutation_of_the_mini_kernel_is_seen") {
        let kernel = Kernel::with_output()?;
        kernel.make(&["all", if compiler == "gcc" { "CC=gcc" } else { "LLVM=-19" }])?;
        let mut report = Report::default();
        for object in ["vmlinux.o", "kernel/sched.o", "drivers/foo/foo.o"] {
            let bytes = fs_err::read(kernel.output.join(object))?;
            report.add(run(&bytes, Options { mutations: 2500, seed: 1 })?);
        }
        let tried: usize = report.scores.values().map(|score| score.tried).sum();
        ensure!(tried > 3000, "too few mutations mattered:\n{report}");
        ensure!(report.survivors.is_empty(), "{compiler}: survivors\n{report}");
        ensure!(report.strays.is_empty(), "{compiler}: strays\n{report}");
    }
    Ok(())
}

#[test]
fn every_mutation_of_rust_objects_is_seen() -> Result<()> {
    let Some(rustc) = Tool::find(Compiler::Rustc) else {
        skipped("mutation::every_mutation_of_rust_objects_is_seen", "there is no rustc");
        return Ok(());
    };
    let mut report = Report::default();
    for input in inputs(&Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix"))? {
        if input.compilers()? == [Compiler::Rustc] {
            let object = Case::new(Arc::clone(&input), rustc).original()?;
            report.add(run(&object, Options { mutations: 300, seed: 1 })?);
        }
    }
    let tried: usize = report.scores.values().map(|score| score.tried).sum();
    ensure!(tried > 2000, "too few mutations mattered:\n{report}");
    ensure!(report.survivors.is_empty(), "survivors\n{report}");
    ensure!(report.strays.is_empty(), "strays\n{report}");
    Ok(())
}
