//! Another name of the same constant: a compiler makes constants of equal content one, and it takes either name. Who has
//! one of its own again, or shares it with a new function, finds it under the other name.

use std::collections::BTreeMap;

use super::content;
use super::files::NameScope;
use super::matching::{Group, Matching};
use super::unit::NamedUnit;
use crate::ids::Id;

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    let mut alike: BTreeMap<(NameScope, [u8; 32]), Group<Of>> = BTreeMap::new();
    for (id, key) in constants(matching.open_original()) {
        alike.entry(key).or_default().original.push(id);
    }
    for (id, key) in constants(matching.open_patched()) {
        alike.entry(key).or_default().patched.push(id);
    }
    for pair in alike.values().filter_map(Group::only) {
        matching.pair(pair);
    }
}

/// What no other file can name, by its place and content.
fn constants<'u, 'a: 'u, Of>(
    units: impl Iterator<Item = (&'u NamedUnit<'a>, Id<Of>)>,
) -> impl Iterator<Item = (Id<Of>, (NameScope, [u8; 32]))> {
    let constants = units.filter(|(unit, _)| {
        unit.is_constant && !unit.name.is_empty() && unit.scope != NameScope::Global
    });
    constants.filter_map(|(unit, id)| Some((id, (unit.scope, content::digest(unit)?))))
}
