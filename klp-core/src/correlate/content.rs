//! Of several units of one name, those of the same content: all of it, or else the instructions.

use std::collections::BTreeMap;

use super::matching::{Group, Matching};
use super::unit::NamedUnit;
use crate::ids::{Id, Pair};

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    pair_by(matching, digest);
    pair_by(matching, |unit| unit.instructions);
}

pub(super) fn digest(unit: &NamedUnit<'_>) -> Option<[u8; 32]> {
    unit.digest.map(|digest| *digest.as_bytes())
}

/// Pairs units that are the only ones with that content in their group.
fn pair_by<Of, T: Ord>(
    matching: &mut Matching<'_, Of>,
    content: impl Fn(&NamedUnit<'_>) -> Option<T>,
) {
    for group in matching.groups() {
        for pair in alike(&group, matching, &content) {
            matching.pair(pair);
        }
    }
}

/// Units of a group that are the only ones of that content on each side.
pub(super) fn alike<Of, T: Ord>(
    group: &Group<Of>,
    matching: &Matching<'_, Of>,
    content: impl Fn(&NamedUnit<'_>) -> Option<T>,
) -> Vec<Pair<Id<Of>>> {
    let mut by_content: BTreeMap<T, Group<Of>> = BTreeMap::new();
    for index in &group.original {
        if let Some(content) = content(&matching.original[*index]) {
            by_content.entry(content).or_default().original.push(*index);
        }
    }
    for index in &group.patched {
        if let Some(content) = content(&matching.patched[*index]) {
            by_content.entry(content).or_default().patched.push(*index);
        }
    }
    by_content.values().filter_map(Group::only).collect()
}
