//! JSON: one record a line.

use std::io::{self, Write};

use klp_core::diff::Changes;
use klp_core::record::{FormatVersion, Record};
use klp_core::rules::Exclusion;
use schemars::JsonSchema;
use serde::Serialize;

/// A line of `cargo klp rules`.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub(super) enum RulesRecord<'a> {
    /// Something that checksums leave out.
    Exclusion(&'a Exclusion),
}

/// Prints a stream of records: the version record, then `records`.
pub(super) fn stream<T: Serialize>(
    records: impl IntoIterator<Item = T>,
    mut out: impl Write,
) -> io::Result<()> {
    line(&Record::Version(FormatVersion::default()), &mut out)?;
    records.into_iter().try_for_each(|record| line(&record, &mut out))
}

/// Prints one record.
pub(super) fn line(record: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, record)?;
    out.write_all(b"\n")
}

pub(super) fn records(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    changes.records().try_for_each(|record| line(&record, &mut out))
}

pub(super) fn rules(rules: &[Exclusion], out: impl Write) -> io::Result<()> {
    stream(rules.iter().map(RulesRecord::Exclusion), out)
}
