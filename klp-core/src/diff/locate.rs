//! In what and at which offset a changed function first differs. Digests tell only which streams
//! differ; the objects tell what is a cause and what only moved.

use std::collections::BTreeMap;

use crate::checksum::{Digested, differences};
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
        for (index, old, new) in self.versions() {
            by_object.entry((old.0, new.0)).or_default().push((index, old.1, new.1));
        }
        for ((old, new), functions) in by_object {
            let Some((old, new)) = open(Side::Original, old).zip(open(Side::Patched, new)) else {
                continue;
            };
            if let (Ok(old), Ok(new)) = rayon::join(|| Digested::of(&old), || Digested::of(&new)) {
                self.explain(&functions, &old, &new);
            }
        }
    }

    /// The same for the changes between two manifests of one object each, which were digested already.
    pub(super) fn locate_in(&mut self, original: &Digested<'_>, patched: &Digested<'_>) {
        let functions: Vec<_> =
            self.versions().map(|(index, old, new)| (index, old.1, new.1)).collect();
        self.explain(&functions, original, patched);
    }

    /// The functions that both builds have, and where.
    fn versions(&self) -> impl Iterator<Item = (usize, (usize, usize), (usize, usize))> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(index, place)| Some((index, place.original?, place.patched?)))
    }

    /// `functions` are the index here, and those in the manifests' objects.
    fn explain(
        &mut self,
        functions: &[(usize, usize, usize)],
        original: &Digested<'_>,
        patched: &Digested<'_>,
    ) {
        if functions.is_empty() {
            return;
        }
        let pairs: Vec<_> = functions.iter().map(|(_, before, after)| (*before, *after)).collect();
        for ((index, ..), found) in functions.iter().zip(differences(original, patched, &pairs)) {
            if let Some(function) = self.functions.get_mut(*index).filter(|_| !found.is_empty()) {
                function.causes = found;
            }
        }
    }
}
