//! Of several units of one name, those of the same content: all of it, or else the instructions.

use std::collections::BTreeMap;

use super::matching::{Group, Matching};
use super::unit::Unit;

pub(super) fn apply(matching: &mut Matching<'_>) {
    pair_by(matching, digest);
    pair_by(matching, |unit| unit.instructions);
}

pub(super) fn digest(unit: &Unit<'_>) -> Option<[u8; 32]> {
    unit.digest.map(|digest| *digest.as_bytes())
}

/// Pairs units that are the only ones with that content in their group.
fn pair_by<T: Ord>(matching: &mut Matching<'_>, content: impl Fn(&Unit<'_>) -> Option<T>) {
    for group in matching.groups() {
        for (original, patched) in alike(&group, matching, &content) {
            matching.pair(original, patched);
        }
    }
}

/// Units of a group that are the only ones of that content on each side.
pub(super) fn alike<T: Ord>(
    group: &Group,
    matching: &Matching<'_>,
    content: impl Fn(&Unit<'_>) -> Option<T>,
) -> Vec<(usize, usize)> {
    let mut by_content: BTreeMap<T, Group> = BTreeMap::new();
    for index in &group.original {
        if let Some(content) = matching.original.get(*index).and_then(&content) {
            by_content.entry(content).or_default().original.push(*index);
        }
    }
    for index in &group.patched {
        if let Some(content) = matching.patched.get(*index).and_then(&content) {
            by_content.entry(content).or_default().patched.push(*index);
        }
    }
    by_content.values().filter_map(Group::only).collect()
}
