//! How much the units of an object may meet behind themselves, all together.
//!
//! A digest covers all that a unit leads to, so that data behind many units is met for each of them. Where thousands
//! of functions share thousands of constants, this and the lists of what is named there grow with the square of the file.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::elf::ElfObject;

/// What a unit may meet in any case.
const FREE: usize = 1024;

/// How often the size of the file, and what any file may have.
const TIMES: usize = 2;
const ALWAYS: usize = 1 << 20;

/// Counts nodes, edges and symbols, without those that are free.
#[derive(Debug, Default)]
pub(super) struct WalkBudget {
    most: usize,
    spent: AtomicUsize,
}

/// The walk of one unit.
pub(super) struct CountedWalk<'b> {
    budget: &'b WalkBudget,
    met: usize,
}

impl WalkBudget {
    pub(super) fn of(elf: &ElfObject<'_>) -> Self {
        let sizes = elf.sections.iter().map(|section| section.data.len());
        let size = sizes.fold(0, usize::saturating_add);
        let most = size.saturating_mul(TIMES).saturating_add(ALWAYS);
        Self { most, spent: AtomicUsize::new(0) }
    }

    /// What is free, and nothing else: who meets more does so wherever others come first.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed) > self.most
    }

    pub(super) fn walk(&self) -> CountedWalk<'_> {
        CountedWalk { budget: self, met: 0 }
    }
}

impl CountedWalk<'_> {
    /// Counts `more`. None if that is too much.
    pub(super) fn meet(&mut self, more: usize) -> Option<()> {
        self.met = self.met.saturating_add(more);
        if self.met > FREE {
            self.budget.spent.fetch_add(more, Ordering::Relaxed);
            if self.budget.is_spent() {
                return None;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_few_meet_is_free_and_the_rest_is_counted_together() {
        let budget = WalkBudget { most: 3000, spent: AtomicUsize::new(0) };
        assert!((0..100).all(|_| budget.walk().meet(FREE).is_some()));
        let mut walks = (0..4).map(|_| budget.walk().meet(FREE + 1).is_some());
        assert_eq!(walks.by_ref().collect::<Vec<_>>(), [true, true, false, false]);
        assert!(budget.is_spent());
        let nothing = WalkBudget::nothing();
        assert!(nothing.walk().meet(FREE).is_some() && !nothing.is_spent());
        assert!(nothing.walk().meet(FREE + 1).is_none() && nothing.is_spent());
    }
}
