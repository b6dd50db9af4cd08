//! What is matched already, and what is open.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _};

use super::Pair;
use super::files::Scope;
use super::unit::Unit;
use super::users::Strangers;

/// Of more units of one name than this, the first so many are told as candidates.
const CROWD: usize = 64;

/// Open units of one name, numbers aside, in one place.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) original: Vec<usize>,
    pub(super) patched: Vec<usize>,
}

impl Group {
    /// The two, where there is one on each side.
    pub(super) fn only(&self) -> Option<(usize, usize)> {
        match (self.original.as_slice(), self.patched.as_slice()) {
            ([original], [patched]) => Some((*original, *patched)),
            _ => None,
        }
    }
}

/// The units of two objects and the partners that have been found.
pub(super) struct Matching<'a> {
    pub(super) original: Vec<Unit<'a>>,
    pub(super) patched: Vec<Unit<'a>>,
    /// Names that now stand for another unit than before.
    pub(super) moved: Vec<Pair>,
    /// What tells which units of one name are different things.
    pub(super) strangers: Option<Strangers<'a>>,
    /// Of each patched unit.
    partner: Vec<Option<usize>>,
    /// Whether an original unit is the partner of one.
    taken: Vec<bool>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(original: Vec<Unit<'a>>, patched: Vec<Unit<'a>>) -> Self {
        let (partner, taken) = (vec![None; patched.len()], vec![false; original.len()]);
        Self { original, patched, moved: Vec::new(), strangers: None, partner, taken }
    }

    /// Pairs two open units, unless they are known to be different. Says whether it did.
    pub(super) fn pair(&mut self, original: usize, patched: usize) -> bool {
        if self.are_strangers(original, patched) {
            return false;
        }
        self.share(original, patched);
        true
    }

    fn are_strangers(&self, original: usize, patched: usize) -> bool {
        self.strangers.as_ref().is_some_and(|strangers| strangers.are(original, patched))
    }

    /// The same where the original may be the partner of another one already.
    pub(super) fn share(&mut self, original: usize, patched: usize) {
        if let (Some(partner), Some(taken)) =
            (self.partner.get_mut(patched), self.taken.get_mut(original))
        {
            *partner = Some(original);
            *taken = true;
        }
    }

    pub(super) fn partner(&self, patched: usize) -> Option<usize> {
        self.partner.get(patched).copied().flatten()
    }

    pub(super) fn is_open(&self, original: usize) -> bool {
        self.taken.get(original).is_some_and(|taken| !taken)
    }

    /// Original and patched units that are partners.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let partners = self.partner.iter().enumerate();
        partners.filter_map(|(patched, original)| Some(((*original)?, patched)))
    }

    pub(super) fn open_original(&self) -> impl Iterator<Item = (usize, &Unit<'a>)> {
        self.original.iter().enumerate().filter(|(index, _)| self.is_open(*index))
    }

    pub(super) fn open_patched(&self) -> impl Iterator<Item = (usize, &Unit<'a>)> {
        self.patched.iter().enumerate().filter(|(index, _)| self.partner(*index).is_none())
    }

    /// Whether one side has nothing that is open.
    pub(super) fn is_settled(&self) -> bool {
        self.open_original().next().is_none() || self.open_patched().next().is_none()
    }

    /// The open units of both sides whose whole names, numbers included, are there once on each side. A constant has no
    /// state, so of constants only those of one content.
    pub(super) fn of_one_name(&self) -> BTreeSet<(usize, usize)> {
        let mut by_name: HashMap<&str, Group> = HashMap::new();
        for (index, unit) in self.open_original() {
            by_name.entry(unit.name).or_default().original.push(index);
        }
        for (index, unit) in self.open_patched() {
            by_name.entry(unit.name).or_default().patched.push(index);
        }
        let only = by_name.values().filter_map(Group::only);
        only.filter(|(original, patched)| {
            let units = self.original.get(*original).zip(self.patched.get(*patched));
            units.is_some_and(|(before, after)| {
                !before.is_constant || !after.is_constant || before.digest == after.digest
            })
        })
        .collect()
    }

    /// Whether LLVM made one of both global for other units.
    pub(super) fn is_promoted(&self, original: usize, patched: usize) -> bool {
        let units = self.original.get(original).zip(self.patched.get(patched));
        units.is_some_and(|(before, after)| before.is_promoted() || after.is_promoted())
    }

    pub(super) fn has_groups(&self) -> bool {
        !self.groups().is_empty()
    }

    /// What is open, by place and name without numbers, where there is something on both sides.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut numbers: HashMap<(Scope, &str), usize> = HashMap::new();
        for (index, unit) in self.open_patched() {
            let number = *numbers.entry((unit.scope, &unit.base)).or_insert(groups.len());
            if number == groups.len() {
                groups.push(Group::default());
            }
            groups[number].patched.push(index);
        }
        for (index, unit) in self.open_original() {
            if let Some(number) = numbers.get(&(unit.scope, &*unit.base)) {
                groups[*number].original.push(index);
            }
        }
        groups.retain(|group| !group.original.is_empty());
        groups
    }

    /// All pairs. What is open on both sides under one name is ambiguous.
    pub(super) fn finish(self) -> Vec<Pair> {
        let mut candidates: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut is_candidate = vec![false; self.original.len()];
        for group in self.groups() {
            // To look at each of so many for each of so many takes longer than it tells.
            let is_crowd = group.original.len() > CROWD;
            if is_crowd {
                for index in &group.original {
                    if let Some(slot) = is_candidate.get_mut(*index) {
                        *slot = true;
                    }
                }
            }
            for patched in group.patched {
                let possible: Vec<usize> = group
                    .original
                    .iter()
                    .copied()
                    .take(if is_crowd { CROWD } else { usize::MAX })
                    .filter(|original| is_crowd || !self.are_strangers(*original, patched))
                    .collect();
                for original in &possible {
                    if let Some(slot) = is_candidate.get_mut(*original) {
                        *slot = true;
                    }
                }
                candidates.insert(patched, possible);
            }
        }
        for index in self.moved.iter().filter_map(|pair| pair.original) {
            if let Some(slot) = is_candidate.get_mut(index) {
                *slot = true;
            }
        }
        let removed = self.open_original().map(|(index, _)| index);
        let removed: Vec<usize> =
            removed.filter(|index| !is_candidate.get(*index).is_some_and(|is| *is)).collect();
        let kept = self.partner.into_iter().enumerate().map(|(patched, original)| Pair {
            original,
            patched: Some(patched),
            name: None,
            candidates: candidates.remove(&patched).unwrap_or_default(),
        });
        kept.chain(self.moved)
            .chain(
                removed.into_iter().map(|index| Pair { original: Some(index), ..Pair::default() }),
            )
            .collect()
    }
}
