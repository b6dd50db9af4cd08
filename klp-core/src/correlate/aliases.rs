//! Several names for one function. A name that moves from one function to another is a pair of its
//! own: what it stands for has changed.

use std::collections::BTreeMap;

use super::Pair;
use super::matching::Matching;

pub(super) fn apply(matching: &mut Matching<'_>) {
    let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, unit) in matching.original.iter().enumerate() {
        for name in std::iter::once(&unit.base).chain(&unit.aliases) {
            names.entry(name.clone().into_owned()).or_default().push(index);
        }
    }
    for index in 0..matching.patched.len() {
        let Some(unit) = matching.patched.get(index) else { continue };
        let own: Vec<String> =
            std::iter::once(&unit.base).chain(&unit.aliases).cloned().map(Into::into).collect();
        for (position, name) in own.into_iter().enumerate() {
            // A name that is not unique says nothing here.
            let Some([before]) = names.get(&name).map(Vec::as_slice) else { continue };
            match matching.partner(index) {
                Some(known) if known == *before || position == 0 => {}
                // Not another name, but one that several units have.
                None if matching.original.get(*before).is_some_and(|old| *old.base == name) => {}
                // Perhaps one of several names whose common code was taken apart.
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
