//! In what and at which offset a changed function first differs. Digests tell only which streams
//! differ; the objects tell what is a cause and what only moved.

use std::collections::BTreeMap;

use crate::checksum::{DigestedObject, differences};
use crate::ids::Pair;
use crate::input::Input;
use crate::manifest::FunctionId;

use super::{Changes, ManifestPosition};

/// One of the two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffSide {
    /// Before the patch.
    Original,
    /// After the patch.
    Patched,
}

impl Changes {
    /// Makes the causes exact and adds their offsets, where `open` gives the object of that index in the manifest of
    /// that side.
    pub fn locate(&mut self, open: impl Fn(DiffSide, usize) -> Option<Input>) {
        let mut by_object: BTreeMap<Pair<usize>, Vec<_>> = BTreeMap::new();
        for (at, pair) in self.versions() {
            let objects = pair.map(|home| home.object);
            by_object.entry(objects).or_default().push((at, pair.map(|home| home.function)));
        }
        for (objects, functions) in by_object {
            let old = open(DiffSide::Original, objects.original);
            let Some((old, new)) = old.zip(open(DiffSide::Patched, objects.patched)) else {
                continue;
            };
            if let (Ok(old), Ok(new)) =
                rayon::join(|| DigestedObject::of(&old), || DigestedObject::of(&new))
            {
                self.explain(&functions, &old, &new);
            }
        }
    }

    /// The same for the changes between two manifests of one object each, which were digested already.
    pub(super) fn locate_in(
        &mut self,
        original: &DigestedObject<'_>,
        patched: &DigestedObject<'_>,
    ) {
        let functions: Vec<_> =
            self.versions().map(|(at, pair)| (at, pair.map(|home| home.function))).collect();
        self.explain(&functions, original, patched);
    }

    /// The functions that both builds have, and where.
    fn versions(&self) -> impl Iterator<Item = (usize, Pair<ManifestPosition>)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(at, place)| {
            Some((at, Pair { original: place.original?, patched: place.patched? }))
        })
    }

    /// `functions` are the position here, and which they are in the manifests' objects.
    fn explain(
        &mut self,
        functions: &[(usize, Pair<FunctionId>)],
        original: &DigestedObject<'_>,
        patched: &DigestedObject<'_>,
    ) {
        if functions.is_empty() {
            return;
        }
        let pairs: Vec<_> = functions.iter().map(|(_, pair)| *pair).collect();
        for ((index, _), found) in functions.iter().zip(differences(original, patched, &pairs)) {
            if let Some(function) = self.functions.get_mut(*index).filter(|_| !found.is_empty()) {
                function.causes = found;
            }
        }
    }
}
