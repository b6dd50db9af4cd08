//! The same name in the same place, where no compiler had a hand in the name.

use foldhash::{HashMap, HashMapExt as _};

use super::files::Scope;
use super::matching::Matching;
use super::unit::Unit;

pub(super) fn apply(matching: &mut Matching<'_>) {
    let (original, patched) =
        rayon::join(|| unique(&matching.original), || unique(&matching.patched));
    let same = patched
        .iter()
        .filter_map(|(key, patched)| Some((original.get(key).copied().flatten()?, (*patched)?)));
    let found: Vec<(usize, usize)> = same.collect();
    for (original, patched) in found {
        matching.pair(original, patched);
    }
}

/// The one unit of each name; none where there are several.
fn unique<'u>(units: &'u [Unit<'_>]) -> HashMap<(Scope, &'u str), Option<usize>> {
    let mut unique = HashMap::with_capacity(units.len());
    for (index, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.is_numbered()) {
        unique
            .entry((unit.scope, unit.name))
            .and_modify(|found| *found = None)
            .or_insert(Some(index));
    }
    unique
}
