//! `cargo xtask mutate`: flips bytes and relocations of objects and tells what the checksums miss.

#![expect(clippy::print_stdout, reason = "this is a command")]

use std::process::ExitCode;

use anyhow::{Context, Result};
use klp_tests::mutate::{Options, Report, run};

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let mutations = arguments.next().context("usage: mutate MUTATIONS FILE…")?.parse()?;
    let mut report = Report::default();
    for (file, seed) in arguments.zip(1..) {
        let bytes = fs_err::read(&file)?;
        report.add(run(&bytes, Options { mutations, seed }).with_context(|| file.clone())?);
    }
    println!("{report}");
    let proved = report.survivors.is_empty() && report.strays.is_empty();
    Ok(if proved { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
