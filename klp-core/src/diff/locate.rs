//! In what and at which offset a changed function first differs. Digests tell only which streams
//! differ; the objects tell what is a cause and what only moved.

use std::collections::BTreeMap;

use crate::checksum::{Analysis, Checksums, differences};
use crate::input::Input;

use super::Changes;

/// One of the two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before the patch.
    Original,
    /// After the patch.
    Patched,
}

impl Changes {
    /// Makes the causes exact and adds their offsets, where `open` gives the object of that index in the manifest of
    /// that side.
    pub fn locate(&mut self, open: impl Fn(Side, usize) -> Option<Input>) {
        let mut by_object: BTreeMap<(usize, usize), Vec<_>> = BTreeMap::new();
        for (index, place) in self.places.iter().enumerate() {
            if let (Some((old, before)), Some((new, after))) = (place.original, place.patched) {
                by_object.entry((old, new)).or_default().push((index, before, after));
            }
        }
        for ((old, new), functions) in by_object {
            let Some((old, new)) = open(Side::Original, old).zip(open(Side::Patched, new)) else {
                continue;
            };
            let (Ok(old), Ok(new)) = (Analysis::of(&old), Analysis::of(&new)) else { continue };
            let (old_sums, new_sums) = (old.checksums(), new.checksums());
            for (index, before, after) in functions {
                let pair = numbered(&old_sums, before).zip(numbered(&new_sums, after));
                let Some(((before, after), function)) = pair.zip(self.functions.get_mut(index))
                else {
                    continue;
                };
                let found = differences((&old, &old_sums, before), (&new, &new_sums, after));
                if !found.is_empty() {
                    function.causes = found;
                }
            }
        }
    }
}

/// The layout's number of the `index`-th function that a manifest lists.
fn numbered(checksums: &Checksums, index: usize) -> Option<usize> {
    let listed = checksums.functions.iter().enumerate().filter(|(_, function)| function.is_some());
    listed.map(|(number, _)| number).nth(index)
}
