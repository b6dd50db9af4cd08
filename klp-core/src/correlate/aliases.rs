//! Several names for one function. A name that moves from one function to another is a pair of its
//! own: what it stands for has changed.

use foldhash::HashMap;

use crate::ids::{Id, Pair};

use super::Match;
use super::matching::Matching;

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    // Nothing else of the patched object asks for another name.
    let asking: Vec<(Id<Of>, Vec<String>)> = matching
        .patched
        .with_ids()
        .filter(|(unit, id)| !unit.aliases.is_empty() || matching.partner(*id).is_none())
        .map(|(unit, id)| (id, unit.names().map(str::to_owned).collect()))
        .collect();
    let mut names: HashMap<String, Vec<Id<Of>>> =
        asking.iter().flat_map(|(_, own)| own).map(|name| (name.clone(), Vec::new())).collect();
    for (unit, id) in matching.original.with_ids() {
        for name in unit.names() {
            if let Some(units) = names.get_mut(name) {
                units.push(id);
            }
        }
    }
    let mut times: HashMap<String, usize> = HashMap::default();
    for name in asking.iter().flat_map(|(_, own)| own) {
        *times.entry(name.clone()).or_default() += 1;
    }
    for (patched, own) in asking {
        for (position, name) in own.into_iter().enumerate() {
            // A name that is not unique says nothing here.
            let Some([before]) = names.get(&name).map(Vec::as_slice) else { continue };
            match matching.partner(patched) {
                Some(known) if known == *before || position == 0 => {}
                // One that several units have, or whose partner is known to be another.
                None if times.get(&name) != Some(&1) => {}
                None if position == 0 && *matching.original[*before].base == name => {}
                // It has another name besides, or is one of several whose common code was taken apart.
                None => matching.share(Pair { original: *before, patched }),
                Some(_) => matching.moved.push(Match {
                    original: Some(*before),
                    patched: Some(patched),
                    name: Some(name),
                    candidates: Vec::new(),
                }),
            }
        }
    }
}
