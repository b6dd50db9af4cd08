//! Functions of which nothing differs but the number of a source line: `__LINE__` in an instruction looks like any number.

use klp_core::explain::{AlignedRow, ChangedNumber, InstructionLine};

use crate::explain::Explained;
use crate::source_lines::{SourceLines, SourceText};

/// What is known of a function of which only numbers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineNumbers {
    /// Each is, on both sides, the line that debug information gives for its instruction.
    Certain,
    /// Nothing tells.
    Maybe {
        /// By how much each differs.
        distances: Vec<i64>,
        /// Whether each is an immediate; else some are what instructions add.
        are_immediates: bool,
    },
}

impl LineNumbers {
    /// What is known of `explained`; none where something else differs than numbers.
    #[must_use]
    pub fn of(explained: &Explained, lines: Option<&SourceLines>) -> Option<Self> {
        let differing: Vec<&AlignedRow> =
            explained.rows.iter().filter(|row| row.is_different()).collect();
        let mut distances = Vec::new();
        let mut are_lines = !differing.is_empty();
        let mut are_known = false;
        let mut are_immediates = true;
        for row in differing {
            let ChangedNumber { before, after, is_immediate } = row.number()?;
            are_immediates &= is_immediate;
            let AlignedRow::Changed(old, new, _) = row else { return None };
            distances.push(after.wrapping_sub(before).cast_signed());
            let is_line = |source: Option<&SourceText>, number: u64| {
                source.map(|source| u64::from(source.line) == number)
            };
            let of = |get: fn(&SourceLines, &InstructionLine) -> Option<SourceText>,
                      line: &InstructionLine| {
                lines.and_then(|lines| get(lines, line))
            };
            let old = of(|lines, line| lines.original(line).cloned(), old);
            let new = of(|lines, line| lines.patched(line).cloned(), new);
            let both = is_line(old.as_ref(), before).zip(is_line(new.as_ref(), after));
            are_known |= both.is_some();
            are_lines &= both == Some((true, true));
        }
        match (are_lines, are_known) {
            (true, _) => Some(Self::Certain),
            // Debug information says that they are something else.
            (false, true) => None,
            (false, false) => {
                (!distances.is_empty()).then_some(Self::Maybe { distances, are_immediates })
            }
        }
    }

    /// The same in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Certain => {
                "line-number: each number that differs is the source line of its instruction"
                    .to_owned()
            }
            Self::Maybe { distances, are_immediates } => {
                let mut texts: Vec<String> = distances.iter().map(|it| format!("{it:+}")).collect();
                texts.dedup();
                let what = match (distances.len(), are_immediates) {
                    (1, true) => "only an immediate differs",
                    (1, false) => "only a number that is added differs",
                    (_, true) => "only immediates differ",
                    (_, false) => "only numbers differ",
                };
                format!("{what} ({}); may be __LINE__", texts.join(", "))
            }
        }
    }
}
