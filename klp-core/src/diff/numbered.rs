//! Names that carry a compiler's number: the digest leaves the number out, so that renumbering is no
//! change. Here it is checked that all functions of an object agree on which old symbol is which new
//! one; a function that suddenly uses its neighbour's `count.2` does not.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Object;

use super::correlate::Pairs;

/// Indices of patched functions with equal digests whose numbered symbols contradict the others'.
pub(super) fn inconsistent(original: &Object, patched: &Object, pairs: &Pairs) -> BTreeSet<usize> {
    let mut uses: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (before, after) in &pairs.functions {
        let (Some(before), Some(index)) = (before, after) else { continue };
        let Some((before, after)) =
            original.functions.get(*before).zip(patched.functions.get(*index))
        else {
            continue;
        };
        if before.checksum != after.checksum {
            continue;
        }
        for pair in before.numbered.iter().copied().zip(after.numbered.iter().copied()) {
            uses.entry(pair).or_default().push(*index);
        }
    }
    let old = partners(uses.keys().copied());
    let new = partners(uses.keys().map(|(old, new)| (*new, *old)));
    let agrees = |(original, patched): &(u32, u32)| {
        old.get(original).is_some_and(|partners| partners.len() == 1)
            && new.get(patched).is_some_and(|partners| partners.len() == 1)
    };
    uses.iter()
        .filter(|(pair, _)| !agrees(pair))
        .flat_map(|(_, functions)| functions.iter().copied())
        .collect()
}

fn partners(pairs: impl Iterator<Item = (u32, u32)>) -> BTreeMap<u32, BTreeSet<u32>> {
    let mut partners: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (one, other) in pairs {
        partners.entry(one).or_default().insert(other);
    }
    partners
}
