//! What differs where no instruction shows it.

use crate::checksum::{Cause, ContentKind};

use super::AlignedRow;

/// A sentence for each of `causes` of a change that none of `rows` shows.
#[must_use]
pub fn unseen(rows: &[AlignedRow], causes: &[Cause]) -> Vec<&'static str> {
    if rows.iter().any(AlignedRow::is_different) {
        return Vec::new();
    }
    causes.iter().map(|cause| sentence(cause.kind)).collect()
}

fn sentence(kind: ContentKind) -> &'static str {
    match kind {
        ContentKind::Instruction | ContentKind::ColdPart => {
            "the instructions mean the same, but their bytes count: something refers to a place in them, or they are patched"
        }
        ContentKind::Relocation => "what it refers to has the same name, and is something else",
        ContentKind::String | ContentKind::Constant => {
            "the data that it refers to differs behind what is shown"
        }
        ContentKind::JumpTable => "a table of places in it differs",
        ContentKind::Alternative
        | ContentKind::BugTable
        | ContentKind::ExceptionTable
        | ContentKind::StaticKey
        | ContentKind::StaticCall => {
            "what a special section says differs: an entry is for another place, has another order, or is not loaded"
        }
        ContentKind::Traceable => "what lets ftrace patch it differs",
        ContentKind::Prefix => "what stands in front of it differs",
        ContentKind::Size => "its size differs",
        ContentKind::Section => {
            "its section is of another kind: code that is freed after boot, or must not be traced"
        }
        ContentKind::Alignment => "its alignment differs",
        ContentKind::Order => "its place in a table that the linker puts together differs",
        ContentKind::FallThrough => "at its end it runs on into other code",
        ContentKind::Unproven => {
            "the digests are equal, and the second opinion cannot prove that both versions are"
        }
    }
}
