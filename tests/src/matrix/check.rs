//! What was found, against what is expected.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};
use klp_core::Manifest;
use klp_core::checksum::ContentKind;
use klp_core::demangle::demangle;
use klp_core::diff::{Changes, DiffSide, compare, compare_and_prove};
use klp_core::input::Input;
use klp_core::manifest::ManifestObject;
use klp_core::record::{Change, ChangedData};
use serde_json::Value;

use super::input::{Expected, Kinds};

/// Names in the object that a linked input follows.
const FILLER: &str = "filler_";

/// Compares two objects in both directions; `explained` is the input of which both versions are looked at side by side.
pub(super) fn check(
    original: &[u8],
    patched: &[u8],
    expected: &Expected,
    explained: Option<&str>,
) -> Result<()> {
    let (before, after) = (manifest(original)?, manifest(patched)?);
    for same in [&before, &after] {
        let changes = compare(same, same);
        let changes = Found::of(&changes).items;
        let changes: Vec<_> = changes.iter().filter(|item| !item.starts_with("refused")).collect();
        ensure!(changes.is_empty(), "an object differs from itself: {changes:?}");
    }
    let open = |side: DiffSide, (original, patched): (&[u8], &[u8])| {
        let bytes = if side == DiffSide::Original { original } else { patched };
        Some(Input::Read(bytes.to_vec()))
    };
    let forth = |side, _| open(side, (original, patched));
    let mut changes = compare_and_prove(&before, &after, forth);
    changes.locate(forth);
    let found = Found::of(&changes);
    let mut problems = found.problems(expected);
    if let Some(input) = explained {
        problems += &super::explained::problems(input, [original, patched], &changes)?;
    }
    let mut back =
        Found::of(&compare_and_prove(&after, &before, |side, _| open(side, (patched, original))));
    back.turn_round();
    let is_seen_back = match expected.any_of.as_slice() {
        [] => back.items == found.items,
        // Which of them it is can be another.
        _ => !back.items.is_empty(),
    };
    if !expected.one_way && !is_seen_back {
        let _ = writeln!(problems, "the other way round it is {:?}", back.items);
    }
    if problems.is_empty() {
        return Ok(());
    }
    let mut records = String::new();
    for record in changes.records() {
        let record = serde_json::to_string(&record)?;
        if !record.contains(FILLER) && !record.contains("\"reason\":\"version\"") {
            let _ = writeln!(records, "  {record}");
        }
    }
    bail!("{problems}{records}");
}

/// The manifest of one object, written to a file's bytes and read again.
fn manifest(object: &[u8]) -> Result<Manifest> {
    let manifest = Manifest::from_iter([ManifestObject::of(object, "input.o", None)?]);
    let mut bytes = Vec::new();
    manifest.write(&mut bytes)?;
    let read = Manifest::read(bytes.as_slice())?;
    ensure!(read == manifest, "the manifest is not what was written");
    Ok(read)
}

/// What was found, in the words of directives.
#[derive(Debug, Default)]
struct Found {
    items: BTreeSet<String>,
    kinds: BTreeMap<String, BTreeSet<String>>,
    causes: BTreeMap<String, BTreeSet<String>>,
    readers: BTreeMap<String, BTreeSet<String>>,
    unlocated: BTreeSet<String>,
}

impl Found {
    fn of(changes: &Changes) -> Self {
        let mut found = Self::default();
        for function in &changes.functions {
            let name = function.demangled.clone().unwrap_or_else(|| function.name.clone());
            found.add(word("", function.change), &name);
            if function.change == Change::Changed {
                if function.causes.iter().any(|cause| cause.offset.is_none()) {
                    found.unlocated.insert(name.clone());
                }
                let kinds = function.causes.iter().map(|cause| word_of(cause.kind)).collect();
                found.kinds.insert(name, kinds);
            }
        }
        for data in &changes.data {
            let name = data.name.as_ref().unwrap_or(&data.section);
            let name = demangle(name).unwrap_or_else(|| name.clone());
            found.add(word("data-", data.change), &name);
            let readers =
                data.read_by.iter().map(|name| demangle(name).unwrap_or_else(|| name.clone()));
            found.readers.insert(name.clone(), readers.collect());
            found.causes.insert(name, causes(data));
        }
        for (name, code) in notes(changes) {
            found.add("note", &format!("{} {code}", demangle(&name).unwrap_or(name)));
        }
        for refused in &changes.refused {
            found.add("refused", &demangle(&refused.name).unwrap_or_else(|| refused.name.clone()));
        }
        found
    }

