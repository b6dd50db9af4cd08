//! What the second opinion found that belongs to no unit.

use crate::manifest::ManifestObject;
use crate::prove::{DifferenceKind, UnpairedDifference};
use crate::record::{Change, ChangedData, Note};

use super::{Changes, proof};

/// Adds `other`, unless `changes` says it already.
pub(super) fn add(changes: &mut Changes, whole: &ManifestObject, other: &UnpairedDifference) {
    match note(other.difference.what) {
        Some(code) => add_note(changes, whole, other, code),
        None => add_data(changes, whole, other),
    }
}

/// The code of the note about what keeps nobody from patching functions.
fn note(what: DifferenceKind) -> Option<&'static str> {
    match what {
        DifferenceKind::Order => Some("order"),
        DifferenceKind::Seal => Some("seal"),
        DifferenceKind::Symbol => Some("symbol"),
        _ => None,
    }
}

fn add_note(changes: &mut Changes, whole: &ManifestObject, other: &UnpairedDifference, code: &str) {
    let (symbol, section) = (other.symbol.as_deref(), other.section.as_str());
    let names = |name: &str| symbol == Some(name) || section == name;
    let is_said = changes.notes.iter().any(|note| names(&note.name))
        || changes.functions.iter().any(|function| names(&function.name))
        || changes.data.iter().any(|data| data.name.as_deref().is_some_and(names));
    if !is_said {
        let name = symbol.unwrap_or(section);
        changes.notes.push(Note::new(code, &whole.object, name, &*other.difference.text));
    }
}

fn add_data(changes: &mut Changes, whole: &ManifestObject, other: &UnpairedDifference) {
    let (symbol, section) = (other.symbol.as_deref(), other.section.as_str());
    let change = match other.difference.what {
        DifferenceKind::Uncovered if other.is_original => Change::Removed,
        DifferenceKind::Uncovered => Change::Added,
        _ => Change::Changed,
    };
    let is_of_data = |data: &ChangedData| {
        let is_it = match (&data.name, symbol) {
            (Some(name), Some(symbol)) => name == symbol,
            (Some(_), None) => false,
            (None, _) => data.section == section,
        };
        is_it && (data.change == change || data.change == Change::Changed)
    };
    let is_said = changes.data.iter().any(is_of_data)
        || changes.functions.iter().any(|function| symbol == Some(function.name.as_str()))
        || changes.refused.iter().any(|it| symbol == Some(it.name.as_str()) || it.name == section);
    if is_said {
        return;
    }
    changes.data.push(ChangedData {
        object: whole.object.clone(),
        linked: whole.linked.clone(),
        name: symbol.map(str::to_owned),
        section: section.to_owned(),
        change,
        aliases: Vec::new(),
        read_by: Vec::new(),
        causes: vec![proof::cause(&(other.difference.offset, other.difference.text.clone()))],
    });
}
