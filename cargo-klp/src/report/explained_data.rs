//! In what data differ.

use std::io;

use klp::ExplainedData;
use klp_core::explain::{DataRow, MOST_ROWS};
use schemars::JsonSchema;
use serde::Serialize;

use super::human::causes;
use super::rows::{DIM, HEAD, NEW, OLD, PLAIN};
use crate::printable::PrintableLines;

/// A place of a data object where its versions differ.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "DataExplanationRow")]
pub(super) struct DataRowRecord<'a> {
    /// Hexadecimal offset in the object.
    offset: String,
    /// The path of the member or element that is there, where debug information tells: `.ops[3].name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    /// What the original has there: a name for an address, a text, a number, or bytes; none behind its end.
    original: Option<&'a str>,
    /// The same of the patched version.
    patched: Option<&'a str>,
}

impl<'a> DataRowRecord<'a> {
    pub(super) fn of(row: &'a DataRow) -> Self {
        let DataRow { offset, member, original, patched } = row;
        Self {
            offset: format!("{offset:#x}"),
            member: member.as_deref(),
            original: original.as_deref(),
            patched: patched.as_deref(),
        }
    }
}

/// What stands for something that is behind the end.
const NOTHING: &str = "(not there)";

pub(super) fn human(explained: &ExplainedData, out: &mut PrintableLines<'_>) -> io::Result<()> {
    let ExplainedData { data, rows } = explained;
    let name = data.name.as_deref().unwrap_or_default();
    let head = format!("changed data {name}  {}", data.object);
    let causes = match data.causes.as_slice() {
        [] => String::new(),
        some => format!(", {}", causes(some)),
    };
    out.styled([(HEAD, head), (PLAIN, format!("  {}{causes}", data.section))])?;
    if !data.read_by.is_empty() {
        writeln!(out, "  read by {}", data.read_by.join(", "))?;
    }
    for row in rows {
        let offset = format!("+{:#x}", row.offset);
        let member = row.member.as_ref().filter(|member| !member.is_empty());
        let member = member.map(|member| format!("{member}  ")).unwrap_or_default();
        let [was, is] = values(row);
        out.styled([
            (DIM, format!("  {offset:>8}  ")),
            (PLAIN, member),
            (OLD, was.to_owned()),
            (PLAIN, " → ".to_owned()),
            (NEW, is.to_owned()),
        ])?;
    }
    if rows.len() == MOST_ROWS {
        writeln!(out, "  … no more than {MOST_ROWS} places are told")?;
    }
    Ok(())
}

/// What both versions have there.
pub(super) fn values(row: &DataRow) -> [&str; 2] {
    [&row.original, &row.patched].map(|it| it.as_deref().unwrap_or(NOTHING))
}
