//! Global symbols that have another name in the patched build: Rust numbers closures and impl blocks.
//! What one object defines under a new name, others refer to by it.

use std::collections::BTreeMap;

use super::unit::base;
use super::{Both, Correlation};

/// The new name of each global function and data object whose name is not fixed, by the old one.
#[derive(Debug, Default)]
pub struct Renames(BTreeMap<String, Option<String>>);

impl Renames {
    /// Collects them from all pairs of objects.
    pub fn of<'a, 'o: 'a>(
        correlated: impl Iterator<Item = (&'a Both<'o>, &'a Correlation)>,
    ) -> Self {
        let mut renames = Self::default();
        for (Both { original, patched, .. }, correlation) in correlated {
            for (before, after) in correlation.function_pairs() {
                let Some((before, after)) =
                    original.functions.get(before).zip(patched.functions.get(after))
                else {
                    continue;
                };
                if before.file.is_none() && after.file.is_none() {
                    renames.add(&before.name, &after.name);
                }
            }
            for (before, after) in correlation.data_pairs() {
                let pair = original.data.get(before).zip(patched.data.get(after));
                let pair = pair.filter(|(one, other)| one.file.is_none() && other.file.is_none());
                let names =
                    pair.and_then(|(one, other)| one.name.as_ref().zip(other.name.as_ref()));
                if let Some((before, after)) = names {
                    renames.add(before, after);
                }
            }
        }
        renames
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
