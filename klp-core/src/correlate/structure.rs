//! Of several units of one name, those that the same code uses at the same places.

use std::collections::BTreeMap;

use crate::ids::{Id, Pair};
use crate::manifest::{DataId, FunctionId};

use super::matching::Matching;
use super::symbols::MeantUnit;
use super::{BothObjects, assignment};

/// How often something speaks for two units being one.
pub(super) type Votes<I> = BTreeMap<Pair<I>, usize>;

/// How often code that is the same but for numbers speaks for two units being one.
#[derive(Debug, Default)]
pub(super) struct StructureVotes {
    pub(super) functions: Votes<FunctionId>,
    pub(super) data: Votes<DataId>,
}

/// The references of two units with equal digests: at one position stands what is used at one place.
pub(super) fn lists<'a>(
    both: &BothObjects<'a>,
    Pair { original: before, patched: after }: Pair<MeantUnit>,
) -> Option<[(&'a [u32], &'a [u32]); 2]> {
    let (original, patched) = (both.original, both.patched);
    match (before, after) {
        (MeantUnit::Function(before), MeantUnit::Function(after)) => {
            let (before, after) = (original.functions.get(before), patched.functions.get(after));
            let same = before.checksum.is_some() && before.checksum == after.checksum;
            same.then_some([(before.references, after.references), (before.behind, after.behind)])
        }
        (MeantUnit::Data(before), MeantUnit::Data(after)) => {
            let (before, after) = (original.data.get(before), patched.data.get(after));
            let same = before.checksum.is_some() && before.checksum == after.checksum;
            same.then_some([(before.references, after.references), (&[], &[])])
        }
        _ => None,
    }
}

impl StructureVotes {
    /// What the units that are `pairs` say.
    pub(super) fn of(both: &BothObjects<'_>, pairs: impl Iterator<Item = Pair<MeantUnit>>) -> Self {
        let (mut functions, mut data) = (Vec::new(), Vec::new());
        for lists in pairs.filter_map(|pair| lists(both, pair)) {
            for (before, after) in
                lists.iter().flat_map(|(before, after)| before.iter().zip(*after))
            {
                match either_numbered(both, *before, *after) {
                    Some((MeantUnit::Function(original), MeantUnit::Function(patched))) => {
                        functions.push(Pair { original, patched });
                    }
                    Some((MeantUnit::Data(original), MeantUnit::Data(patched))) => {
                        data.push(Pair { original, patched });
                    }
                    _ => {}
                }
            }
        }
        Self { functions: counted(functions), data: counted(data) }
    }
}

/// What two symbols stand for, if a compiler chose the name of one at least: others are known by their names.
fn either_numbered(
    both: &BothObjects<'_>,
    before: u32,
    after: u32,
) -> Option<(MeantUnit, MeantUnit)> {
    match (both.old.numbered(before), both.new.numbered(after)) {
        (None, None) => None,
        (Some(before), _) => Some((before, both.new.means(after)?)),
        (None, Some(after)) => Some((both.old.means(before)?, after)),
    }
}

/// How often there is each.
pub(super) fn counted<I: Copy + Ord>(mut votes: Vec<Pair<I>>) -> Votes<I> {
    votes.sort_unstable();
    let same = votes.chunk_by(|one, other| one == other);
    same.filter_map(|votes| Some((*votes.first()?, votes.len()))).collect()
}

/// Pairs what is certain. Says whether it found anything.
pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>, said: &Votes<Id<Of>>) -> bool {
    let possible = said.iter().filter(|(pair, _)| {
        let open = matching.is_open(pair.original) && matching.partner(pair.patched).is_none();
        let (before, after) = matching.units(**pair);
        open && before.base == after.base
    });
    let possible = possible.map(|(pair, votes)| (*pair, *votes)).collect();
    let mut found = false;
    for pair in assignment::certain(&possible) {
        found |= matching.pair(pair);
    }
    found
}
