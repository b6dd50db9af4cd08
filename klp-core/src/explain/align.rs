//! Both listings side by side: instructions that mean the same stand in one row.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::listing::{IMMEDIATE, Line};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The same in both versions.
    Same(Line, Line),
    /// Another one, and in what.
    Changed(Line, Line, Vec<String>),
    /// In the original only.
    Removed(Line),
    /// In the patched version only.
    Added(Line),
}

impl Row {
    /// Whether the instruction means something else, or is there in one version only.
    #[must_use]
    pub fn is_different(&self) -> bool {
        match self {
            Self::Same(..) => false,
            Self::Changed(..) => true,
            Self::Removed(line) | Self::Added(line) => line.left_out.is_none(),
        }
    }

    /// The immediates of both versions, where nothing else differs.
    #[must_use]
    pub fn immediates(&self) -> Option<(u64, u64)> {
        let Self::Changed(old, new, _) = self else { return None };
        let differing: Vec<_> =
            old.facts.iter().zip(&new.facts).filter(|(old, new)| old != new).collect();
        let [((before, old_text), (after, new_text))] = differing.as_slice() else { return None };
        let same = old.says == new.says && old.facts.len() == new.facts.len();
        let number = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        let is_immediate = *before == IMMEDIATE && *after == IMMEDIATE;
        number(old_text).zip(number(new_text)).filter(|_| same && is_immediate)
    }
}

/// Text, mnemonic, facts, what special sections say, and whether it is left out.
type Key<'a> = (&'a str, &'a str, &'a [(&'static str, String)], &'a [String], bool);

/// What has to be equal in one row: nothing of what digests leave out. Where a branch inside the function goes is seen when the rows are known.
fn key(line: &Line) -> Key<'_> {
    if line.left_out.is_some() {
        return ("", "", &[], &[], true);
    }
    let text = if line.inside.is_some() { line.mnemonic.as_str() } else { line.text.as_str() };
    (text, &line.mnemonic, &line.facts, &line.says, false)
}

pub(super) fn align(original: &[Line], patched: &[Line]) -> Vec<Row> {
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
                rows.extend(old.zip(new).map(|(old, new)| Row::Same(old.clone(), new.clone())));
            }
            _ => replaced(old.as_slice(), new.as_slice(), &mut rows),
        }
    }
    branches(rows)
}

/// Rows of what stands in one place in both versions: pairs of one kind of instruction, then the rest.
fn replaced(old: &[Line], new: &[Line], rows: &mut Vec<Row>) {
    let mut rest = new.iter().peekable();
    for line in old {
        match rest.next_if(|other| other.mnemonic == line.mnemonic) {
            Some(other) => {
                rows.push(Row::Changed(line.clone(), other.clone(), differs(line, other)));
            }
            None => rows.push(Row::Removed(line.clone())),
        }
    }
    rows.extend(rest.cloned().map(Row::Added));
}

/// In what two instructions of one kind differ.
fn differs(old: &Line, new: &Line) -> Vec<String> {
    let mut found = Vec::new();
    if old.facts.len() == new.facts.len() {
        for ((what, before), (other, after)) in old.facts.iter().zip(&new.facts) {
            if what != other {
                found.push(format!("{what} {before} → {other} {after}"));
            } else if before != after {
                found.push(format!("{what} {before} → {after}"));
            }
        }
    }
    for said in new.says.iter().filter(|said| !old.says.contains(said)) {
        found.push(format!("now: {said}"));
    }
    for said in old.says.iter().filter(|said| !new.says.contains(said)) {
        found.push(format!("no more: {said}"));
    }
    if found.is_empty() && old.text != new.text {
        found.push("operands".to_owned());
    }
    found
}

/// Branches whose targets do not stand in one row go elsewhere.
fn branches(rows: Vec<Row>) -> Vec<Row> {
    let pairs: BTreeMap<(usize, u64), (usize, u64)> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Same(old, new) | Row::Changed(old, new, _) => {
                Some(((old.part, old.offset), (new.part, new.offset)))
            }
            Row::Removed(_) | Row::Added(_) => None,
        })
        .collect();
    let follow = |row: Row| match row {
        Row::Same(old, new)
            if old.inside.is_some()
                && old.inside.and_then(|place| pairs.get(&place)) != new.inside.as_ref() =>
        {
            let what = format!("jumps to {} → {}", target(&old), target(&new));
            Row::Changed(old, new, vec![what])
        }
        other => other,
    };
    rows.into_iter().map(follow).collect()
}

fn target(line: &Line) -> String {
    line.inside.map_or_else(String::new, |(_, offset)| format!("+{offset:#x}"))
}
