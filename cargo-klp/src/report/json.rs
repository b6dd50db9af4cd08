//! JSON: one record a line, or all records as one document.

use std::io::{self, Write};

use klp_core::diff::Changes;
use klp_core::rules::Rule;

pub(super) fn records(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    for record in changes.records() {
        serde_json::to_writer(&mut out, &record)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The same records as one array, a record a line.
pub(crate) fn document(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    let mut separator = "[\n";
    for record in changes.records() {
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut out, &record)?;
        separator = ",\n";
    }
    out.write_all(b"\n]\n")
}

pub(super) fn rules(rules: &[Rule], mut out: impl Write) -> io::Result<()> {
    for rule in rules {
        serde_json::to_writer(&mut out, rule)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
