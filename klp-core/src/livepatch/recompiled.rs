//! Is what was compiled again what the build made? rustc inlines by the size of whole crates, and reads the metadata of
//! others: of Rust nothing is taken out of an object that is other code than the kernel's.

use crate::demangle::spoken;
use crate::diff::compare;
use crate::manifest::Manifest;

use super::side::ObjectSide;
use super::source::CorrelatedObject;

/// What is other in the objects compiled again, before and after the patch: a sentence for each.
pub(super) fn other(source: &CorrelatedObject<'_>) -> Vec<String> {
    let Some(built) = &source.built else { return Vec::new() };
    let original = source.running().zip(source.original.as_ref());
    let pairs = [("original", original), ("patched", Some((built, &source.patched)))];
    let found = pairs.into_iter().filter_map(|(which, pair)| {
        let (built, again) = pair?;
        let names = names(built, again);
        let [first, ..] = names.as_slice() else { return None };
        let more = names.len().saturating_sub(1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!(
            "compiled again with function sections, the {which} object is not what the build made: {first}{more}"
        ))
    });
    found.collect()
}

/// The functions and data objects that are not the same.
fn names(built: &ObjectSide<'_>, again: &ObjectSide<'_>) -> Vec<String> {
    let manifest = |side: &ObjectSide<'_>| Manifest::from_iter([side.manifest.clone()]);
    let changes = compare(&manifest(built), &manifest(again));
    let functions = changes.functions.into_iter().map(|function| spoken(&function.name));
    let data =
        changes.data.into_iter().map(|data| data.name.map_or(data.section, |name| spoken(&name)));
    functions
        .chain(data)
        .chain(changes.refused.into_iter().map(|refused| spoken(&refused.name)))
        .collect()
}
