//! Of several units of one name, those that the same code uses at the same places.

use std::collections::BTreeMap;

use super::matching::Matching;
use super::symbols::Means;
use super::{Both, assignment};

/// How often code that is the same but for numbers speaks for two units being one.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) functions: BTreeMap<(usize, usize), usize>,
    pub(super) data: BTreeMap<(usize, usize), usize>,
}

/// The references of two units with equal digests: at one position stands what is used at one place.
pub(super) fn lists<'a>(
    both: &Both<'a>,
    (before, after): (Means, Means),
) -> Option<[(&'a [u32], &'a [u32]); 2]> {
    let (original, patched) = (both.original, both.patched);
    match (before, after) {
        (Means::Function(before), Means::Function(after)) => {
            let (before, after) = (original.functions.get(before)?, patched.functions.get(after)?);
            let same = before.checksum.is_some() && before.checksum == after.checksum;
            same.then_some([(before.references, after.references), (before.behind, after.behind)])
        }
        (Means::Data(before), Means::Data(after)) => {
            let (before, after) = (original.data.get(before)?, patched.data.get(after)?);
            let same = before.checksum.is_some() && before.checksum == after.checksum;
            same.then_some([(before.references, after.references), (&[], &[])])
        }
        _ => None,
    }
}

impl Evidence {
    /// What the units that are `pairs` say.
    pub(super) fn of(both: &Both<'_>, pairs: impl Iterator<Item = (Means, Means)>) -> Self {
        let (mut functions, mut data) = (Vec::new(), Vec::new());
        for lists in pairs.filter_map(|pair| lists(both, pair)) {
            for (before, after) in
                lists.iter().flat_map(|(before, after)| before.iter().zip(*after))
            {
                match either_numbered(both, *before, *after) {
                    Some((Means::Function(one), Means::Function(other))) => {
                        functions.push((one, other));
                    }
                    Some((Means::Data(one), Means::Data(other))) => data.push((one, other)),
                    _ => {}
                }
            }
        }
        Self { functions: counted(functions), data: counted(data) }
    }
}

/// What two symbols stand for, if a compiler chose the name of one at least: others are known by their names.
fn either_numbered(both: &Both<'_>, before: u32, after: u32) -> Option<(Means, Means)> {
    match (both.old.numbered(before), both.new.numbered(after)) {
        (None, None) => None,
        (Some(before), _) => Some((before, both.new.means(after)?)),
        (None, Some(after)) => Some((both.old.means(before)?, after)),
    }
}

/// How often there is each.
pub(super) fn counted(mut votes: Vec<(usize, usize)>) -> BTreeMap<(usize, usize), usize> {
    votes.sort_unstable();
    let same = votes.chunk_by(|one, other| one == other);
    same.filter_map(|votes| Some((*votes.first()?, votes.len()))).collect()
}

/// Pairs what is certain. Says whether it found anything.
pub(super) fn apply(matching: &mut Matching<'_>, said: &BTreeMap<(usize, usize), usize>) -> bool {
    let possible = said.iter().filter(|((original, patched), _)| {
        let open = matching.is_open(*original) && matching.partner(*patched).is_none();
        let names = matching.original.get(*original).zip(matching.patched.get(*patched));
        open && names.is_some_and(|(before, after)| before.base == after.base)
    });
    let possible = possible.map(|(pair, votes)| (*pair, *votes)).collect();
    let mut found = false;
    for (original, patched) in assignment::certain(&possible) {
        found |= matching.pair(original, patched);
    }
    found
}
