//! Places in code whose address other code takes: it may read there, copy what is there, or hand it to who does.

use std::sync::OnceLock;

use crate::arch::{Arch, for_machine};
use crate::elf::{ElfObject, Place, Reloc, Section, SectionId};
use crate::slices::SliceParts as _;

/// All of them, found when the first is asked for.
#[derive(Debug, Default)]
pub(crate) struct TakenPlaces(OnceLock<Vec<Place>>);

impl TakenPlaces {
    /// Those from `start` to `end` of `section`.
    pub(crate) fn within(
        &self,
        elf: &ElfObject<'_>,
        section: SectionId,
        start: u64,
        end: u64,
    ) -> &[Place] {
        let places = self.0.get_or_init(|| for_machine!(elf.machine, A => places::<A>(elf)));
        let below = |at: u64| places.partition_point(|place| *place < section.at(at));
        places.between(below(start), below(end))
    }
}

fn places<A: Arch>(elf: &ElfObject<'_>) -> Vec<Place> {
    let code = elf.sections.iter().filter(|section| section.is_allocated() && section.is_code());
    let mut places: Vec<Place> = code
        .flat_map(|section| {
            let taken = section.relocs.iter().filter(|reloc| !is_branch::<A>(section, reloc));
            taken.filter_map(|reloc| place(elf, &reloc))
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The code that a field leads to, if it is of code.
fn place(elf: &ElfObject<'_>, reloc: &Reloc) -> Option<Place> {
    // Nearly always the end of the instruction.
    let behind = if reloc.kind.is_relative() { reloc.kind.width().cast_signed() } else { 0 };
    let place = elf.place(reloc, reloc.addend.checked_add(behind)?)?;
    elf.section(place.section).is_code().then_some(place)
}

fn is_branch<A: Arch>(section: &Section<'_>, reloc: &Reloc) -> bool {
    let around = section.around(reloc.offset);
    around.is_some_and(|(code, field)| A::is_branch(code, field))
}
