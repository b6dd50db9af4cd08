//! A name that meant a global symbol and now means a local one, or the other way round.
//!
//! Where the object defines the name in both builds, only its scope changed (`static` was added or
//! taken away). Where it does not, a function now refers to something else of the same name.

use std::collections::BTreeSet;

use crate::manifest::{Function, Object};
use crate::name;

/// Names that mean another thing in the patched object than in the original.
pub(super) struct Moved(BTreeSet<Vec<u8>>);

impl Moved {
    pub(super) fn of(original: &Object, patched: &Object) -> Self {
        let mut moved = crossing(&original.globals, &patched.locals);
        moved.extend(crossing(&original.locals, &patched.globals));
        moved.retain(|name| !(defines(original, name) && defines(patched, name)));
        Self(moved)
    }

    /// Whether `function` of `object` refers to one of them.
    pub(super) fn concerns(&self, object: &Object, function: &Function) -> bool {
        !self.0.is_empty()
            && function
                .references
                .iter()
                .filter_map(|index| object.symbol(*index))
                .any(|(name, _)| self.0.contains(name::base(name.as_bytes()).as_ref()))
    }
}

fn crossing(before: &[String], after: &[String]) -> BTreeSet<Vec<u8>> {
    let base = |name: &String| name::base(name.as_bytes()).into_owned();
    let before: BTreeSet<Vec<u8>> = before.iter().map(base).collect();
    after.iter().map(base).filter(|name| before.contains(name)).collect()
}

fn defines(object: &Object, wanted: &[u8]) -> bool {
    let is = |name: &str| name::base(name.as_bytes()) == wanted;
    object
        .functions
        .iter()
        .any(|function| is(&function.name) || function.aliases.iter().any(|name| is(name)))
        || object.data.iter().any(|data| data.name.as_deref().is_some_and(is))
}
