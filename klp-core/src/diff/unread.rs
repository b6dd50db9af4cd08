//! Constants that nothing refers to. LLVM writes what fills a local array into the instructions, and leaves the constant
//! behind. With data sections it has one of its own, so that nobody comes to it by a neighbour either.

use std::collections::BTreeSet;

use crate::checksum::Analysis;
use crate::elf::{Definition, SymbolId};
use crate::record::{ChangedData, Note};

use super::Changes;
use super::proof::AnalysedVersions;

/// How LLVM calls the section of a constant with a private name.
const PRIVATE: &str = ".rodata..L";

/// Turns what `changes` say about them into notes.
pub(super) fn note(read: &AnalysedVersions<'_>, changes: &mut Changes) {
    let is_private = |data: &&ChangedData| data.name.is_none() && data.section.starts_with(PRIVATE);
    let sections: BTreeSet<&str> =
        changes.data.iter().filter(is_private).map(|data| data.section.as_str()).collect();
    if sections.is_empty() {
        return;
    }
    let mut known = referred(&read.original);
    known.extend(referred(&read.patched));
    let unread: BTreeSet<String> = sections
        .into_iter()
        .filter(|section| !known.contains(section.as_bytes()))
        .map(str::to_owned)
        .collect();
    let (nobodys, kept): (Vec<ChangedData>, Vec<ChangedData>) = std::mem::take(&mut changes.data)
        .into_iter()
        .partition(|data| data.name.is_none() && unread.contains(&data.section));
    changes.data = kept;
    let told: BTreeSet<(String, String)> =
        nobodys.into_iter().map(|data| (data.object, data.section)).collect();
    changes.notes.extend(told.into_iter().map(|(object, section)| {
        Note::new(
            "unread",
            &object,
            &section,
            "what differs there is a constant that nothing refers to",
        )
    }));
}

/// The names of the sections that something refers to, or another object can.
fn referred<'a>(analysis: &'a Analysis<'_>) -> BTreeSet<&'a [u8]> {
    let elf = &analysis.elf;
    let relocations = elf.sections.iter().flat_map(|section| section.relocs.iter());
    let symbols: BTreeSet<SymbolId> = relocations.map(|reloc| reloc.symbol).collect();
    let symbols = symbols.into_iter().map(|symbol| elf.symbol(symbol));
    let global = elf.symbols.iter().filter(|symbol| !symbol.local);
    let sections = symbols.chain(global).filter_map(|symbol| match symbol.place {
        Definition::Section(section) => Some(elf.section(section)),
        _ => None,
    });
    sections.map(|section| section.name).collect()
}
