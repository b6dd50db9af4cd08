//! Several names for one function. A name that moves from one function to another is a pair of its
//! own: what it stands for has changed.

use foldhash::HashMap;

use super::Pair;
use super::matching::Matching;

pub(super) fn apply(matching: &mut Matching<'_>) {
    // Nothing else of the patched object asks for another name.
    let asking: Vec<(usize, Vec<String>)> = matching
        .patched
        .iter()
        .enumerate()
        .filter(|(index, unit)| !unit.aliases.is_empty() || matching.partner(*index).is_none())
        .map(|(index, unit)| (index, unit.names().map(str::to_owned).collect()))
        .collect();
    let mut names: HashMap<String, Vec<usize>> =
        asking.iter().flat_map(|(_, own)| own).map(|name| (name.clone(), Vec::new())).collect();
    for (index, unit) in matching.original.iter().enumerate() {
        for name in unit.names() {
            if let Some(units) = names.get_mut(name) {
                units.push(index);
            }
        }
    }
    let mut times: HashMap<String, usize> = HashMap::default();
    for name in asking.iter().flat_map(|(_, own)| own) {
        *times.entry(name.clone()).or_default() += 1;
    }
    for (index, own) in asking {
        for (position, name) in own.into_iter().enumerate() {
            // A name that is not unique says nothing here.
            let Some([before]) = names.get(&name).map(Vec::as_slice) else { continue };
            match matching.partner(index) {
                Some(known) if known == *before || position == 0 => {}
                // One that several units have, or whose partner is known to be another.
                None if times.get(&name) != Some(&1) => {}
                None if position == 0
                    && matching.original.get(*before).is_some_and(|old| *old.base == name) => {}
                // It has another name besides, or is one of several whose common code was taken apart.
                None => matching.share(*before, index),
                Some(_) => matching.moved.push(Pair {
                    original: Some(*before),
                    patched: Some(index),
                    name: Some(name),
                    candidates: Vec::new(),
                }),
            }
        }
    }
}
