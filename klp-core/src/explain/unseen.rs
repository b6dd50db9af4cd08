//! What differs where no instruction shows it.

use crate::checksum::{Cause, Kind};

use super::Row;

/// A sentence for each of `causes` of a change that none of `rows` shows.
#[must_use]
pub fn unseen(rows: &[Row], causes: &[Cause]) -> Vec<&'static str> {
    if rows.iter().any(Row::is_different) {
        return Vec::new();
    }
    causes.iter().map(|cause| sentence(cause.kind)).collect()
}

fn sentence(kind: Kind) -> &'static str {
    match kind {
        Kind::Instruction | Kind::ColdPart => {
            "the instructions mean the same, but their bytes count: something refers to a place in them, or they are patched"
        }
        Kind::Relocation => "what it refers to has the same name, and is something else",
        Kind::String | Kind::Constant => "the data that it refers to differs behind what is shown",
        Kind::JumpTable => "a table of places in it differs",
        Kind::Alternative
        | Kind::BugTable
        | Kind::ExceptionTable
        | Kind::StaticKey
        | Kind::StaticCall => {
            "what a special section says differs: an entry is for another place, has another order, or is not loaded"
        }
        Kind::Traceable => "what lets ftrace patch it differs",
        Kind::Prefix => "what stands in front of it differs",
        Kind::Size => "its size differs",
        Kind::Section => {
            "its section is of another kind: code that is freed after boot, or must not be traced"
        }
        Kind::Alignment => "its alignment differs",
        Kind::Order => "its place in a table that the linker puts together differs",
        Kind::FallThrough => "at its end it runs on into other code",
        Kind::Unproven => {
            "the digests are equal, and the second opinion cannot prove that both versions are"
        }
    }
}
