//! What is matched already, and what is open.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _};

use crate::ids::{Id, List, Pair};

use super::Match;
use super::files::NameScope;
use super::unit::NamedUnit;

/// Of more units of one name than this, the first so many are told as candidates.
const CROWD: usize = 64;

/// Open units of one name, numbers aside, in one place.
#[derive(Debug)]
pub(super) struct Group<Of> {
    pub(super) original: Vec<Id<Of>>,
    pub(super) patched: Vec<Id<Of>>,
}

impl<Of> Default for Group<Of> {
    fn default() -> Self {
        Self { original: Vec::new(), patched: Vec::new() }
    }
}

impl<Of> Group<Of> {
    /// The two, where there is one on each side.
    pub(super) fn only(&self) -> Option<Pair<Id<Of>>> {
        match (self.original.as_slice(), self.patched.as_slice()) {
            ([original], [patched]) => Some(Pair { original: *original, patched: *patched }),
            _ => None,
        }
    }
}

/// Whether two units of one name are different things.
pub(super) type AreStrangers<'a, Of> = Box<dyn Fn(Pair<Id<Of>>) -> bool + Send + Sync + 'a>;

/// The units of two objects and the partners that have been found.
pub(super) struct Matching<'a, Of> {
    pub(super) original: List<Id<Of>, NamedUnit<'a>>,
    pub(super) patched: List<Id<Of>, NamedUnit<'a>>,
    /// Names that now stand for another unit than before.
    pub(super) moved: Vec<Match<Id<Of>>>,
    /// What tells which units of one name are different things.
    pub(super) strangers: Option<AreStrangers<'a, Of>>,
    /// Of each patched unit.
    partner: List<Id<Of>, Option<Id<Of>>>,
    /// Whether an original unit is the partner of one.
    taken: List<Id<Of>, bool>,
}

impl<'a, Of> Matching<'a, Of> {
    pub(super) fn new(original: Vec<NamedUnit<'a>>, patched: Vec<NamedUnit<'a>>) -> Self {
        let (original, patched) = (List::from(original), List::from(patched));
        let (partner, taken) = (patched.alongside(), original.alongside());
        Self { original, patched, moved: Vec::new(), strangers: None, partner, taken }
    }

    /// Pairs two open units, unless they are known to be different. Says whether it did.
    pub(super) fn pair(&mut self, pair: Pair<Id<Of>>) -> bool {
        if self.are_strangers(pair) {
            return false;
        }
        self.share(pair);
        true
    }

    fn are_strangers(&self, pair: Pair<Id<Of>>) -> bool {
        self.strangers.as_ref().is_some_and(|are_strangers| are_strangers(pair))
    }

    /// The same where the original may be the partner of another one already.
    pub(super) fn share(&mut self, Pair { original, patched }: Pair<Id<Of>>) {
        self.partner[patched] = Some(original);
        self.taken[original] = true;
    }

    pub(super) fn partner(&self, patched: Id<Of>) -> Option<Id<Of>> {
        self.partner[patched]
    }

    pub(super) fn is_open(&self, original: Id<Of>) -> bool {
        !self.taken[original]
    }