    fn add(&mut self, word: &str, name: &str) {
        if !name.starts_with(FILLER) {
            self.items.insert(format!("{word} {name}"));
        }
    }

    fn turn_round(&mut self) {
        let turned = self.items.iter().map(|item| match item.split_once(' ') {
            Some(("added", name)) => format!("removed {name}"),
            Some(("removed", name)) => format!("added {name}"),
            Some(("data-added", name)) => format!("data-removed {name}"),
            Some(("data-removed", name)) => format!("data-added {name}"),
            _ => item.clone(),
        });
        self.items = turned.collect();
    }

    fn problems(&self, expected: &Expected) -> String {
        let mut problems = String::new();
        for item in expected.items.difference(&self.items) {
            let _ = writeln!(problems, "missed: {item}");
        }
        let may = |item: &&String| {
            expected.may.contains(*item) || expected.any_of.iter().any(|any| any.contains(*item))
        };
        for item in self.items.difference(&expected.items).filter(|item| !may(item)) {
            let _ = writeln!(problems, "too many: {item}");
        }
        for any in expected.any_of.iter().filter(|any| any.is_disjoint(&self.items)) {
            let _ = writeln!(problems, "missed: any of {any:?}");
        }
        for (name, kinds) in &self.kinds {
            let Some(wanted) = expected.kinds.get(name).filter(|wanted| !fit(kinds, wanted)) else {
                continue;
            };
            let _ = writeln!(problems, "{name} differs in {kinds:?}, not in {wanted:?}");
        }
        for (name, wanted) in &expected.readers {
            if self.readers.get(name).is_some_and(|readers| readers != wanted) {
                let _ = writeln!(
                    problems,
                    "{name} is read by {:?}, not by {wanted:?}",
                    self.readers[name]
                );
            }
        }
        for (name, wanted) in &expected.causes {
            if let Some(found) = self.causes.get(name).filter(|found| !fit(found, wanted)) {
                let _ = writeln!(problems, "{name} differs in {found:?}, not in {wanted:?}");
            }
        }
        let may_lack_offset = |name: &&String| {
            expected.kinds.get(*name).is_none_or(|kinds| kinds.open)
                || expected.unlocated.contains(*name)
        };
        let lacking = self.unlocated.iter().filter(|name| !may_lack_offset(name));
        let lacking: Vec<_> =
            lacking.chain(expected.unlocated.difference(&self.unlocated)).collect();
        if !lacking.is_empty() {
            let _ = writeln!(problems, "with or without offset: {lacking:?}");
        }
        problems
    }
}

/// The word for a kind in records and directives.
pub(super) fn word_of(kind: ContentKind) -> String {
    field(&serde_json::json!({ "kind": kind }), "kind")
}

/// The kinds of a data object's causes.
fn causes(data: &ChangedData) -> BTreeSet<String> {
    let record = serde_json::to_value(data).unwrap_or_default();
    let causes = record["causes"].as_array().into_iter().flatten();
    causes.map(|cause| field(cause, "kind")).collect()
}

/// Name and code of each note.
fn notes(changes: &Changes) -> Vec<(String, String)> {
    let records = changes.records().filter_map(|record| serde_json::to_value(record).ok());
    let notes = records.filter(|record| record["reason"] == "note");
    notes.map(|note| (field(&note, "name"), field(&note, "code"))).collect()
}

fn field(record: &Value, name: &str) -> String {
    record[name].as_str().unwrap_or_default().to_owned()
}

fn fit(kinds: &BTreeSet<String>, wanted: &Kinds) -> bool {
    if wanted.open { kinds.is_superset(&wanted.named) } else { *kinds == wanted.named }
}

fn word(data: &str, change: Change) -> &'static str {
    match (data, change) {
        ("", Change::Changed) => "changed",
        ("", Change::Added) => "added",
        ("", Change::Removed) => "removed",
        (_, Change::Changed) => "data",
        (_, Change::Added) => "data-added",
        (_, Change::Removed) => "data-removed",
    }
}
