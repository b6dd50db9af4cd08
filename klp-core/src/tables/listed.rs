//! Tables that no other file here reads and that hold nothing but places inside of functions: whoever walks over one does
//! something to the instructions there. `runtime_ptr_*` and `runtime_shift_*` are such tables
//! (`arch/x86/include/asm/runtime-const.h`, since 6.11). Entry: an address, absolute or relative, of 4 or 8 bytes. They are in
//! the order of the code that they stand in: another order is somebody's choice, and means something.

use std::collections::{HashMap, HashSet};

use object::elf::{SHF_TLS, SHF_WRITE};

use crate::elf::{
    Definition, ElfObject, Place, RelocKind, Section, SectionClass, SectionId, SymbolId, SymbolKind,
};
use crate::{meaning, rules};

use super::{DecodedEntry, Malformed, Raw, TableFormat};

pub(super) const FORMAT: TableFormat =
    TableFormat { section: "", sizes: &[(4, &[0]), (8, &[0])], length: None, decode };

/// A table has this place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableMention<'d> {
    /// The table's name.
    pub(crate) table: &'d [u8],
    /// Those of its flags that say what becomes of it.
    pub(crate) flags: u64,
}

#[expect(clippy::unnecessary_wraps, reason = "as all readers of entries")]
fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    let flags = raw.section.flags & (SHF_WRITE.0 | SHF_TLS.0);
    Ok(DecodedEntry::Listed(TableMention { table: raw.section.name, flags }))
}

/// A section that is such a table.
pub(super) struct PlaceTable {
    pub(super) section: SectionId,
    /// Of an entry.
    pub(super) size: u64,
}

/// A section that may be one, and the places in it.
struct Candidate {
    table: PlaceTable,
    places: Vec<Place>,
}

/// The tables of `elf`, by name.
pub(super) fn tables(elf: &ElfObject<'_>) -> Vec<PlaceTable> {
    let sections = elf.sections.with_ids();
    let mut found: Vec<Candidate> =
        sections.filter_map(|(section, number)| candidate(elf, section, number)).collect();
    if found.is_empty() {
        return Vec::new();
    }
    // What has a name is referred to by it, and so is what stands there: that is a table of pointers to functions.
    let named: HashSet<Place> = elf.symbols.iter().filter_map(named).collect();
    let with_names: HashSet<SectionId> = named.iter().map(|place| place.section).collect();
    let used = used(elf, &found);
    found.retain(|Candidate { table, places }| {
        !with_names.contains(&table.section)
            && !used.contains(&table.section)
            && places.iter().all(|place| !named.contains(place))
    });
    let name = |table: &PlaceTable| elf.section(table.section).name;
    found.sort_by_key(|one| (name(&one.table), one.table.section));
    found.into_iter().map(|one| one.table).collect()
}

fn named(symbol: &crate::elf::Symbol<'_>) -> Option<Place> {
    let Definition::Section(section) = symbol.place else { return None };
    let is_name = !matches!(symbol.kind, SymbolKind::Section | SymbolKind::File)
        && !symbol.name.is_empty()
        && !symbol.name.starts_with(b".L");
    is_name.then_some(section.at(symbol.value))
}

/// The places in code of which the whole section consists, if it does.
fn candidate(elf: &ElfObject<'_>, section: &Section<'_>, number: SectionId) -> Option<Candidate> {
    let is_table = meaning::is_linker_table(section)
        && section.class == SectionClass::Bytes
        && !section.is_merged()
        && !rules::is_attributed(section.name)
        && rules::for_section(section.name).is_none();
    if !is_table || section.relocs.is_empty() {
        return None;
    }
    let size = section.relocs.iter().next()?.kind.width();
    let mut end = 0u64;
    let mut places = Vec::new();
    // The place before, of each section with code.
    let mut last: HashMap<SectionId, u64> = HashMap::new();
    for reloc in section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None) {
        let is_address = matches!(
            reloc.kind,
            RelocKind::Abs64 | RelocKind::Abs32 | RelocKind::Relative64 | RelocKind::Relative32
        );
        if !is_address || reloc.offset != end || reloc.kind.width() != size {
            return None;
        }
        end = end.checked_add(size)?;
        let place = elf.code_place_of(&reloc)?;
        if last.insert(place.section, place.offset).is_some_and(|last| last > place.offset) {
            return None;
        }
        places.push(place);
    }
    let table = PlaceTable { section: number, size };
    (end == section.size).then_some(Candidate { table, places })
}

/// Which of these tables something refers to.
fn used(elf: &ElfObject<'_>, tables: &[Candidate]) -> HashSet<SectionId> {
    let is_table = |number: SectionId| tables.iter().any(|one| one.table.section == number);
    let of_table: HashSet<SymbolId> = elf
        .symbols
        .with_ids()
        .filter(|(symbol, _)| matches!(symbol.place, Definition::Section(it) if is_table(it)))
        .map(|(_, number)| number)
        .collect();
    let relocs = elf.sections.iter().flat_map(|section| section.relocs.iter());
    let used = relocs.filter(|reloc| of_table.contains(&reloc.symbol));
    let sections = used.filter_map(|reloc| match elf.symbol(reloc.symbol).place {
        Definition::Section(section) => Some(section),
        _ => None,
    });
    sections.collect()
}
