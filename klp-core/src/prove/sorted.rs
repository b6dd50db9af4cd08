//! Ids of things by where they are in a section.

use crate::places::PlaceIndex;
use crate::slices::SliceParts as _;

/// Ids, in the order of their places.
pub(super) struct Sorted<I> {
    ids: Vec<I>,
    at: Vec<u64>,
    places: PlaceIndex,
}

impl<I: Copy> Sorted<I> {
    /// Of places with their ids. Of one place, the first stays the first.
    pub(super) fn of(all: &[(u64, I)]) -> Self {
        let mut all = all.to_vec();
        all.sort_by_key(|(at, _)| *at);
        let (at, ids): (Vec<u64>, Vec<I>) = all.into_iter().unzip();
        let places = PlaceIndex::of(at.iter().copied());
        Self { ids, at, places }
    }

    fn below(&self, offset: u64) -> usize {
        self.places.below(offset, |index| self.at.get(index).copied().unwrap_or(u64::MAX))
    }

    /// Those with `start <= place < end`.
    pub(super) fn within(&self, start: u64, end: u64) -> &[I] {
        let from = self.below(start);
        let rest = self.at.starting(from);
        // Most stretches hold few.
        let len = rest.iter().take_while(|at| **at < end).count();
        self.ids.between(from, from.saturating_add(len))
    }

    /// Those at or in front of `offset`.
    pub(super) fn up_to(&self, offset: u64) -> &[I] {
        let behind = offset.checked_add(1).map_or(self.ids.len(), |next| self.below(next));
        self.ids.ending(behind)
    }

    /// Those behind `offset`.
    pub(super) fn behind(&self, offset: u64) -> &[I] {
        let behind = self.up_to(offset).len();
        self.ids.starting(behind)
    }
}
