//! Copies of one name and content that nothing tells apart. Which is which makes no difference; equal
//! names go first.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{Group, Matching};

pub(super) fn apply(matching: &mut Matching<'_>) {
    for group in matching.groups() {
        let mut by_digest: BTreeMap<[u8; 32], Group> = BTreeMap::new();
        for index in group.original {
            if let Some(digest) = matching.original.get(index).and_then(|unit| unit.digest) {
                by_digest.entry(*digest.as_bytes()).or_default().original.push(index);
            }
        }
        for index in group.patched {
            if let Some(digest) = matching.patched.get(index).and_then(|unit| unit.digest) {
                by_digest.entry(*digest.as_bytes()).or_default().patched.push(index);
            }
        }
        for copies in by_digest.into_values() {
            pair_copies(matching, copies);
        }
    }
}

fn pair_copies(matching: &mut Matching<'_>, copies: Group) {
    let mut by_name: BTreeMap<&str, Group> = BTreeMap::new();
    for index in &copies.original {
        if let Some(unit) = matching.original.get(*index) {
            by_name.entry(unit.name).or_default().original.push(*index);
        }
    }
    for index in &copies.patched {
        if let Some(unit) = matching.patched.get(*index) {
            by_name.entry(unit.name).or_default().patched.push(*index);
        }
    }
    let mut found: Vec<(usize, usize)> = by_name.values().filter_map(Group::only).collect();
    let named: BTreeSet<(bool, usize)> = found
        .iter()
        .flat_map(|(original, patched)| [(true, *original), (false, *patched)])
        .collect();
    let left = |side: bool, units: Vec<usize>| {
        units.into_iter().filter(|index| !named.contains(&(side, *index))).collect::<Vec<_>>()
    };
    found.extend(left(true, copies.original).into_iter().zip(left(false, copies.patched)));
    for (original, patched) in found {
        matching.pair(original, patched);
    }
}
