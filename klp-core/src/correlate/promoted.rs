//! Of several units of one name, those of one translation unit by the hash that LLVM appends to what
//! it promotes (`foo.llvm.HASH`). The hash moves when the unit changes, and is common to all of it.

use std::collections::BTreeMap;

use crate::name;

use super::matching::{Group, Matching};

/// The same name with the same hash is the same thing of the same unit, which has not changed.
pub(super) fn with_its_hash<Of>(matching: &mut Matching<'_, Of>) {
    let mut by_name: BTreeMap<&str, Group<Of>> = BTreeMap::new();
    for (unit, id) in matching.open_original().filter(|(unit, _)| unit.is_promoted()) {
        by_name.entry(unit.name).or_default().original.push(id);
    }
    for (unit, id) in matching.open_patched().filter(|(unit, _)| unit.is_promoted()) {
        by_name.entry(unit.name).or_default().patched.push(id);
    }
    for pair in by_name.values().filter_map(Group::only).collect::<Vec<_>>() {
        matching.pair(pair);
    }
}

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    let groups = matching.groups();
    if groups.is_empty() {
        return;
    }
    let known = hashes(matching);
    for group in groups {
        let mut by_unit: BTreeMap<&str, Group<Of>> = BTreeMap::new();
        for index in &group.original {
            if let Some(hash) = hash(matching.original[*index].name) {
                by_unit.entry(hash).or_default().original.push(*index);
            }
        }
        for index in &group.patched {
            let hash = hash(matching.patched[*index].name);
            if let Some(before) = hash.and_then(|hash| *known.get(hash)?) {
                by_unit.entry(before).or_default().patched.push(*index);
            }
        }
        for pair in by_unit.values().filter_map(Group::only).collect::<Vec<_>>() {
            matching.pair(pair);
        }
    }
}

/// The original's hash for each of the patched object's, as the pairs so far say; none where they
/// contradict each other.
fn hashes<'a, Of>(matching: &Matching<'a, Of>) -> BTreeMap<&'a str, Option<&'a str>> {
    let mut known: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for pair in matching.pairs() {
        let (before, after) = matching.units(pair);
        let (before, after) = (hash(before.name), hash(after.name));
        if let (Some(before), Some(after)) = (before, after) {
            let said = known.entry(after).or_insert(Some(before));
            *said = said.filter(|said| *said == before);
        }
    }
    known
}

fn hash(name: &str) -> Option<&str> {
    let (_, hash) = name::promoted(name)?;
    Some(hash.split_once('.').map_or(hash, |(hash, _)| hash))
}
