//! The same name in another scope: made static or global, promoted by LLVM, or moved to another file;
//! where there is one on each side, or one of that content.

use std::collections::BTreeMap;

use super::content;
use super::matching::{Group, Matching};

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    for group in by_name(matching) {
        let digest = content::digest;
        for pair in content::alike(&group, matching, digest) {
            matching.pair(pair);
        }
    }
    for pair in by_name(matching).iter().filter_map(Group::only) {
        matching.pair(pair);
    }
}

fn by_name<Of>(matching: &Matching<'_, Of>) -> Vec<Group<Of>> {
    let mut by_name: BTreeMap<&str, Group<Of>> = BTreeMap::new();
    for (unit, id) in matching.open_original() {
        by_name.entry(&unit.base).or_default().original.push(id);
    }
    for (unit, id) in matching.open_patched() {
        by_name.entry(&unit.base).or_default().patched.push(id);
    }
    by_name.into_values().collect()
}
