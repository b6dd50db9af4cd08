//! What a check found.

use std::io::{self, Write};

use klp_core::check::{CheckFinding, CheckReport, Severity};
use schemars::JsonSchema;
use serde::Serialize;

use super::{json, print};
use crate::cli::StreamFormat;
use crate::printable::PrintableLines;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum CheckRecord<'a> {
    /// Something that is not as it must be.
    Check(&'a CheckFinding),
    /// The last record.
    CheckSummary {
        /// Whether the kernel takes the module, as far as can be told.
        passed: bool,
        /// How many functions are replaced.
        functions: usize,
        /// How many symbols livepatch resolves.
        symbols: usize,
        /// How many relocations livepatch applies.
        relocations: usize,
        /// How many symbols the module loader resolves.
        imports: usize,
        /// How many entries special sections have.
        entries: usize,
        /// Findings that the module does not work with.
        errors: usize,
        /// Findings that can go wrong.
        warnings: usize,
    },
}

/// Prints what a check found.
pub(crate) fn check(report: &CheckReport, format: StreamFormat) -> io::Result<()> {
    print(|out| match format {
        StreamFormat::Human => human(report, &mut PrintableLines::to(out)),
        StreamFormat::Json => json(report, out),
    })
}

fn human(report: &CheckReport, out: &mut PrintableLines<'_>) -> io::Result<()> {
    for finding in &report.findings {
        let word = match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "warning",
        };
        writeln!(out, "{word:<8} {}: {}", finding.place, finding.what)?;
    }
    Ok(())
}

fn json(report: &CheckReport, out: impl Write) -> io::Result<()> {
    let count =
        |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let summary = CheckRecord::CheckSummary {
        passed: report.passed(),
        functions: report.functions,
        symbols: report.symbols,
        relocations: report.relocations,
        imports: report.imports,
        entries: report.entries,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
    };
    json::stream(report.findings.iter().map(CheckRecord::Check).chain([summary]), out)
}
