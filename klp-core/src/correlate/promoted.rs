//! Of several units of one name, those of one translation unit by the hash that LLVM appends to what
//! it promotes (`foo.llvm.HASH`). The hash moves when the unit changes, and is common to all of it.

use std::collections::BTreeMap;

use crate::name;

use super::matching::{Group, Matching};

/// The same name with the same hash is the same thing of the same unit, which has not changed.
pub(super) fn with_its_hash(matching: &mut Matching<'_>) {
    let mut by_name: BTreeMap<&str, Group> = BTreeMap::new();
    for (index, unit) in matching.open_original().filter(|(_, unit)| unit.is_promoted()) {
        by_name.entry(unit.name).or_default().original.push(index);
    }
    for (index, unit) in matching.open_patched().filter(|(_, unit)| unit.is_promoted()) {
        by_name.entry(unit.name).or_default().patched.push(index);
    }
    for (original, patched) in by_name.values().filter_map(Group::only).collect::<Vec<_>>() {
        matching.pair(original, patched);
    }
}

pub(super) fn apply(matching: &mut Matching<'_>) {
    let groups = matching.groups();
    if groups.is_empty() {
        return;
    }
    let known = hashes(matching);
    for group in groups {
        let mut by_unit: BTreeMap<&str, Group> = BTreeMap::new();
        for index in &group.original {
            if let Some(hash) = matching.original.get(*index).and_then(|unit| hash(unit.name)) {
                by_unit.entry(hash).or_default().original.push(*index);
            }
        }
        for index in &group.patched {
            let hash = matching.patched.get(*index).and_then(|unit| hash(unit.name));
            if let Some(before) = hash.and_then(|hash| *known.get(hash)?) {
                by_unit.entry(before).or_default().patched.push(*index);
            }
        }
        for (original, patched) in by_unit.values().filter_map(Group::only).collect::<Vec<_>>() {
            matching.pair(original, patched);
        }
    }
}

/// The original's hash for each of the patched object's, as the pairs so far say; none where they
/// contradict each other.
fn hashes<'a>(matching: &Matching<'a>) -> BTreeMap<&'a str, Option<&'a str>> {
    let mut known: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for (original, patched) in matching.pairs() {
        let before = matching.original.get(original).and_then(|unit| hash(unit.name));
        let after = matching.patched.get(patched).and_then(|unit| hash(unit.name));
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
