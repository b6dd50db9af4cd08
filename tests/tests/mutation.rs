//! No byte and no relocation of an object can change without a digest saying so.

use std::sync::Arc;

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::Kernel;
use klp_tests::matrix::{Case, Compiler, Tool, inputs};
use klp_tests::mutate::{Options, Report, run};
use klp_tests::semantic;
use klp_tests::tools::{compilers, skipped};

fn expect_reported(report: &semantic::Report) -> Result<()> {
    for (kind, score) in &report.kinds {
        ensure!(score.strays.is_empty(), "{kind}: strays\n{report}");
        ensure!(score.survivors.is_empty(), "{kind}: survivors\n{report}");
    }
    Ok(())
}

#[test]
fn edits_that_mean_something_are_reported_and_no_others() -> Result<()> {
    let report = semantic::run_templates(Options { mutations: 4000, seed: 1 })?;
    for kind in semantic::kinds() {
        ensure!(report.kinds.contains_key(kind), "no edit of kind {kind}");
    }
    expect_reported(&report)
}

#[test]
fn edits_of_objects_that_mean_something_are_reported_and_no_others() -> Result<()> {
    let mut report = semantic::Report::default();
    for compiler in compilers("mutation::edits_of_objects_that_mean_something_are_reported") {
        let kernel = Kernel::with_output()?;
        kernel.make(&["all", if compiler == "gcc" { "CC=gcc" } else { "LLVM=-19" }])?;
        for object in ["vmlinux.o", "kernel/sched.o", "drivers/foo/foo.o"] {
            let bytes = fs_err::read(kernel.output.join(object))?;
            report.add(semantic::run_object(&bytes, Options { mutations: 500, seed: 1 })?);
        }
    }
    let tried: usize = report.kinds.values().map(|kind| kind.tried).sum();
    ensure!(tried > 200, "too few edits:\n{report}");
    expect_reported(&report)
}

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
        // The oracle does not know how far a biased index goes; edits whose meaning is known show that.
        let is_biased = input.name.starts_with("unnamed/");
        if input.compilers()? == [Compiler::Rustc] && !is_biased {
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
