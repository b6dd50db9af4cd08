//! `cargo xtask mutate --semantic`: makes edits whose meaning is known, and tells what comparisons miss.

#![expect(clippy::print_stdout, reason = "this is a command")]

use std::process::ExitCode;

use anyhow::{Context, Result};
use klp_tests::mutate::Options;
use klp_tests::semantic::{self, Report};

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().context("usage: semantic MUTATIONS SEED FILE…");
    let mutations = number()?.parse()?;
    let seed = number()?.parse()?;
    let options = Options { mutations, seed };
    let files: Vec<String> = arguments.collect();
    let mut report = Report::default();
    for file in &files {
        let bytes = fs_err::read(file)?;
        report.add(semantic::run_object(&bytes, options).with_context(|| file.clone())?);
    }
    if files.is_empty() {
        report = semantic::run_templates(options)?;
    }
    println!("{report}");
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
