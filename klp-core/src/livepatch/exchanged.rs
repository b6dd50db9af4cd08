//! Variables that have exchanged their users, and functions that have exchanged their code. If a patch exchanges their names
//! only, the patched kernel does what it did, and in a livepatch each variable goes on with what the other one holds, and what
//! the kernel keeps of a function leads to the other one.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Note;

use super::moved::{NamedData, word};
use super::side::ObjectSide;
use super::source::{CorrelatedObject, CorrelatedObjects, DataFate, Fate, TouchedId};

/// A variable of the original and its users. One that is gone has none after the patch.
struct Used {
    thing: NamedData,
    before: BTreeSet<String>,
    after: BTreeSet<String>,
}

impl Used {
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
pub(super) fn notes(sources: &CorrelatedObjects<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    for (source, object) in sources.with_ids() {
        let Some(original) = &source.original else { continue };
        notes.extend(functions(source, original));
        let names = touched(source, original);
        let users = (users(original, &names), users(&source.patched, &names));
        let kept = kept(object, source, original, &users);
        let gone = gone(object, source, original, &users.0);
        for one in &kept {
            let mut others = kept.iter().chain(&gone);
            let Some(other) = others.find(|other| one.takes_over(other)) else { continue };
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

/// The functions that refer to each name.
type FunctionsByName<'s> = BTreeMap<&'s str, BTreeSet<String>>;

/// What functions refer to that change: nothing else has other users than before.
fn touched<'s>(
    source: &'s CorrelatedObject<'_>,
    original: &'s ObjectSide<'_>,
) -> BTreeSet<&'s str> {
    let changed = source.fates.with_ids().filter_map(|(fate, is)| match fate {
        Some(Fate::Changed(was)) => Some((*was, is)),
        _ => None,
    });
    let names = changed.flat_map(|(was, is)| {
        let before = original.names_in(original.record(was));
        before.chain(source.patched.names_in(source.patched.record(is)))
    });
    names.collect()
}

fn users<'s>(side: &'s ObjectSide<'_>, names: &BTreeSet<&str>) -> FunctionsByName<'s> {
    let mut users = FunctionsByName::new();
    for function in side.records() {
        for name in side.names_in(function).filter(|name| names.contains(name)) {
            users.entry(name).or_default().insert(word(function.name));
        }
    }
    users
}

fn of(users: &FunctionsByName<'_>, name: &str) -> BTreeSet<String> {
    users.get(name).cloned().unwrap_or_default()
}

fn kept(
    object: TouchedId,
    source: &CorrelatedObject<'_>,
    original: &ObjectSide<'_>,
    (before, after): &(FunctionsByName<'_>, FunctionsByName<'_>),
) -> Vec<Used> {
    let kept = source.data.iter().filter_map(|(span, fate)| {
        let DataFate::Shared(was) = fate else { return None };
        let thing = source.patched.thing(object, *span)?;
        let was = original.thing(object, *was)?;
        let (before, after) = (of(before, &was.name), of(after, &thing.name));
        (!thing.is_constant()).then_some(Used { thing, before, after })
    });
    kept.collect()
}

fn gone(
    object: TouchedId,
    source: &CorrelatedObject<'_>,
    original: &ObjectSide<'_>,
    users: &FunctionsByName<'_>,
) -> Vec<Used> {
    let gone = source.gone().into_iter().filter_map(|(span, name, _)| {
        let (thing, before) = (original.thing(object, span)?, of(users, &name));
        Some(Used { thing, before, after: BTreeSet::new() })
    });
    gone.collect()
}

/// Two functions of which each has the code of the other one.
fn functions(source: &CorrelatedObject<'_>, original: &ObjectSide<'_>) -> Vec<Note> {
    let digest = |side: &ObjectSide<'_>, number| side.record(number).checksum;
    let changed = source.fates.with_ids().filter_map(|(fate, number)| match fate {
        Some(Fate::Changed(was)) => {
            Some((number, digest(original, *was)?, digest(&source.patched, number)?))
        }
        _ => None,
    });
    let changed: Vec<_> = changed.filter(|(_, was, is)| was != is).collect();
    let notes = changed.iter().filter_map(|(number, was, is)| {
        let (other, ..) = changed.iter().find(|(_, other, now)| (is, was) == (other, now))?;
        let (name, other) = (source.name_of(*number), source.name_of(*other));
        let why = format!(
            "it has the code of {other}, and {other} has its own: if the patch exchanges names, pointers that the kernel \
             keeps lead to the other one"
        );
        Some(Note::new("renamed", source.object, &name, why))
    });
    notes.collect()
}
