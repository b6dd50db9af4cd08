//! The changed-function set as a file.

use std::io::{self, Write};

use klp_core::diff::Changes;

/// Writes the records of `changes` as one array, a record a line.
pub(crate) fn document(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    let mut separator = "[\n";
    for record in changes.records() {
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut out, &record)?;
        separator = ",\n";
    }
    out.write_all(b"\n]\n")
}
