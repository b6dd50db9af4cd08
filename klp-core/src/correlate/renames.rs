//! Global symbols that have another name in the patched build: Rust numbers closures and impl blocks.
//! What one object defines under a new name, others refer to by it.

use std::collections::BTreeMap;

use crate::manifest::ManifestObject;

use super::unit::base;
use super::{BothObjects, Correlation};

/// The new name of each global function and data object whose name is not fixed, by the old one.
#[derive(Debug, Default)]
pub struct Renames(BTreeMap<String, Option<String>>);

impl Renames {
    /// Adds those of two objects.
    pub fn add_pair(&mut self, both: &BothObjects<'_>, correlation: &Correlation) {
        let BothObjects { original, patched, .. } = both;
        for pair in correlation.function_pairs() {
            let before = original.functions.get(pair.original);
            let after = patched.functions.get(pair.patched);
            if before.file.is_none() && after.file.is_none() {
                self.add(before.name, after.name);
            }
        }
        for pair in correlation.data_pairs() {
            let (one, other) = (original.data.get(pair.original), patched.data.get(pair.patched));
            if let (Some(before), Some(after)) = (one.name, other.name)
                && one.file.is_none()
                && other.file.is_none()
            {
                self.add(before, after);
            }
        }
    }

    /// Adds what an object defines that is the same in both builds.
    pub fn add_same(&mut self, object: &ManifestObject) {
        for function in object.functions.iter().filter(|one| one.file.is_none()) {
            self.add(function.name, function.name);
        }
        for name in object.data.iter().filter(|one| one.file.is_none()).filter_map(|one| one.name) {
            self.add(name, name);
        }
    }

    /// Whether all that `object` refers to elsewhere has kept its name.
    #[must_use]
    pub fn keep(&self, object: &ManifestObject) -> bool {
        object.globals.iter().all(|name| self.agree(name, name))
    }

    fn add(&mut self, before: &str, after: &str) {
        if base(before) == before {
            return;
        }
        self.0
            .entry(before.to_owned())
            .and_modify(|known| *known = known.take().filter(|known| known == after))
            .or_insert_with(|| Some(after.to_owned()));
    }

    /// Whether `before` and `after` are one symbol that neither object defines.
    pub(super) fn agree(&self, before: &str, after: &str) -> bool {
        match self.0.get(before) {
            Some(known) => known.as_deref() == Some(after),
            None => before == after,
        }
    }
}
