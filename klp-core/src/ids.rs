//! Positions in lists, each of a type of its own: that of a section is none of a symbol, and does not compile as one.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Index;

use rayon::prelude::*;

use crate::slices::SliceParts as _;

/// The position of an `Of` in the list that holds them. Whoever made the list made it, so that it is good there.
pub struct Id<Of> {
    number: u32,
    of: PhantomData<fn() -> Of>,
}

impl<Of> Id<Of> {
    /// The one with that number, of which the caller knows that it is in the list.
    pub(crate) const fn known(number: u32) -> Self {
        Self { number, of: PhantomData }
    }

    /// A list that is longer than numbers go has nothing at the last of them.
    pub(crate) fn of_position(position: usize) -> Self {
        Self::known(u32::try_from(position).unwrap_or(u32::MAX))
    }

    /// The number for people and for files.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    pub(crate) const fn position(self) -> usize {
        self.number as usize
    }
}

impl<Of> Clone for Id<Of> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Of> Copy for Id<Of> {}

/// The id of the first.
impl<Of> Default for Id<Of> {
    fn default() -> Self {
        Self::known(0)
    }
}

impl<Of> PartialEq for Id<Of> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<Of> Eq for Id<Of> {}

impl<Of> PartialOrd for Id<Of> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Of> Ord for Id<Of> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl<Of> Hash for Id<Of> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<Of> fmt::Display for Id<Of> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.number, f)
    }
}

impl<Of> fmt::Debug for Id<Of> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.number, f)
    }
}

/// What is of both objects, such as ids of one thing in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair<T> {
    /// Of the original.
    pub original: T,
    /// Of the patched object.
    pub patched: T,
}

impl<T> Pair<T> {
    /// The pair of what `change` makes of each.
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Pair<U> {
        Pair { original: change(self.original), patched: change(self.patched) }
    }
}

/// A list whose entries are found by ids `I` only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<I, T> {
    entries: Vec<T>,
    ids: PhantomData<fn() -> I>,
}

impl<Of, T> List<Id<Of>, T> {
    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.entries.iter()
    }

    /// The same, to change them.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.entries.iter_mut()
    }

    /// All entries with their ids, in their order.
    #[must_use]
    pub fn with_ids(&self) -> impl ExactSizeIterator<Item = (&T, Id<Of>)> + DoubleEndedIterator {
        self.entries.iter().enumerate().map(|(at, entry)| (entry, Id::of_position(at)))
    }

    /// The ids of all entries, in their order, to look them up while the list changes.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id<Of>> + use<Of, T> {
        (0..self.len()).map(Id::of_position)
    }

    /// The entry; none of a list that ends before the one whose ids it goes by.
    #[must_use]
    pub fn get(&self, id: Id<Of>) -> Option<&T> {
        self.entries.get(id.position())
    }

    /// The entries at positions from `start` up to `end`, with their ids.
    pub(crate) fn between(
        &self,
        start: usize,
        end: usize,
    ) -> impl ExactSizeIterator<Item = (&T, Id<Of>)> {
        let entries = self.entries.between(start, end).iter().enumerate();
        entries.map(move |(at, entry)| (entry, Id::of_position(start.saturating_add(at))))
    }

    /// All entries, where their ids do not matter.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.entries
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: T) -> Id<Of> {
        let id = self.next_id();
        self.entries.push(entry);
        id
    }

    /// The id of what is added next.
    pub(crate) fn next_id(&self) -> Id<Of> {
        Id::of_position(self.len())
    }

    /// A list of something else that has the same ids.
    pub(crate) fn alongside<V: Default>(&self) -> List<Id<Of>, V> {
        self.iter().map(|_| V::default()).collect()
    }

    /// The id of a number that somebody else wrote, if there is such an entry.
    #[must_use]
    pub fn checked(&self, number: usize) -> Option<Id<Of>> {
        (number < self.len()).then(|| Id::of_position(number))
    }
}

impl<Of, T: Sync> List<Id<Of>, T> {
    /// All entries with their ids, for several threads.
    pub(crate) fn par_with_ids(&self) -> impl IndexedParallelIterator<Item = (&T, Id<Of>)> {
        self.entries.par_iter().enumerate().map(|(at, entry)| (entry, Id::of_position(at)))
    }
}

impl<I, T> Default for List<I, T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<I, T> From<Vec<T>> for List<I, T> {
    fn from(entries: Vec<T>) -> Self {
        Self { entries, ids: PhantomData }
    }
}

impl<I, T> FromIterator<T> for List<I, T> {
    fn from_iter<It: IntoIterator<Item = T>>(entries: It) -> Self {
        Self::from(Vec::from_iter(entries))
    }
}

impl<Of, T> Index<Id<Of>> for List<Id<Of>, T> {
    type Output = T;

    fn index(&self, id: Id<Of>) -> &T {
        &self.entries[id.position()]
    }
}

impl<Of, T> std::ops::IndexMut<Id<Of>> for List<Id<Of>, T> {
    fn index_mut(&mut self, id: Id<Of>) -> &mut T {
        &mut self.entries[id.position()]
    }
}

impl<I, T> IntoIterator for List<I, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a, I, T> IntoIterator for &'a mut List<I, T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter_mut()
    }
}

impl<'a, I, T> IntoIterator for &'a List<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}
