//! The same name in the same place, where no compiler had a hand in the name.

use foldhash::{HashMap, HashMapExt as _};

use super::files::NameScope;
use super::matching::Matching;
use super::unit::NamedUnit;
use crate::ids::{Id, List, Pair};

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    for pair in pairs(&matching.original, &matching.patched) {
        matching.pair(pair);
    }
}

/// The units whose name is the only such on both sides.
fn pairs<Of>(
    original: &List<Id<Of>, NamedUnit<'_>>,
    patched: &List<Id<Of>, NamedUnit<'_>>,
) -> Vec<Pair<Id<Of>>> {
    let unique = unique(original);
    let known = named(patched)
        .filter_map(|(patched, name)| Some(Pair { original: (*unique.get(&name)?)?, patched }));
    let known: Vec<Pair<Id<Of>>> = known.collect();
    let mut times: List<Id<Of>, u8> = original.alongside();
    for pair in &known {
        times[pair.original] = times[pair.original].saturating_add(1);
    }
    known.into_iter().filter(|pair| times[pair.original] == 1).collect()
}

/// The one unit of each name; none where there are several.
fn unique<'u, Of>(
    units: &'u List<Id<Of>, NamedUnit<'_>>,
) -> HashMap<(NameScope, &'u str), Option<Id<Of>>> {
    let mut unique = HashMap::with_capacity(units.len());
    for (index, name) in named(units) {
        unique.entry(name).and_modify(|found| *found = None).or_insert(Some(index));
    }
    unique
}

fn named<'u, Of>(
    units: &'u List<Id<Of>, NamedUnit<'_>>,
) -> impl Iterator<Item = (Id<Of>, (NameScope, &'u str))> {
    let units = units.with_ids().filter(|(unit, _)| !unit.is_numbered());
    units.map(|(unit, id)| (id, (unit.scope, unit.name)))
}
