//! Addresses in tables of the module. What becomes of a table becomes of all that it leads to, and code that reads a table
//! has what the table leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::copy::Link;
use super::extract::Extraction;
use super::pieces::Piece;
use super::source::{CorrelatedObject, CorrelatedObjects};
use super::taken::{AddressTaken, TakenAddresses, reads};

/// A place that the module has.
type PieceOffset = (Piece, i64);

/// `places`, and what is done with what tables lead to.
pub(super) fn through(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    places: &TakenAddresses,
) -> TakenAddresses {
    let mut found = places.clone();
    // What code writes into variables of the module.
    let mut written: BTreeMap<Piece, BTreeSet<PieceOffset>> = BTreeMap::new();
    let mut open = Vec::new();
    let mut add = |address: PieceOffset, taken: AddressTaken| match taken {
        AddressTaken::Linked(holder) => {
            written.entry(holder).or_default().insert(address);
        }
        AddressTaken::Stored | AddressTaken::Returned | AddressTaken::Given => {
            open.push((address, taken));
        }
        AddressTaken::Held | AddressTaken::Lost | AddressTaken::Passed | AddressTaken::Compared => {
        }
    };
    for (address, all) in places {
        for taken in all {
            add(*address, *taken);
        }
    }
    for (address, taken) in read(sources, extraction) {
        found.entry(address).or_default().insert(taken);
        add(address, taken);
    }
    let is_code =
        |piece: Piece| sources[piece.object].patched.analysis.elf.section(piece.section).is_code();
    let mut seen = BTreeSet::new();
    while let Some(((piece, _), taken)) = open.pop() {
        if is_code(piece) || !seen.insert((piece, taken)) {
            continue;
        }
        let own = written.get(&piece).into_iter().flatten().copied();
        for address in own.chain(behind(extraction, piece)) {
            found.entry(address).or_default().insert(taken);
            open.push((address, taken));
        }
    }
    found
}

/// What the data in `piece` leads to, of what the module has.
fn behind(extraction: &Extraction, piece: Piece) -> impl Iterator<Item = PieceOffset> {
    let relocs = extraction.copied.get(&piece).into_iter().flat_map(|copied| &copied.relocs);
    relocs.filter_map(|reloc| match reloc.link {
        Link::Piece(to) => Some((to, reloc.addend)),
        Link::Kernel(_) | Link::Number => None,
    })
}

/// What is done with the addresses that code reads from tables.
pub(super) fn read(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
) -> BTreeSet<(PieceOffset, AddressTaken)> {
    let mut found = BTreeSet::new();
    for (from, copied) in &extraction.copied {
        let source = &sources[from.object];
        let section = source.patched.analysis.elf.section(from.section);
        if section.is_code() {
            found.extend(read_by(source, *from, extraction, &copied.relocs));
        }
    }
    found
}

/// The same of the code of one piece.
pub(super) fn read_by(
    source: &CorrelatedObject<'_>,
    from: Piece,
    extraction: &Extraction,
    relocs: &[super::copy::OutReloc],
) -> Vec<(PieceOffset, AddressTaken)> {
    let mut found = Vec::new();
    for (reloc, times, taken) in reads(source, from, relocs) {
        let Link::Piece(table) = reloc.link else { continue };
        let mut tables = BTreeSet::from([table]);
        for _ in 1..times {
            let next = tables.iter().flat_map(|table| behind(extraction, *table));
            tables = next.map(|(piece, _)| piece).collect();
        }
        let addresses = tables.iter().flat_map(|table| behind(extraction, *table));
        found.extend(addresses.map(|address| (address, taken)));
    }
    found
}
