//! Tables without a known layout in which each word is the address of a place within a function, and nothing else. Words for
//! code of one section follow the code: else whoever wrote them wanted that order.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{Definition, ElfObject, Place, RelocKind, Section, SectionId, SymbolKind};

use crate::ids::List;

use super::names;
use super::sections::{SectionMeaning, SectionPurpose};
use super::table::TableKind;
use super::target::{self, Target};

/// Calls them tables that describe instructions.
pub(super) fn find(object: &ElfObject<'_>, meanings: &mut List<SectionId, SectionMeaning<'_>>) {
    let mut lists: Vec<(SectionId, Vec<Place>)> = Vec::new();
    for (section, id) in object.sections.with_ids() {
        if meanings[id].class == SectionPurpose::Table
            && let Some(places) = places(object, section)
        {
            lists.push((id, places));
        }
    }
    if lists.is_empty() {
        return;
    }
    // Somebody who has the address of one reads it in an order of its own. A name makes an address that of a function.
    let mut touched: BTreeSet<SectionId> = BTreeSet::new();
    let mut starts: BTreeSet<Place> = BTreeSet::new();
    for symbol in &object.symbols {
        if let Definition::Section(section) = symbol.place
            && !matches!(symbol.kind, SymbolKind::Section | SymbolKind::File)
            && !names::is_temporary(symbol.name)
        {
            touched.insert(section);
            starts.insert(section.at(symbol.value));
        }
    }
    let is_list = |id: SectionId| lists.iter().any(|(list, _)| *list == id);
    for section in &object.sections {
        for reloc in section.relocs.iter() {
            if let Definition::Section(target) = object.symbol(reloc.symbol).place
                && is_list(target)
            {
                touched.insert(target);
            }
        }
    }
    for (number, places) in &lists {
        let has_names = places.iter().any(|place| starts.contains(place));
        if !touched.contains(number) && !has_names {
            meanings[*number].class = SectionPurpose::OfCode(TableKind::Places);
        }
    }
}

/// The places in code that fill the section; none where something else is in it.
fn places(object: &ElfObject<'_>, section: &Section<'_>) -> Option<Vec<Place>> {
    let mut found = Vec::new();
    let mut last: BTreeMap<SectionId, u64> = BTreeMap::new();
    let mut words = section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None).peekable();
    let kind = words.peek()?.kind;
    let size = match kind {
        RelocKind::Abs64 | RelocKind::Relative64 => 8,
        RelocKind::Abs32 | RelocKind::Relative32 => 4,
        _ => return None,
    };
    for (word, reloc) in (0u64..).zip(words) {
        let Target::Place { section: code, offset, .. } = target::of(object, &reloc, 0) else {
            return None;
        };
        let is_code = object.section(code).is_code();
        if !is_code || reloc.kind.width() != size || reloc.offset != word.checked_mul(size)? {
            return None;
        }
        let offset = u64::try_from(offset).ok()?;
        if last.insert(code, offset).is_some_and(|last| last > offset) {
            return None;
        }
        found.push(code.at(offset));
    }
    (section.size == (found.len() as u64).checked_mul(size)? && !section.is_merged())
        .then_some(found)
}
