//! Names that carry a compiler's number: the digest leaves the number out, so that renumbering is no
//! change. Here it is checked that all functions of an object agree on which old symbol is which new
//! one; a function that suddenly uses its neighbour's `count.2` does not.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Object;

use super::correlate::Pairs;

/// Indices of patched functions with equal digests whose numbered symbols contradict the others'.
pub(super) fn inconsistent(original: &Object, patched: &Object, pairs: &Pairs) -> BTreeSet<usize> {
    let mut uses: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for pair in &pairs.functions {
        let (Some(before), Some(index)) = (&pair.original, &pair.patched) else { continue };
        let Some((before, after)) =
            original.functions.get(*before).zip(patched.functions.get(*index))
        else {
            continue;
        };
        if before.checksum != after.checksum {
            continue;
        }
        for pair in before.numbered.iter().copied().zip(after.numbered.iter().copied()) {
            uses.entry(pair).or_default().push(*index);
        }
    }
    let old = partners(uses.keys().copied());
    let new = partners(uses.keys().map(|(old, new)| (*new, *old)));
    let known = Known::of(original, patched, pairs);
    let agrees = |(before, after): &(u32, u32)| {
        let names = original.symbol(*before).zip(patched.symbol(*after));
        if let Some(same) = names.and_then(|((before, _), (after, _))| known.says(before, after)) {
            return same;
        }
        old.get(before).is_some_and(|partners| partners.len() == 1)
            && new.get(after).is_some_and(|partners| partners.len() == 1)
    };
    uses.iter()
        .filter(|(pair, _)| !agrees(pair))
        .flat_map(|(_, functions)| functions.iter().copied())
        .collect()
}

/// What the names of correlated functions and data objects say.
struct Known<'a> {
    forth: BTreeMap<&'a str, BTreeSet<&'a str>>,
    back: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Known<'a> {
    fn of(original: &'a Object, patched: &'a Object, pairs: &Pairs) -> Self {
        let functions = pairs.functions.iter().filter_map(|pair| {
            let before = original.functions.get(pair.original?)?;
            Some((before.name.as_str(), patched.functions.get(pair.patched?)?.name.as_str()))
        });
        let data = pairs.data.iter().filter_map(|pair| {
            let before = original.data.get(pair.original?)?.name.as_deref()?;
            Some((before, patched.data.get(pair.patched?)?.name.as_deref()?))
        });
        let mut known = Self { forth: BTreeMap::new(), back: BTreeMap::new() };
        for (before, after) in functions.chain(data) {
            known.forth.entry(before).or_default().insert(after);
            known.back.entry(after).or_default().insert(before);
        }
        known
    }

    /// Whether the two are one; none where correlation does not know both names for certain.
    fn says(&self, before: &str, after: &str) -> Option<bool> {
        let forth = self.forth.get(before).filter(|partners| partners.len() == 1);
        let back = self.back.get(after).filter(|partners| partners.len() == 1);
        forth.zip(back).map(|(forth, back)| forth.contains(after) && back.contains(before))
    }
}

fn partners(pairs: impl Iterator<Item = (u32, u32)>) -> BTreeMap<u32, BTreeSet<u32>> {
    let mut partners: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (one, other) in pairs {
        partners.entry(one).or_default().insert(other);
    }
    partners
}
