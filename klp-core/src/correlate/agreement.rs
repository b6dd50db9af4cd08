//! Digests leave out what a compiler numbers, and say of a name only that it is the same. Here it is
//! checked that what is meant is the same: a function that suddenly uses its neighbour's `count.2`, or
//! calls a static function where it called the global one of that name, is another function.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Object;

use super::files::Files;
use super::structure::lists;
use super::symbols::{self, Means, Symbol};
use super::{Correlation, Renames, assignment};

/// Patched units with the digest of their partner that refer to something else all the same.
#[derive(Debug, Default)]
pub struct Disagreement {
    /// Indices of functions.
    pub functions: BTreeSet<usize>,
    /// Indices of data objects.
    pub data: BTreeSet<usize>,
}

impl Disagreement {
    /// Checks all references of two objects.
    #[must_use]
    pub fn of(
        original: &Object,
        patched: &Object,
        correlation: &Correlation,
        renames: &Renames,
    ) -> Self {
        let files = Files::of(original, patched);
        let (old, new) = symbols::of_both(original, patched, &files);
        let partners = Partners::of(patched, correlation);
        let mut disagreement = Self::default();
        let mut known: BTreeMap<(u32, u32), Opinion> = BTreeMap::new();
        let mut undecided: BTreeMap<(u32, u32), Vec<Means>> = BTreeMap::new();
        for pair in correlation.means() {
            let Some(both) = lists(original, patched, pair) else { continue };
            let after = pair.1;
            if both.iter().any(|(before, after)| before.len() != after.len()) {
                disagreement.add(after);
            }
            for (one, other) in both.iter().flat_map(|(one, other)| one.iter().zip(*other)) {
                let opinion = known.entry((*one, *other)).or_insert_with(|| {
                    match old.get(*one as usize).zip(new.get(*other as usize)) {
                        Some((before, after)) => opinion(before, after, &partners, renames),
                        None => Opinion::Different,
                    }
                });
                match opinion {
                    Opinion::Same => {}
                    Opinion::Different => disagreement.add(after),
                    Opinion::Open => undecided.entry((*one, *other)).or_default().push(after),
                }
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

    fn add(&mut self, unit: Means) {
        match unit {
            Means::Function(index) => self.functions.insert(index),
            Means::Data(index) => self.data.insert(index),
        };
    }
}

/// Whether two symbols stand for the same.
#[derive(Debug, Clone, Copy)]
enum Opinion {
    Same,
    Different,
    /// Only those that use them can tell.
    Open,
}

fn opinion(
    before: &Symbol<'_>,
    after: &Symbol<'_>,
    partners: &Partners,
    renames: &Renames,
) -> Opinion {
    let same_name = before.name == after.name && before.is_fixed;
    if same_name && before.local == after.local && before.scope == after.scope {
        return Opinion::Same;
    }
    let same = match (before.means, after.means) {
        (Some(before), Some(after)) => partners.of_patched(after) == Some(before),
        (None, None) if before.local && after.local => return Opinion::Open,
        (None, None) if before.local == after.local => renames.agree(before.name, after.name),
        _ => false,
    };
    if same { Opinion::Same } else { Opinion::Different }
}

struct Partners {
    functions: Vec<Option<usize>>,
    data: Vec<Option<usize>>,
}

impl Partners {
    fn of(patched: &Object, correlation: &Correlation) -> Self {
        let mut partners = Self {
            functions: vec![None; patched.functions.len()],
            data: vec![None; patched.data.len()],
        };
        for (original, patched) in correlation.function_pairs() {
            if let Some(slot) = partners.functions.get_mut(patched) {
                *slot = Some(original);
            }
        }
        for (original, patched) in correlation.data_pairs() {
            if let Some(slot) = partners.data.get_mut(patched) {
                *slot = Some(original);
            }
        }
        partners
    }

    fn of_patched(&self, unit: Means) -> Option<Means> {
        match unit {
            Means::Function(index) => self.functions.get(index)?.map(Means::Function),
            Means::Data(index) => self.data.get(index)?.map(Means::Data),
        }
    }
}
