//! The same name in another scope: made static or global, promoted by LLVM, or moved to another file;
//! where there is one on each side, or one of that content.

use std::collections::BTreeMap;

use super::content;
use super::matching::{Group, Matching};

pub(super) fn apply(matching: &mut Matching<'_>) {
    for group in by_name(matching) {
        let digest = content::digest;
        for (original, patched) in content::alike(&group, matching, digest) {
            matching.pair(original, patched);
        }
    }
    for (original, patched) in by_name(matching).iter().filter_map(Group::only) {
        matching.pair(original, patched);
    }
}

fn by_name(matching: &Matching<'_>) -> Vec<Group> {
    let mut by_name: BTreeMap<&str, Group> = BTreeMap::new();
    for (index, unit) in matching.open_original() {
        by_name.entry(&unit.base).or_default().original.push(index);
    }
    for (index, unit) in matching.open_patched() {
        by_name.entry(&unit.base).or_default().patched.push(index);
    }
    by_name.into_values().collect()
}
