//! The same name in the same place, where no compiler had a hand in the name.

use foldhash::{HashMap, HashMapExt as _};

use super::files::Scope;
use super::matching::Matching;
use super::unit::Unit;

pub(super) fn apply(matching: &mut Matching<'_>) {
    for (original, patched) in pairs(&matching.original, &matching.patched) {
        matching.pair(original, patched);
    }
}

/// The units whose name is the only such on both sides.
fn pairs(original: &[Unit<'_>], patched: &[Unit<'_>]) -> Vec<(usize, usize)> {
    let unique = unique(original);
    let known = named(patched).filter_map(|(index, name)| Some(((*unique.get(&name)?)?, index)));
    let known: Vec<(usize, usize)> = known.collect();
    let mut times = vec![0u8; original.len()];
    for (original, _) in &known {
        times[*original] = times[*original].saturating_add(1);
    }
    known.into_iter().filter(|(original, _)| times[*original] == 1).collect()
}

/// The one unit of each name; none where there are several.
fn unique<'u>(units: &'u [Unit<'_>]) -> HashMap<(Scope, &'u str), Option<usize>> {
    let mut unique = HashMap::with_capacity(units.len());
    for (index, name) in named(units) {
        unique.entry(name).and_modify(|found| *found = None).or_insert(Some(index));
    }
    unique
}

fn named<'u>(units: &'u [Unit<'_>]) -> impl Iterator<Item = (usize, (Scope, &'u str))> {
    let units = units.iter().enumerate().filter(|(_, unit)| !unit.is_numbered());
    units.map(|(index, unit)| (index, (unit.scope, unit.name)))
}
