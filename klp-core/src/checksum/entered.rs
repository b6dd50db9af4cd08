//! Places in code that data refers to: targets of jump tables, of special entries, of lists.

use std::sync::OnceLock;

use crate::elf::{ElfObject, Place, SectionId};

/// All of them, found when the first is asked for: few functions ask.
#[derive(Debug, Default)]
pub(crate) struct EnteredPlaces(OnceLock<Vec<Place>>);

impl EnteredPlaces {
    /// Whether something refers to `offset` of `section` from outside of code.
    pub(crate) fn contains(&self, elf: &ElfObject<'_>, section: SectionId, offset: u64) -> bool {
        self.0.get_or_init(|| places(elf)).binary_search(&section.at(offset)).is_ok()
    }
}

fn places(elf: &ElfObject<'_>) -> Vec<Place> {
    let data = elf.sections.iter().filter(|section| section.is_allocated() && !section.is_code());
    let places = data
        .flat_map(|section| section.relocs.iter())
        .filter_map(|reloc| elf.code_place_of(&reloc));
    let mut places: Vec<Place> = places.collect();
    places.sort_unstable();
    places.dedup();
    places
}
