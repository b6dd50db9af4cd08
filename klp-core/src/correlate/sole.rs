//! Of several variables of one name, those that a function uses before and after, whatever else changed in it, and uses
//! no other one of that name.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::ids::Pair;
use crate::manifest::{DataId, FunctionId, ManifestData};

use super::BothObjects;
use super::matching::Matching;
use super::structure::{Votes, counted};
use super::symbols::{MeantUnit, ReferencedSymbols};
use super::unit::{self, NamedUnit};

/// How many functions, of which `pairs` are the pairs, speak for two variables being one. `wanted` are those whose names
/// count.
pub(super) fn votes<'m>(
    both: &BothObjects<'_>,
    pairs: &[Pair<FunctionId>],
    matching: &Matching<'m, ManifestData<'static>>,
    wanted: impl Fn(&NamedUnit<'m>) -> bool,
) -> Votes<DataId> {
    let then: BTreeSet<&str> = matching.open_original().map(|(unit, _)| &*unit.base).collect();
    let now: BTreeSet<&str> = matching.open_patched().map(|(unit, _)| &*unit.base).collect();
    let all = matching.open_original().chain(matching.open_patched());
    let bases: BTreeSet<&str> = all
        .filter(|(unit, _)| then.contains(&*unit.base) && now.contains(&*unit.base) && wanted(unit))
        .map(|(unit, _)| &*unit.base)
        .collect();
    if bases.is_empty() {
        return BTreeMap::new();
    }
    let before = variables(&both.old, &bases, |data| matching.is_open(data));
    let after = variables(&both.new, &bases, |data| matching.partner(data).is_none());
    let votes = pairs.par_iter().flat_map_iter(|pair| {
        let original = both.original.functions.get(pair.original);
        let patched = both.patched.functions.get(pair.patched);
        let then = sole(original.references.iter().chain(original.behind), &before);
        let now = sole(patched.references.iter().chain(patched.behind), &after);
        then.into_iter().filter_map(move |(base, one)| {
            Some(Pair { original: one?, patched: (*now.get(base)?)? })
        })
    });
    counted(votes.collect())
}

/// The open variable that each symbol stands for, if its name is one of `bases`.
fn variables<'b>(
    symbols: &ReferencedSymbols<'_>,
    bases: &BTreeSet<&'b str>,
    is_open: impl Fn(DataId) -> bool,
) -> Vec<Option<(&'b str, DataId)>> {
    let numbers = 0..u32::try_from(symbols.len()).unwrap_or(u32::MAX);
    let variable = |number: u32| {
        let base = bases.get(&*unit::base(symbols.get(number)?.name))?;
        match symbols.means(number)? {
            MeantUnit::Data(data) if is_open(data) => Some((*base, data)),
            _ => None,
        }
    };
    numbers.map(variable).collect()
}

/// The one variable of each name among those that `symbols` stand for; none where there are several.
fn sole<'b, 's>(
    symbols: impl Iterator<Item = &'s u32>,
    variables: &[Option<(&'b str, DataId)>],
) -> BTreeMap<&'b str, Option<DataId>> {
    let mut found: BTreeMap<&str, Option<DataId>> = BTreeMap::new();
    for (base, data) in symbols.filter_map(|symbol| *variables.get(*symbol as usize)?) {
        let known = found.entry(base).or_insert(Some(data));
        *known = known.filter(|known| *known == data);
    }
    found
}
