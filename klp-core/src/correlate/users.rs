//! Variables that a compiler gave one name and that are different things: all users of the one are still
//! there and use it no more, and all users of the other were there and did not.

use std::borrow::Cow;
use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _};
use rayon::prelude::*;

use crate::manifest::Object;

use super::symbols::{Means, Symbols};
use super::{Both, unit};

/// Indices of original and patched data objects. `pairs` are those of functions.
pub(super) fn strangers(both: &Both<'_>, pairs: &[(usize, usize)]) -> BTreeSet<(usize, usize)> {
    let (original, patched) = (both.original, both.patched);
    let (before, after) =
        rayon::join(|| Users::of(original, &both.old), || Users::of(patched, &both.new));
    let mut forth = vec![None; original.functions.len()];
    let mut has_partner = vec![false; patched.functions.len()];
    for (original, patched) in pairs {
        forth[*original] = Some(*patched);
        has_partner[*patched] = true;
    }
    let mut by_name: HashMap<Cow<'_, str>, Vec<OfOne<'_>>> = HashMap::new();
    for (data, users) in before.iter() {
        by_name.entry(base(original, data)).or_default().push(users);
    }
    let mut strangers = BTreeSet::new();
    for (data, users) in after.iter() {
        if !users.iter().all(|(_, user)| has_partner[*user]) {
            continue;
        }
        for then in by_name.get(&base(patched, data)).into_iter().flatten() {
            let mut now = then.iter().map(|(_, user)| forth[*user]);
            let uses = |user| users.binary_search(&(data, user)).is_ok();
            if now.all(|user| user.is_some_and(|user| !uses(user))) {
                strangers.extend(then.first().map(|(other, _)| (*other, data)));
            }
        }
    }
    strangers
}

/// The functions that use each data object whose name a compiler chose: both by their indices, sorted.
struct Users(Vec<(usize, usize)>);

/// Those of one data object.
type OfOne<'a> = &'a [(usize, usize)];

impl Users {
    fn of(object: &Object, symbols: &Symbols<'_>) -> Self {
        let numbered: Vec<Option<usize>> = symbols
            .iter()
            .map(|symbol| {
                let numbered = Some(symbol).filter(|symbol| !symbol.is_fixed);
                match symbols.means(numbered?)? {
                    Means::Data(data) => Some(data),
                    Means::Function(_) => None,
                }
            })
            .collect();
        let functions = object.functions.par_iter().enumerate().with_min_len(1024);
        let mut users: Vec<(usize, usize)> = functions
            .flat_map_iter(|(index, function)| {
                let symbols = function.references.iter().chain(&function.behind);
                let data = symbols.filter_map(|symbol| *numbered.get(*symbol as usize)?);
                data.map(move |data| (data, index))
            })
            .collect();
        users.sort_unstable();
        users.dedup();
        Self(users)
    }

    /// Each data object with its users.
    fn iter(&self) -> impl Iterator<Item = (usize, OfOne<'_>)> {
        let users = self.0.chunk_by(|(data, _), (other, _)| data == other);
        users.filter_map(|users| Some((users.first()?.0, users)))
    }
}

fn base(object: &Object, index: usize) -> Cow<'_, str> {
    let name = object.data.get(index).and_then(|data| data.name.as_deref());
    unit::base(name.unwrap_or_default())
}
