//! Many short lists in one piece of memory.

use std::borrow::Cow;

use bitcode::{Decode, Encode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// Lists, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Lists<T> {
    items: Vec<T>,
    /// Where each list ends. An object's symbols are counted in 32 bits, and so is what it says of them.
    ends: Vec<u32>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { items: Vec::new(), ends: Vec::new() }
    }
}

impl<T: Copy> Lists<T> {
    /// Room for so many lists with so many items in all.
    pub(crate) fn with_capacity(lists: usize, items: usize) -> Self {
        Self { items: Vec::with_capacity(items), ends: Vec::with_capacity(lists) }
    }

    /// The list of that position; empty if there is none.
    #[must_use]
    #[inline]
    pub fn get(&self, position: usize) -> &[T] {
        let range = range(&self.ends, position);
        range.and_then(|range| self.items.get(range)).unwrap_or_default()
    }

    /// The items of all lists.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The same lists of what `change` makes of each item.
    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Lists<U> {
        Lists { items: self.items.into_iter().map(change).collect(), ends: self.ends }
    }

    /// Adds to the list that ends next.
    pub(crate) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        self.items.extend(items);
    }

    /// Ends a list.
    pub(crate) fn end(&mut self) {
        self.ends.push(number(self.items.len()));
    }

    pub(crate) fn push(&mut self, list: &[T]) {
        self.items.extend_from_slice(list);
        self.end();
    }

    /// All of `parts`, one behind the other.
    pub(crate) fn concat<'a>(parts: impl Iterator<Item = &'a Self> + Clone) -> Self
    where
        T: 'a,
    {
        let items = parts.clone().map(|part| part.items.len()).sum();
        let mut all = Self::with_capacity(parts.clone().map(|part| part.ends.len()).sum(), items);
        for part in parts {
            append(&mut all.ends, &part.ends, all.items.len());
            all.items.extend_from_slice(&part.items);
        }
        all
    }

    /// Whether these are `count` lists.
    pub(crate) fn are(&self, count: usize) -> bool {
        self.ends.len() == count && are_ends(&self.ends, self.items.len())
    }
}

/// Strings, one behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Strings {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Strings {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The one of that position.
    #[must_use]
    #[inline]
    pub fn get(&self, position: usize) -> Option<&str> {
        self.text.get(range(&self.ends, position)?)
    }

    /// The same; empty if there is none.
    #[inline]
    pub(crate) fn text(&self, position: usize) -> &str {
        self.get(position).unwrap_or_default()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|position| self.get(position))
    }

    /// Adds to the string that ends next.
    pub(crate) fn extend(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Ends a string.
    pub(crate) fn end(&mut self) {
        self.ends.push(number(self.text.len()));
    }

    pub(crate) fn push(&mut self, string: &str) {
        self.extend(string);
        self.end();
    }

    /// All of `parts`, one behind the other.
    pub(crate) fn concat<'a>(parts: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let mut all = Self {
            text: String::with_capacity(parts.clone().map(|part| part.text.len()).sum()),
            ends: Vec::with_capacity(parts.clone().map(|part| part.ends.len()).sum()),
        };
        for part in parts {
            append(&mut all.ends, &part.ends, all.text.len());
            all.text.push_str(&part.text);
        }
        all
    }

    /// Whether these are `count` strings.
    pub(crate) fn are(&self, count: usize) -> bool {
        let is_boundary = |end: &u32| self.text.is_char_boundary(*end as usize);
        self.ends.len() == count
            && are_ends(&self.ends, self.text.len())
            && self.ends.iter().all(is_boundary)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Strings {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut all = Self::default();
        for string in strings {
            all.push(string.as_ref());
        }
        all
    }
}

impl JsonSchema for Strings {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Strings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

impl Serialize for Strings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<String>::deserialize(deserializer)?.into_iter().collect())
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[inline]
fn range(ends: &[u32], position: usize) -> Option<std::ops::Range<usize>> {
    let start = position.checked_sub(1).map_or(Some(&0), |before| ends.get(before))?;
    Some(*start as usize..*ends.get(position)? as usize)
}

/// Adds the ends of what comes behind `length` items.
fn append(ends: &mut Vec<u32>, others: &[u32], length: usize) {
    let length = number(length);
    ends.extend(others.iter().map(|end| end.saturating_add(length)));
}

fn are_ends(ends: &[u32], length: usize) -> bool {
    ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(lists: &[&[u8]]) -> Lists<u8> {
        let mut all = Lists::default();
        for list in lists {
            all.push(list);
        }
        all
    }

    #[test]
    fn lists_are_found_by_index_and_put_together() {
        let parts = [lists(&[b"one", b"", b"three"]), lists(&[]), lists(&[b"", b"5"])];
        let all = Lists::concat(parts.iter());
        assert_eq!(all, lists(&[b"one", b"", b"three", b"", b"5"]));
        let found: Vec<&[u8]> = (0..6).map(|index| all.get(index)).collect();
        assert_eq!(found, [&b"one"[..], b"", b"three", b"", b"5", b""]);
    }

    #[test]
    fn strings_are_found_by_index_and_put_together() {
        let parts = [Strings::from_iter(["äh", ""]), Strings::default(), Strings::from_iter(["ö"])];
        let all = Strings::concat(parts.iter());
        assert_eq!(all, Strings::from_iter(["äh", "", "ö"]));
        assert_eq!(all.iter().collect::<Vec<_>>(), ["äh", "", "ö"]);
        assert_eq!((all.get(1), all.get(3)), (Some(""), None));
    }

    #[test]
    fn what_was_read_is_told_from_what_never_was_written() {
        let whole = lists(&[b"one", b"two"]);
        assert!(whole.are(2) && !whole.are(1) && !whole.are(3));
        for ends in [vec![3], vec![3, 5], vec![3, 7], vec![7, 6], vec![u32::MAX, 6]] {
            assert!(!Lists { ends: ends.clone(), ..whole.clone() }.are(2), "{ends:?}");
        }
        let whole = Strings::from_iter(["ä", "h"]);
        assert!(whole.are(2) && !Strings { ends: vec![1, 3], ..whole }.are(2));
    }
}
