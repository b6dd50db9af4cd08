//! Numbers of things by where they are in a section.

use crate::places::Places;
use crate::slices::Parts as _;

/// Numbers, in the order of their places.
#[derive(Default)]
pub(super) struct Sorted {
    numbers: Vec<u32>,
    at: Vec<u64>,
    places: Places,
}

impl Sorted {
    /// Of places with their numbers. Of one place, the first stays the first.
    pub(super) fn of(mut all: Vec<(u64, u32)>) -> Self {
        all.sort_by_key(|(at, _)| *at);
        let (at, numbers): (Vec<u64>, Vec<u32>) = all.into_iter().unzip();
        let places = Places::of(at.iter().copied());
        Self { numbers, at, places }
    }

    fn below(&self, offset: u64) -> usize {
        self.places.below(offset, |index| self.at.get(index).copied().unwrap_or(u64::MAX))
    }

    /// Those with `start <= place < end`.
    pub(super) fn within(&self, start: u64, end: u64) -> &[u32] {
        let from = self.below(start);
        let rest = self.at.starting(from);
        // Most stretches hold few.
        let len = rest.iter().take_while(|at| **at < end).count();
        self.numbers.between(from, from.saturating_add(len))
    }

    /// Those at or in front of `offset`.
    pub(super) fn up_to(&self, offset: u64) -> &[u32] {
        let behind = offset.checked_add(1).map_or(self.numbers.len(), |next| self.below(next));
        self.numbers.ending(behind)
    }

    /// Those behind `offset`.
    pub(super) fn behind(&self, offset: u64) -> &[u32] {
        let behind = self.up_to(offset).len();
        self.numbers.starting(behind)
    }
}
