//! What an object says about its symbols, where that differs.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{Fact, ManifestObject};
use crate::record::{Change, Note};

use super::Changes;

/// The notes about two objects of one name. `changes` are those between them.
pub(super) fn of(
    original: &ManifestObject,
    patched: &ManifestObject,
    changes: &Changes,
    object: &str,
) -> Vec<Note> {
    let (before, after) = (facts(original), facts(patched));
    let about = |facts: &Facts<'_>| facts.keys().map(|(about, _)| (*about).to_owned()).collect();
    let (told_before, told_after): (BTreeSet<String>, BTreeSet<String>) =
        (about(&before), about(&after));
    let new_or_gone = new_or_gone(changes);
    let keys: BTreeSet<(&str, &str)> = before.keys().chain(after.keys()).copied().collect();
    let mut notes = Vec::new();
    for key in keys {
        let (about, name) = key;
        let (then, now) = (before.get(&key), after.get(&key));
        // objtool makes the list for what is linked last: an object without one says nothing.
        let says_nothing =
            about == "seal" && !(told_before.contains(about) && told_after.contains(about));
        if then == now || says_nothing || new_or_gone.contains(name) {
            continue;
        }
        let name = if name.is_empty() { object } else { name };
        notes.push(Note::new(about, object, name, why(about, then.copied(), now.copied())));
    }
    notes
}

type Facts<'a> = BTreeMap<(&'a str, &'a str), &'a str>;

fn facts(object: &ManifestObject) -> Facts<'_> {
    let facts = object.facts.iter();
    facts
        .map(|Fact { about, name, says }| ((about.as_str(), name.as_str()), says.as_str()))
        .collect()
}

/// What is in one build only: nothing else needs to be said about it.
fn new_or_gone(changes: &Changes) -> BTreeSet<&str> {
    let functions = changes.functions.iter().filter(|one| one.change != Change::Changed);
    let data = changes.data.iter().filter(|one| one.change != Change::Changed);
    let names = functions.map(|one| one.name.as_str());
    names.chain(data.filter_map(|one| one.name.as_deref())).collect()
}

fn why(about: &str, before: Option<&str>, after: Option<&str>) -> String {
    let said = |says: Option<&str>| match says {
        None => "nothing".to_owned(),
        Some("") => "yes".to_owned(),
        Some(says) => says.to_owned(),
    };
    let is_new = before.is_none();
    let (before, after) = (said(before), said(after));
    let what = match about {
        "seal" => "ENDBR that the kernel takes away at boot",
        "binding" => "weak symbol",
        // Nobody uses it yet.
        "export" if is_new => "export",
        "export" => "export (modules that use it may load no more)",
        "license" => "licence",
        other => other,
    };
    format!("{what}: {before} before the patch, {after} with it")
}
