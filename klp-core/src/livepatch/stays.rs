//! Rust's tables of functions: the methods behind a `dyn` reference, the operations of a device. They have no name, so that
//! the kernel's own cannot be referred to, and the livepatch has a copy. Whoever got the copy may keep it, in an object
//! that lives on when the livepatch is disabled: such a module stays in memory for good.

use std::collections::{BTreeMap, BTreeSet};

use crate::demangle::spoken;
use crate::kernel::{LinkedKernel, Region};
use crate::record::Note;

use super::copy::{Link, OutReloc};
use super::extract::{self, Extraction, ExtractionRoot};
use super::outlives::OUTLIVES;
use super::pieces::Piece;
use super::source::{CorrelatedObject, CorrelatedObjects, TouchedId};
use super::taken::{AddressTaken, addresses};

/// The code of the notes about it.
pub(super) const STAYS: &str = "stays";

/// What keeps the module in memory, each a note. `notes` are those about what outlives it.
pub(super) fn notes(
    kernel: &LinkedKernel,
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    notes: &[Note],
) -> Vec<Note> {
    let is_rust =
        |object: &str| sources.iter().any(|source| source.is_rust() && source.object == object);
    let mut found: BTreeMap<(TouchedId, String), BTreeSet<String>> = BTreeMap::new();
    for note in notes.iter().filter(|note| note.code == OUTLIVES && is_rust(&note.object)) {
        let why = "the kernel can keep its address, and Rust frees what it belongs to when nobody uses it any more";
        let mut own = sources.with_ids();
        if let Some((_, object)) = own.find(|(source, _)| source.object == note.object) {
            found.entry((object, note.name.clone())).or_default().insert(why.to_owned());
        }
    }
    let entries = entries(sources);
    for (piece, copied) in &extraction.copied {
        let source = &sources[piece.object];
        if !source.is_rust() {
            continue;
        }
        let name = extract::owner_name(source, *piece);
        if is_code(source, *piece) {
            let taken = addresses(source, *piece, &copied.relocs).into_iter();
            let stores = taken.filter(|(_, taken)| *taken == AddressTaken::Stored).any(|(reloc, _)| {
                matches!(reloc.link, Link::Piece(to) if to.object == piece.object && !is_code(source, to))
            });
            if stores {
                let why = "it writes the address of a constant or variable of the module to memory";
                found.entry((piece.object, name)).or_default().insert(why.to_owned());
            }
            continue;
        }
        let functions: BTreeSet<String> =
            copied.relocs.iter().filter_map(|reloc| function(kernel, &entries, reloc)).collect();
        if functions.is_empty() {
            continue;
        }
        let functions: Vec<String> = functions.into_iter().collect();
        let why = format!("it has a copy of a table of functions ({})", functions.join(", "));
        for user in users(sources, extraction, *piece) {
            found.entry((piece.object, user)).or_default().insert(why.clone());
        }
    }
    let notes = found.into_iter().map(|((object, name), why)| {
        let why = Vec::from_iter(why).join("; ");
        let why = format!(
            "{why}; an object that lives longer can keep that: the module cannot be unloaded, though it can be disabled \
             and replaced"
        );
        Note::new(STAYS, sources[object].object, &name, why)
    });
    notes.collect()
}

/// Where the functions of the patched objects start, and what they are called.
fn entries(sources: &CorrelatedObjects<'_>) -> BTreeMap<(Piece, i64), String> {
    let mut entries = BTreeMap::new();
    for (source, object) in sources.with_ids() {
        for (_, function) in source.fates.with_ids() {
            let (piece, offset) = extract::body_piece(source, ExtractionRoot { object, function });
            entries.insert((piece, offset.cast_signed()), source.name_of(function));
        }
    }
    entries
}

/// The function that a pointer leads to.
fn function(
    kernel: &LinkedKernel,
    entries: &BTreeMap<(Piece, i64), String>,
    reloc: &OutReloc,
) -> Option<String> {
    let name = match &reloc.link {
        Link::Piece(piece) => entries.get(&(*piece, reloc.addend))?.clone(),
        Link::Kernel(target) => {
            let is_code = kernel.listed(target).is_none_or(|listed| listed.region == Region::Text);
            is_code.then(|| target.name().to_owned())?
        }
        Link::Number => return None,
    };
    Some(spoken(&name))
}

/// The copied functions that refer to `piece`, directly or by other constants.
fn users(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    piece: Piece,
) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::from([piece]), vec![piece]);
    let mut users = BTreeSet::new();
    while let Some(to) = open.pop() {
        let from = extraction
            .copied
            .iter()
            .filter(|(_, copied)| copied.relocs.iter().any(|reloc| reloc.link == Link::Piece(to)));
        for (from, _) in from {
            let source = &sources[from.object];
            if is_code(source, *from) {
                users.insert(extract::owner_name(source, *from));
            } else if seen.insert(*from) {
                open.push(*from);
            }
        }
    }
    users
}

fn is_code(source: &CorrelatedObject<'_>, piece: Piece) -> bool {
    source.patched.analysis.elf.section(piece.section).is_code()
}
