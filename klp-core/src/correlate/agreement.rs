//! Digests leave out what a compiler numbers, and say of a name only that it is the same. Here it is
//! checked that what is meant is the same: a function that suddenly uses its neighbour's `count.2`, or
//! calls a static function where it called the global one of that name, is another function.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::ids::{List, Pair};
use crate::manifest::{DataId, FunctionId, ManifestObject};

use super::structure::lists;
use super::symbols::MeantUnit;
use super::{BothObjects, Correlation, Renames, assignment};

/// Patched units with the digest of their partner that refer to something else all the same.
#[derive(Debug, Default)]
pub struct Disagreement {
    /// Functions.
    pub functions: BTreeSet<FunctionId>,
    /// Data objects.
    pub data: BTreeSet<DataId>,
}

impl Disagreement {
    /// Checks all references of two objects.
    #[must_use]
    pub fn of(both: &BothObjects<'_>, correlation: &Correlation, renames: &Renames) -> Self {
        let partners = Partners::of(both.patched, correlation);
        let pairs: Vec<Pair<MeantUnit>> = correlation.means().collect();
        let found: Vec<ReferenceFindings> = pairs
            .par_chunks(4096)
            .map(|pairs| {
                ReferenceFindings::of(both, pairs, |one, other| {
                    opinion(both, one, other, &partners, renames)
                })
            })
            .collect();
        let mut disagreement = Self::default();
        let mut undecided: BTreeMap<Pair<u32>, Vec<MeantUnit>> = BTreeMap::new();
        for found in found {
            found.different.into_iter().for_each(|unit| disagreement.add(unit));
            for (pair, unit) in found.open {
                undecided.entry(pair).or_default().push(unit);
            }
        }
        let said = undecided.iter().map(|(pair, users)| (*pair, users.len())).collect();
        let certain = assignment::certain(&said);
        for (_, users) in undecided.iter().filter(|(pair, _)| !certain.contains(pair)) {
            for user in users {
                disagreement.add(*user);
            }
        }
        disagreement
    }

    fn add(&mut self, unit: MeantUnit) {
        match unit {
            MeantUnit::Function(id) => self.functions.insert(id),
            MeantUnit::Data(id) => self.data.insert(id),
        };
    }
}

/// What the references of some units say.
#[derive(Default)]
struct ReferenceFindings {
    /// Patched units that refer to something else.
    different: Vec<MeantUnit>,
    /// Symbols that only those can tell who use them, and each that does.
    open: Vec<(Pair<u32>, MeantUnit)>,
}

impl ReferenceFindings {
    fn of(
        both: &BothObjects<'_>,
        pairs: &[Pair<MeantUnit>],
        opinion: impl Fn(u32, u32) -> Sameness,
    ) -> Self {
        let mut found = Self::default();
        // By original symbol: nearly each is compared with one other only.
        let mut known: Vec<Option<(u32, Sameness)>> = vec![None; both.old.len()];
        for pair in pairs {
            let Some(lists) = lists(both, *pair) else { continue };
            let after = pair.patched;
            if lists.iter().any(|(before, after)| before.len() != after.len()) {
                found.different.push(after);
            }
            for (one, other) in lists.iter().flat_map(|(one, other)| one.iter().zip(*other)) {
                let slot = known.get_mut(*one as usize);
                let opinion = match slot.as_deref() {
                    Some(Some((known, opinion))) if known == other => *opinion,
                    _ => opinion(*one, *other),
                };
                if let Some(slot) = slot {
                    *slot = Some((*other, opinion));
                }
                match opinion {
                    Sameness::Same => {}
                    Sameness::Different => found.different.push(after),
                    Sameness::Open => {
                        let pair = Pair { original: *one, patched: *other };
                        found.open.push((pair, after));
                    }
                }
            }
        }
        found
    }
}

/// Whether two symbols stand for the same.
#[derive(Debug, Clone, Copy)]
enum Sameness {
    Same,
    Different,
    /// Only those that use them can tell.
    Open,
}

fn opinion(
    both: &BothObjects<'_>,
    one: u32,
    other: u32,
    partners: &Partners,
    renames: &Renames,
) -> Sameness {
    let Some((before, after)) = both.old.get(one).zip(both.new.get(other)) else {
        return Sameness::Different;
    };
    let same_name = before.name == after.name && before.is_fixed && after.is_fixed;
    if same_name && before.local == after.local && before.scope == after.scope {
        return Sameness::Same;
    }
    let same = match (both.old.means(one), both.new.means(other)) {
        (Some(before), Some(after)) => partners.of_patched(after) == Some(before),
        (None, None) if before.local && after.local => return Sameness::Open,
        (None, None) if before.local == after.local => renames.agree(before.name, after.name),
        _ => false,
    };
    if same { Sameness::Same } else { Sameness::Different }
}

struct Partners {
    functions: List<FunctionId, Option<FunctionId>>,
    data: List<DataId, Option<DataId>>,
}

impl Partners {
    fn of(patched: &ManifestObject, correlation: &Correlation) -> Self {
        let mut partners =
            Self { functions: patched.functions.alongside(), data: patched.data.alongside() };
        for pair in correlation.function_pairs() {
            partners.functions[pair.patched] = Some(pair.original);
        }
        for pair in correlation.data_pairs() {
            partners.data[pair.patched] = Some(pair.original);
        }
        partners
    }

    fn of_patched(&self, unit: MeantUnit) -> Option<MeantUnit> {
        match unit {
            MeantUnit::Function(id) => self.functions[id].map(MeantUnit::Function),
            MeantUnit::Data(id) => self.data[id].map(MeantUnit::Data),
        }
    }
}
