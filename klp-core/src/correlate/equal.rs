//! Copies of one name and content that nothing tells apart. Which is which makes no difference; equal
//! names go first.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{Group, Matching};
use crate::ids::{Id, Pair};

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    for group in matching.groups() {
        let mut by_digest: BTreeMap<[u8; 32], Group<Of>> = BTreeMap::new();
        for index in group.original {
            if let Some(digest) = matching.original[index].digest {
                by_digest.entry(*digest.as_bytes()).or_default().original.push(index);
            }
        }
        for index in group.patched {
            if let Some(digest) = matching.patched[index].digest {
                by_digest.entry(*digest.as_bytes()).or_default().patched.push(index);
            }
        }
        for copies in by_digest.into_values() {
            pair_copies(matching, copies);
        }
    }
}

fn pair_copies<Of>(matching: &mut Matching<'_, Of>, copies: Group<Of>) {
    let mut by_name: BTreeMap<&str, Group<Of>> = BTreeMap::new();
    for index in &copies.original {
        by_name.entry(matching.original[*index].name).or_default().original.push(*index);
    }
    for index in &copies.patched {
        by_name.entry(matching.patched[*index].name).or_default().patched.push(*index);
    }
    let mut found: Vec<Pair<Id<Of>>> = by_name.values().filter_map(Group::only).collect();
    let (originals, patcheds): (BTreeSet<_>, BTreeSet<_>) =
        found.iter().map(|pair| (pair.original, pair.patched)).unzip();
    let original = copies.original.into_iter().filter(|id| !originals.contains(id));
    let patched = copies.patched.into_iter().filter(|id| !patcheds.contains(id));
    found.extend(original.zip(patched).map(|(original, patched)| Pair { original, patched }));
    for pair in found {
        matching.pair(pair);
    }
}
