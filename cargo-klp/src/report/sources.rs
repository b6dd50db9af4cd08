//! The source lines that stand before instructions.

use klp::{SourceLines, SourceText};
use klp_core::explain::AlignedRow;

/// The line that a row comes from: of the patched version, and of the original where that has another one or none.
#[derive(Clone, Copy)]
pub(super) struct RowSources<'l> {
    pub(super) original: Option<&'l SourceText>,
    pub(super) patched: Option<&'l SourceText>,
}

impl<'l> RowSources<'l> {
    /// That of `row`, if it is known.
    pub(super) fn of(row: &AlignedRow, lines: &'l SourceLines) -> Option<Self> {
        let (original, patched) = match row {
            AlignedRow::Same(_, new) | AlignedRow::Added(new) => (None, lines.patched(new)),
            AlignedRow::Removed(old) => (lines.original(old), None),
            AlignedRow::Changed(old, new, _) => (lines.original(old), lines.patched(new)),
        };
        let is_said = |old: &&SourceText| patched.is_some_and(|new| said(old) == said(new));
        let original = original.filter(|old| !is_said(old));
        (original.is_some() || patched.is_some()).then_some(Self { original, patched })
    }

    /// Whether the last line that `other` has says what these say.
    pub(super) fn say_what(&self, other: &Self) -> bool {
        let last = other.patched.or(other.original).map(said);
        match (self.original, self.patched) {
            (Some(one), None) | (None, Some(one)) => last == Some(said(one)),
            _ => {
                self.original.map(said) == other.original.map(said)
                    && self.patched.map(said) == last
            }
        }
    }
}

/// What people see of it: a line can have another number and be the same.
fn said(source: &SourceText) -> (&str, String) {
    (&source.file, words_of(source))
}

/// The text of a line.
pub(super) fn words_of(source: &SourceText) -> String {
    source.text.as_deref().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(line: u32, text: &str) -> SourceText {
        let text = Some(format!("\t{text}"));
        SourceText { file: "a.c".to_owned(), line, text, is_changed: false }
    }

    #[test]
    fn a_line_is_said_once_whatever_its_number() {
        let (old, new, other) = (source(7, "x();"), source(9, "x();"), source(8, "y();"));
        let of = |original, patched| RowSources { original, patched };
        assert!(of(Some(&old), None).say_what(&of(None, Some(&new))));
        assert!(!of(Some(&old), Some(&other)).say_what(&of(None, Some(&other))));
        assert!(of(None, Some(&other)).say_what(&of(Some(&old), Some(&other))));
        assert!(of(Some(&old), Some(&other)).say_what(&of(Some(&old), Some(&other))));
        assert!(!of(None, Some(&new)).say_what(&of(None, Some(&other))));
    }
}
