//! Variables that a compiler gave one name and that are different things: all users of the one are still
//! there and use it no more, and all users of the other were there and did not.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Object;

use super::symbols::{Means, Symbols};
use super::{Both, unit};

/// Indices of original and patched data objects. `pairs` are those of functions.
pub(super) fn strangers(both: &Both<'_>, pairs: &[(usize, usize)]) -> BTreeSet<(usize, usize)> {
    let (original, patched) = (both.original, both.patched);
    let (before, after) = rayon::join(|| users(original, &both.old), || users(patched, &both.new));
    let forth: BTreeMap<usize, usize> = pairs.iter().copied().collect();
    let back: BTreeSet<usize> = pairs.iter().map(|(_, patched)| *patched).collect();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for index in before.keys() {
        by_name.entry(base(original, *index)).or_default().push(*index);
    }
    let mut strangers = BTreeSet::new();
    for (index, users) in after {
        if !users.iter().all(|user| back.contains(user)) {
            continue;
        }
        for other in by_name.get(&base(patched, index)).into_iter().flatten() {
            let then = before.get(other).into_iter().flatten();
            let now: Option<BTreeSet<usize>> = then.map(|user| forth.get(user).copied()).collect();
            if now.is_some_and(|now| now.is_disjoint(&users)) {
                strangers.insert((*other, index));
            }
        }
    }
    strangers
}

/// The functions that use each data object whose name a compiler chose.
fn users(object: &Object, symbols: &Symbols<'_>) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut users: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (index, function) in object.functions.iter().enumerate() {
        for symbol in function.references.iter().chain(&function.behind) {
            let symbol = symbols.get(*symbol).filter(|symbol| !symbol.is_fixed);
            if let Some(Means::Data(data)) = symbol.and_then(|symbol| symbols.means(symbol)) {
                users.entry(data).or_default().insert(index);
            }
        }
    }
    users
}

fn base(object: &Object, index: usize) -> String {
    let name = object.data.get(index).and_then(|data| data.name.as_deref());
    unit::base(name.unwrap_or_default()).into_owned()
}
