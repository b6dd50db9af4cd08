//! What is matched already, and what is open.

use std::collections::{BTreeMap, BTreeSet};

use super::Pair;
use super::files::Scope;
use super::unit::Unit;

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
    /// Original and patched units that have one name and are known to be different things.
    pub(super) keep_apart: BTreeSet<(usize, usize)>,
    /// Of each patched unit.
    partner: Vec<Option<usize>>,
    /// Whether an original unit is the partner of one.
    taken: Vec<bool>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(original: Vec<Unit<'a>>, patched: Vec<Unit<'a>>) -> Self {
        let (partner, taken) = (vec![None; patched.len()], vec![false; original.len()]);
        Self { original, patched, moved: Vec::new(), keep_apart: BTreeSet::new(), partner, taken }
    }

    /// Pairs two open units, unless they are known to be different. Says whether it did.
    pub(super) fn pair(&mut self, original: usize, patched: usize) -> bool {
        if self.keep_apart.contains(&(original, patched)) {
            return false;
        }
        self.share(original, patched);
        true
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

    pub(super) fn has_groups(&self) -> bool {
        !self.groups().is_empty()
    }

    /// What is open, by place and name without numbers, where there is something on both sides.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<(Scope, &str), Group> = BTreeMap::new();
        for (index, unit) in self.open_patched() {
            groups.entry((unit.scope, &unit.base)).or_default().patched.push(index);
        }
        for (index, unit) in self.open_original() {
            if let Some(group) = groups.get_mut(&(unit.scope, &*unit.base)) {
                group.original.push(index);
            }
        }
        groups.into_values().filter(|group| !group.original.is_empty()).collect()
    }

    /// All pairs. What is open on both sides under one name is ambiguous.
    pub(super) fn finish(self) -> Vec<Pair> {
        let mut candidates: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut is_candidate = vec![false; self.original.len()];
        for group in self.groups() {
            for patched in group.patched {
                let possible: Vec<usize> = group
                    .original
                    .iter()
                    .copied()
                    .filter(|original| !self.keep_apart.contains(&(*original, patched)))
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
