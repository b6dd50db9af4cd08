//! Functions of which nothing differs but the number of a source line: `__LINE__` in an instruction looks like any number.

use klp_core::explain::{AlignedRow, InstructionLine};

use crate::explain::Explained;
use crate::source_lines::{SourceLines, SourceText};

/// What is known of a function of which only immediates differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineNumbers {
    /// Each is, on both sides, the line that debug information gives for its instruction.
    Certain,
    /// Nothing tells.
    Maybe {
        /// By how much each differs.
        distances: Vec<i64>,
        /// Whether each is an immediate; else some are what `lea` adds.
        are_immediates: bool,
    },
}

impl LineNumbers {
    /// What is known of `explained`; none where something else differs than immediates.
    #[must_use]
    pub fn of(explained: &Explained, lines: Option<&SourceLines>) -> Option<Self> {
        let differing: Vec<&AlignedRow> =
            explained.rows.iter().filter(|row| row.is_different()).collect();
        let mut distances = Vec::new();
        let mut are_lines = !differing.is_empty();
        let mut are_known = false;
        let mut are_immediates = true;
        for row in differing {
            let (before, after) = row.immediates().or_else(|| added(row))?;
            are_immediates &= row.immediates().is_some();
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

/// The number that both versions of `row` add to another one of 32 bits, where nothing else differs: the instruction for
/// addresses does that as well.
fn added(row: &AlignedRow) -> Option<(u64, u64)> {
    let AlignedRow::Changed(old, new, differs) = row else { return None };
    let [words] = differs.as_slice() else { return None };
    let (before, after) = words.strip_prefix("displacement ")?.split_once(" → ")?;
    let number = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let is_sum = |line: &InstructionLine| {
        let target = line.text.rsplit_once('%').map_or("", |(_, name)| name);
        let is_short = target.starts_with('e') || target.starts_with('r') && target.ends_with('d');
        line.text.starts_with("lea ") && is_short
    };
    number(before).zip(number(after)).filter(|_| is_sum(old) && is_sum(new))
}
