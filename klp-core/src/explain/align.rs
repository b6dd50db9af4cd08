//! Both listings side by side: instructions that mean the same stand in one row.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::fact::{InstructionFact, OTHER_CONTENT, differences};
use super::listing::{IMMEDIATE, InstructionLine, SUMMAND};
use super::place;
use super::said::EntryInWords;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlignedRow {
    /// The same in both versions.
    Same(InstructionLine, InstructionLine),
    /// Another one, and in what.
    Changed(InstructionLine, InstructionLine, Vec<String>),
    /// In the original only.
    Removed(InstructionLine),
    /// In the patched version only.
    Added(InstructionLine),
}

impl AlignedRow {
    /// Whether the instruction means something else, or is there in one version only.
    #[must_use]
    pub fn is_different(&self) -> bool {
        match self {
            Self::Same(..) => false,
            Self::Changed(..) => true,
            Self::Removed(line) | Self::Added(line) => line.left_out.is_none(),
        }
    }

    /// The number that differs, where nothing else does.
    #[must_use]
    pub fn number(&self) -> Option<ChangedNumber> {
        let Self::Changed(old, new, _) = self else { return None };
        let differing: Vec<_> =
            old.facts.iter().zip(&new.facts).filter(|(old, new)| old != new).collect();
        let [(before, after)] = differing.as_slice() else { return None };
        let said =
            |line: &InstructionLine| line.said.iter().map(|it| it.fact.clone()).collect::<Vec<_>>();
        let same = said(old) == said(new) && old.facts.len() == new.facts.len();
        let number =
            |fact: &InstructionFact| u64::from_str_radix(fact.shown.strip_prefix("0x")?, 16).ok();
        let is_immediate = before.what == IMMEDIATE;
        let is_number = before.what == after.what && (is_immediate || before.what == SUMMAND);
        let (before, after) = number(before).zip(number(after)).filter(|_| same && is_number)?;
        Some(ChangedNumber { before, after, is_immediate })
    }
}

/// A number in an instruction that both versions have, and no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedNumber {
    /// As the original has it.
    pub before: u64,
    /// As the patched version has it.
    pub after: u64,
    /// Whether it is an immediate. Else it is what the instruction adds to others.
    pub is_immediate: bool,
}

/// Text without names, facts, what special sections say, and whether it is left out.
type AlignmentKey<'a> = (&'a str, &'a [InstructionFact], Vec<&'a InstructionFact>, bool);

/// What has to be equal in one row: nothing of what digests leave out. Where a branch inside the function goes is seen when the rows are known.
fn key(line: &InstructionLine) -> AlignmentKey<'_> {
    if line.left_out.is_some() {
        return ("", &[], Vec::new(), true);
    }
    let text = if line.inside.is_some() { line.mnemonic.as_str() } else { line.bare.as_str() };
    (text, &line.facts, line.said.iter().map(|it| &it.fact).collect(), false)
}

pub(super) fn align(original: &[InstructionLine], patched: &[InstructionLine]) -> Vec<AlignedRow> {
    let old: Vec<_> = original.iter().map(key).collect();
    let new: Vec<_> = patched.iter().map(key).collect();
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let mut rows = Vec::new();
    for op in ops {
        let (old, new) = (op.old_range(), op.new_range());
        let (old, new) = (
            original.get(old).unwrap_or_default().iter(),
            patched.get(new).unwrap_or_default().iter(),
        );
        match op {
            DiffOp::Equal { .. } => {
                rows.extend(
                    old.zip(new).map(|(old, new)| AlignedRow::Same(old.clone(), new.clone())),
                );
            }
            _ => replaced(old.as_slice(), new.as_slice(), &mut rows),
        }
    }
    branches(rows)
}

/// Rows of what stands in one place in both versions: pairs of one kind of instruction, then the rest.
fn replaced(old: &[InstructionLine], new: &[InstructionLine], rows: &mut Vec<AlignedRow>) {
    let mut rest = new.iter().peekable();
    for line in old {
        match rest.next_if(|other| other.mnemonic == line.mnemonic) {
            Some(other) => {
                rows.push(AlignedRow::Changed(line.clone(), other.clone(), differs(line, other)));
            }
            None => rows.push(AlignedRow::Removed(line.clone())),
        }
    }
    rows.extend(rest.cloned().map(AlignedRow::Added));
}

/// In what two instructions of one kind differ.
fn differs(old: &InstructionLine, new: &InstructionLine) -> Vec<String> {
    let mut found = differences(&old.facts, &new.facts);
    if old.facts != new.facts {
        let behind = differences(&old.behind, &new.behind);
        found.retain(|words| behind.is_empty() || !words.ends_with(OTHER_CONTENT));
        found.extend(behind);
    }
    let only = |own: &[EntryInWords], other: &[EntryInWords], word: &str| -> Vec<String> {
        let is_there = |said: &EntryInWords| other.iter().any(|it| it.fact == said.fact);
        let only = own.iter().filter(|said| !is_there(said));
        only.map(|said| format!("{word}: {}", said.fact.shown)).collect()
    };
    found.extend(only(&new.said, &old.said, "now"));
    found.extend(only(&old.said, &new.said, "no more"));
    if found.is_empty() && old.bare != new.bare {
        found.push("operands".to_owned());
    }
    found
}

/// What goes to places that do not stand in one row goes elsewhere: branches, and what special sections say.
fn branches(rows: Vec<AlignedRow>) -> Vec<AlignedRow> {
    let pairs: BTreeMap<(usize, u64), (usize, u64)> = rows
        .iter()
        .filter_map(|row| match row {
            AlignedRow::Same(old, new) | AlignedRow::Changed(old, new, _) => {
                Some(((old.part, old.offset), (new.part, new.offset)))
            }
            AlignedRow::Removed(_) | AlignedRow::Added(_) => None,
        })
        .collect();
    let is_other = |old: &(usize, u64), new: &(usize, u64)| pairs.get(old) != Some(new);
    let goes_elsewhere = |old: &InstructionLine, new: &InstructionLine| {
        let mut found = Vec::new();
        if let Some((old, new)) = old.inside.zip(new.inside)
            && is_other(&old, &new)
        {
            let (was, is) = (place::shown(old), place::shown(new));
            found.push(if was == is {
                format!("jumps to {is}, where another instruction is now")
            } else {
                format!("jumps to {was} → {is}")
            });
        }
        for (old, new) in old.said.iter().zip(&new.said).filter(|(old, new)| old.fact == new.fact) {
            let mut places = old.places.iter().zip(&new.places);
            if places.any(|(old, new)| is_other(old, new)) {
                let (was, is) = (&old.fact.shown, &new.fact.shown);
                found.extend(if was == is {
                    vec![format!("{is}: another instruction is there now")]
                } else {
                    vec![format!("now: {is}"), format!("no more: {was}")]
                });
            }
        }
        found
    };
    let follow = |row: AlignedRow| match row {
        AlignedRow::Same(old, new) if old.left_out.is_none() => match goes_elsewhere(&old, &new) {
            nothing if nothing.is_empty() => AlignedRow::Same(old, new),
            found => AlignedRow::Changed(old, new, found),
        },
        AlignedRow::Changed(old, new, mut found) => {
            found.extend(goes_elsewhere(&old, &new));
            AlignedRow::Changed(old, new, found)
        }
        other => other,
    };
    rows.into_iter().map(follow).collect()
}
