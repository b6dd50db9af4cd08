//! What a check found.

use std::io::{self, Write};

use klp_core::check::{Finding, Report, Severity};
use klp_core::record::Version;
use serde::Serialize;

use super::print;
use crate::cli::MessageFormat;

/// A line of JSON.
#[derive(Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum Record<'a> {
    Version(Version),
    Check(&'a Finding),
    CheckSummary {
        passed: bool,
        functions: usize,
        symbols: usize,
        relocations: usize,
        imports: usize,
        entries: usize,
        errors: usize,
        warnings: usize,
    },
}

/// Prints what a check found.
pub(crate) fn check(report: &Report, format: MessageFormat) -> io::Result<()> {
    print(|out| match format {
        MessageFormat::Human => human(report, out),
        MessageFormat::Json => json(report, out),
    })
}

fn human(report: &Report, mut out: impl Write) -> io::Result<()> {
    for finding in &report.findings {
        let word = match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "warning",
        };
        writeln!(out, "{word:<8} {}: {}", finding.place, finding.what)?;
    }
    Ok(())
}

fn json(report: &Report, mut out: impl Write) -> io::Result<()> {
    let count =
        |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let summary = Record::CheckSummary {
        passed: report.passed(),
        functions: report.functions,
        symbols: report.symbols,
        relocations: report.relocations,
        imports: report.imports,
        entries: report.entries,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
    };
    let records = std::iter::once(Record::Version(Version::default()))
        .chain(report.findings.iter().map(Record::Check))
        .chain([summary]);
    for record in records {
        serde_json::to_writer(&mut out, &record)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
