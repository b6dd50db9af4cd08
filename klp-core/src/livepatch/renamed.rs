//! Functions under another name. Who compares a function's address with what the kernel keeps (in work, in a handler of an
//! interrupt) does not find the kernel's own any more.

use std::collections::BTreeSet;

use super::callers::call_sites;
use super::extract;
use super::moved::{successors, word};
use super::pieces::Piece;
use super::side::Side;
use super::source::{Fate, Source};

/// Functions that the patch adds, whose address is among the `compared`, and that may be ones that it takes away: object, new
/// name and old name.
pub(super) fn functions(
    sources: &[Source<'_>],
    compared: &BTreeSet<(Piece, i64)>,
) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    for (object, source) in sources.iter().enumerate() {
        let added = source.fates.iter().enumerate();
        for (number, _) in added.filter(|(_, fate)| **fate == Some(Fate::Added)) {
            let entry = extract::body_piece(source, object, number);
            let entry = entry.map(|(piece, offset)| (piece, offset.cast_signed()));
            if !entry.is_some_and(|entry| compared.contains(&entry)) {
                continue;
            }
            let name = source.name_of(number);
            let users = users(&source.patched, &name);
            let own = sources.iter().filter(|other| other.linked == source.linked);
            let was = own.flat_map(pointed).find(|(_, before)| {
                !successors(sources, source.linked, before.clone()).is_disjoint(&users)
            });
            found.extend(was.map(|(was, _)| (object, name, was)));
        }
    }
    found
}

/// The functions of the original that the patched object does not have and whose address something takes, with those that
/// refer to them.
fn pointed(source: &Source<'_>) -> Vec<(String, BTreeSet<String>)> {
    let Some(original) = &source.original else { return Vec::new() };
    let kept: BTreeSet<usize> =
        source.fates.iter().flatten().filter_map(|fate| fate.original()).collect();
    let gone = (0..original.analysis.layout.functions.len())
        .filter(|number| !kept.contains(number) && !original.is_freed(*number))
        .filter(|number| call_sites(original, *number).is_none());
    gone.filter_map(|number| {
        let name = original.record(number)?.name.to_owned();
        let users = users(original, &name);
        Some((name, users))
    })
    .collect()
}

fn users(side: &Side<'_>, name: &str) -> BTreeSet<String> {
    side.callers_of(|other| other == name).map(|user| word(&user)).collect()
}
