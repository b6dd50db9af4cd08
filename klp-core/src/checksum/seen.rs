//! Lists that hold nothing twice.

use std::hash::Hash;

use foldhash::HashMap;

use crate::slices::SliceParts as _;

/// So few are searched faster than they are found by hash.
const FEW: usize = 32;

/// Different things in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    items: Vec<T>,
    /// Where each is, if they are more than a few.
    positions: HashMap<T, usize>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { items: Vec::new(), positions: HashMap::default() }
    }
}

impl<T: Copy + Eq + Hash> Seen<T> {
    pub(crate) fn items(&self) -> &[T] {
        &self.items
    }

    pub(crate) fn position(&self, item: T) -> Option<usize> {
        if self.items.len() <= FEW {
            self.items.iter().position(|other| *other == item)
        } else {
            self.positions.get(&item).copied()
        }
    }

    /// Adds `item`, unless it is there. Was it new?
    pub(crate) fn add(&mut self, item: T) -> bool {
        if self.position(item).is_some() {
            return false;
        }
        self.items.push(item);
        if self.items.len() > FEW {
            let known = self.positions.len();
            let new = self.items.starting(known).iter().copied();
            self.positions.extend(new.zip(known..));
        }
        true
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.positions.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_there_once_and_where_it_was_first_added() {
        let mut seen = Seen::default();
        for item in (0..100_usize).flat_map(|item| [item * 3, item]) {
            let is_known = seen.items().contains(&item);
            assert_eq!(seen.position(item).is_some(), is_known);
            assert_eq!(seen.add(item), !is_known);
            assert_eq!(seen.items().iter().position(|it| *it == item), seen.position(item));
        }
        seen.clear();
        assert_eq!(seen.position(0), None);
    }
}
