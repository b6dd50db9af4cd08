//! Variables that have exchanged their users. If a patch exchanges their names only, the patched kernel does what it did, and
//! in a livepatch each goes on with what the other one holds.

use std::collections::BTreeSet;

use crate::record::Note;

use super::moved::{Thing, word};
use super::side::Side;
use super::source::{DataFate, Source};

/// A variable that both the original and the patched object have.
struct Kept {
    thing: Thing,
    before: BTreeSet<String>,
    after: BTreeSet<String>,
}

impl Kept {
    fn is_used_otherwise(&self) -> bool {
        self.before != self.after
    }

    /// Whether it has exactly the users that `other` has lost.
    fn takes_over(&self, other: &Self) -> bool {
        self.is_used_otherwise()
            && other.is_used_otherwise()
            && self.after == other.before
            && !self.after.is_empty()
            && self.thing.has_shape_of(&other.thing)
    }
}

/// The notes about them.
pub(super) fn notes(sources: &[Source<'_>]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (object, source) in sources.iter().enumerate() {
        let Some(original) = &source.original else { continue };
        let kept = kept(object, source, original);
        for one in &kept {
            let Some(other) = kept.iter().find(|other| one.takes_over(other)) else { continue };
            let (name, was) = (&one.thing.name, &other.thing.name);
            let users = one.after.iter().cloned().collect::<Vec<_>>().join(", ");
            let why = format!(
                "it is used by what used {was} before ({users}): if the patch exchanges names, what the kernel has in {was} is \
                 meant, and what it has in {name} is found"
            );
            notes.push(Note::new("state", source.object, name, why));
        }
    }
    notes
}

fn kept(object: usize, source: &Source<'_>, original: &Side<'_>) -> Vec<Kept> {
    let users = |side: &Side<'_>, name: &str| -> BTreeSet<String> {
        side.callers_of(|other| other == name).map(|user| word(&user)).collect()
    };
    let kept = source.data.iter().filter_map(|(span, fate)| {
        let DataFate::Shared(was) = fate else { return None };
        let thing = source.patched.thing(object, *span)?;
        let was = original.thing(object, *was)?;
        let (before, after) = (users(original, &was.name), users(&source.patched, &thing.name));
        (!thing.is_constant()).then_some(Kept { thing, before, after })
    });
    kept.collect()
}