    /// Units that are partners.
    pub(super) fn pairs(&self) -> impl Iterator<Item = Pair<Id<Of>>> + '_ {
        let partners = self.partner.with_ids();
        partners.filter_map(|(original, patched)| Some(Pair { original: (*original)?, patched }))
    }

    pub(super) fn open_original(&self) -> impl Iterator<Item = (&NamedUnit<'a>, Id<Of>)> {
        self.original.with_ids().filter(|(_, id)| self.is_open(*id))
    }

    pub(super) fn open_patched(&self) -> impl Iterator<Item = (&NamedUnit<'a>, Id<Of>)> {
        self.patched.with_ids().filter(|(_, id)| self.partner(*id).is_none())
    }

    /// Whether one side has nothing that is open.
    pub(super) fn is_settled(&self) -> bool {
        self.open_original().next().is_none() || self.open_patched().next().is_none()
    }

    /// The open units of both sides whose whole names, numbers included, are there once on each side. A constant has no
    /// state, so of constants only those of one content.
    pub(super) fn of_one_name(&self) -> BTreeSet<Pair<Id<Of>>> {
        let mut by_name: HashMap<&str, Group<Of>> = HashMap::new();
        for (unit, id) in self.open_original() {
            by_name.entry(unit.name).or_default().original.push(id);
        }
        for (unit, id) in self.open_patched() {
            by_name.entry(unit.name).or_default().patched.push(id);
        }
        let only = by_name.values().filter_map(Group::only);
        only.filter(|pair| {
            let (before, after) = self.units(*pair);
            !before.is_constant || !after.is_constant || before.digest == after.digest
        })
        .collect()
    }

    /// Whether LLVM made one of both global for other units.
    pub(super) fn is_promoted(&self, pair: Pair<Id<Of>>) -> bool {
        let (before, after) = self.units(pair);
        before.is_promoted() || after.is_promoted()
    }

    /// Both units of a pair.
    pub(super) fn units(&self, pair: Pair<Id<Of>>) -> (&NamedUnit<'a>, &NamedUnit<'a>) {
        (&self.original[pair.original], &self.patched[pair.patched])
    }

    pub(super) fn has_groups(&self) -> bool {
        !self.groups().is_empty()
    }

    /// What is open, by place and name without numbers, where there is something on both sides.
    pub(super) fn groups(&self) -> Vec<Group<Of>> {
        let mut groups: Vec<Group<Of>> = Vec::new();
        let mut numbers: HashMap<(NameScope, &str), usize> = HashMap::new();
        for (unit, id) in self.open_patched() {
            let number = *numbers.entry((unit.scope, &unit.base)).or_insert(groups.len());
            if number == groups.len() {
                groups.push(Group::default());
            }
            groups[number].patched.push(id);
        }
        for (unit, id) in self.open_original() {
            if let Some(number) = numbers.get(&(unit.scope, &*unit.base)) {
                groups[*number].original.push(id);
            }
        }
        groups.retain(|group| !group.original.is_empty());
        groups
    }

    /// All pairs. What is open on both sides under one name is ambiguous.
    pub(super) fn finish(self) -> Vec<Match<Id<Of>>> {
        let mut candidates: BTreeMap<Id<Of>, Vec<Id<Of>>> = BTreeMap::new();
        let mut is_candidate: List<Id<Of>, bool> = self.original.alongside();
        for group in self.groups() {
            // To look at each of so many for each of so many takes longer than it tells.
            let is_crowd = group.original.len() > CROWD;
            if is_crowd {
                for id in &group.original {
                    is_candidate[*id] = true;
                }
            }
            for patched in group.patched {
                let possible: Vec<Id<Of>> = group
                    .original
                    .iter()
                    .copied()
                    .take(if is_crowd { CROWD } else { usize::MAX })
                    .filter(|original| {
                        is_crowd || !self.are_strangers(Pair { original: *original, patched })
                    })
                    .collect();
                for original in &possible {
                    is_candidate[*original] = true;
                }
                candidates.insert(patched, possible);
            }
        }
        for id in self.moved.iter().filter_map(|it| it.original) {
            is_candidate[id] = true;
        }
        let removed = self.open_original().map(|(_, id)| id).filter(|id| !is_candidate[*id]);
        let removed: Vec<Match<Id<Of>>> = removed
            .map(|id| Match {
                original: Some(id),
                patched: None,
                name: None,
                candidates: Vec::new(),
            })
            .collect();
        let kept = self.partner.with_ids().map(|(original, patched)| Match {
            original: *original,
            patched: Some(patched),
            name: None,
            candidates: candidates.remove(&patched).unwrap_or_default(),
        });
        kept.collect::<Vec<_>>().into_iter().chain(self.moved).chain(removed).collect()
    }
}
