//! Another name of the same constant: a compiler makes constants of equal content one, and it takes either name. Who has
//! one of its own again, or shares it with a new function, finds it under the other name.

use std::collections::BTreeMap;

use super::content;
use super::files::Scope;
use super::matching::{Group, Matching};
use super::unit::Unit;

pub(super) fn apply(matching: &mut Matching<'_>) {
    let mut alike: BTreeMap<(Scope, [u8; 32]), Group> = BTreeMap::new();
    for (index, key) in constants(matching.open_original()) {
        alike.entry(key).or_default().original.push(index);
    }
    for (index, key) in constants(matching.open_patched()) {
        alike.entry(key).or_default().patched.push(index);
    }
    for (original, patched) in alike.values().filter_map(Group::only) {
        matching.pair(original, patched);
    }
}

/// What no other file can name, by its place and content.
fn constants<'u, 'a: 'u>(
    units: impl Iterator<Item = (usize, &'u Unit<'a>)>,
) -> impl Iterator<Item = (usize, (Scope, [u8; 32]))> {
    let constants = units.filter(|(_, unit)| {
        unit.is_constant && !unit.name.is_empty() && unit.scope != Scope::Global
    });
    constants.filter_map(|(index, unit)| Some((index, (unit.scope, content::digest(unit)?))))
}
