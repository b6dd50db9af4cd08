//! How a trial went.

use std::io::{self, Write};

use klp_vm::{Stage, TrialOutcome, TrialStep};
use schemars::JsonSchema;
use serde::Serialize;

use super::{json, print};
use crate::cli::StreamFormat;
use crate::printable::PrintableLines;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub(super) enum TryRecord<'a> {
    /// How one part of the trial went.
    Try(&'a TrialStep),
    /// The last record.
    TrySummary {
        /// Whether all parts went well.
        passed: bool,
        /// How many parts there were.
        steps: usize,
        /// How many of them failed.
        failed: usize,
    },
}

/// Prints how a trial went.
pub(crate) fn trial(outcome: &TrialOutcome, format: StreamFormat) -> io::Result<()> {
    print(|out| match format {
        StreamFormat::Human => human(outcome, &mut PrintableLines::to(out)),
        StreamFormat::Json => json(outcome, out),
    })
}

fn human(outcome: &TrialOutcome, out: &mut PrintableLines<'_>) -> io::Result<()> {
    let last = outcome.steps.iter().map(|step| step.cycle).max().unwrap_or(1);
    for step in outcome.steps.iter().filter(|step| is_shown(step)) {
        let word = if step.passed { "passed" } else { "FAILED" };
        let seconds = std::time::Duration::from_millis(step.millis).as_secs_f64();
        let module = step.module.as_deref().unwrap_or_default();
        let cycle = match step.cycle {
            ..=1 => String::new(),
            cycle => format!(" (cycle {cycle})"),
        };
        let status = match step.status {
            Some(0) | None => String::new(),
            Some(status) => format!(" exit status {status}"),
        };
        let stage = step.stage.word();
        writeln!(out, "{word}  {stage:<8}  {seconds:>6.1} s  {module}{cycle}{status}")?;
        for line in step.output.lines() {
            writeln!(out, "        | {line}")?;
        }
    }
    if last > 1 {
        writeln!(out, "{last} cycles")?;
    }
    Ok(())
}

/// Of the cycles after the first only what failed, and what comes once at the end.
fn is_shown(step: &TrialStep) -> bool {
    step.cycle == 1 || !step.passed || matches!(step.stage, Stage::Unloaded | Stage::Kernel)
}

fn json(outcome: &TrialOutcome, out: impl Write) -> io::Result<()> {
    let failed = outcome.steps.iter().filter(|step| !step.passed).count();
    let summary =
        TryRecord::TrySummary { passed: outcome.passed, steps: outcome.steps.len(), failed };
    json::stream(outcome.steps.iter().map(TryRecord::Try).chain([summary]), out)
}
