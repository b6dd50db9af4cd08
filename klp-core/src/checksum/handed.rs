//! Places in code whose address other code takes, or global data hold: somebody may read there, copy what is there, or hand it to
//! who does.

use std::ops::Range;
use std::sync::OnceLock;

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::elf::{ElfObject, Place, Reloc, RelocKind, Section, SectionId};
use crate::layout::{Layout, Span};
use crate::rules;
use crate::slices::SliceParts as _;

use super::fields::distance;

/// All of them, found when the first is asked for.
#[derive(Debug, Default)]
pub(crate) struct TakenPlaces(OnceLock<Vec<Place>>);

impl TakenPlaces {
    /// Those from `start` to `end` of `section`.
    pub(crate) fn within(
        &self,
        elf: &ElfObject<'_>,
        layout: &Layout,
        section: SectionId,
        Range { start, end }: Range<u64>,
    ) -> &[Place] {
        let places =
            self.0.get_or_init(|| for_machine!(elf.machine, A => places::<A>(elf, layout)));
        let below = |at: u64| places.partition_point(|place| *place < section.at(at));
        places.between(below(start), below(end))
    }
}

fn places<A: Arch>(elf: &ElfObject<'_>, layout: &Layout) -> Vec<Place> {
    let mut places = Vec::new();
    let code = elf.sections.with_ids().filter(|(it, _)| it.is_allocated() && it.is_code());
    for (section, id) in code {
        // From the start of each function to that of the next.
        let mut start = 0;
        let starts = layout.of_section(id).iter().map(|span| span.start);
        for end in starts.chain([section.size]).filter(|end| *end > 0) {
            let stretch = Stretch { section, id, start, end };
            stretch.addresses::<A>(elf, &mut places);
            start = end;
        }
    }
    let data = elf.sections.with_ids().filter(|(it, _)| it.is_allocated() && !it.is_code());
    for (section, id) in data.filter(|(it, _)| !is_about_code(it)) {
        for span in layout.of_section(id).iter().filter(|span| is_global(elf, span)) {
            let relocs = section.relocs.within(span.start, span.end);
            places.extend(relocs.filter_map(|reloc| elf.code_place_of(&reloc)));
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// Whether what the section says of code is told with that.
fn is_about_code(section: &Section<'_>) -> bool {
    rules::is_attributed(section.name) || rules::for_section(section.name).is_some()
}

/// Whether others know it by its name. What is local can be the table of a `switch` or of `goto *`, and leads to code.
fn is_global(elf: &ElfObject<'_>, span: &Span) -> bool {
    span.symbol.is_some_and(|symbol| !elf.symbol(symbol).local)
}

/// Some code.
struct Stretch<'a, 'data> {
    section: &'a Section<'data>,
    id: SectionId,
    start: u64,
    end: u64,
}

impl Stretch<'_, '_> {
    fn relocs(&self) -> impl Iterator<Item = Reloc> {
        let relocs = self.section.relocs.within(self.start, self.end);
        relocs.filter(|reloc| reloc.kind != RelocKind::None)
    }

    /// Finds the places in code whose address is taken here.
    fn addresses<A: Arch>(&self, elf: &ElfObject<'_>, places: &mut Vec<Place>) {
        let mut has_distance = false;
        for reloc in self.relocs() {
            if reloc.kind.is_relative() {
                has_distance |= leads_to_code(elf, &reloc) && !is_branch::<A>(self.section, &reloc);
            } else {
                places.extend(elf.code_place_of(&reloc));
            }
        }
        let code = self.section.in_file(self.start, self.end);
        let behind = self.section.size.saturating_sub(self.end);
        if has_distance || A::may_lead_out(code, self.start, behind) {
            self.distances::<A>(elf, code, places);
        }
    }

    /// Finds those that are said by how far they are from the end of an instruction, with or without a relocation.
    fn distances<A: Arch>(&self, elf: &ElfObject<'_>, code: &[u8], places: &mut Vec<Place>) {
        let mut relocs = self.relocs().peekable();
        let mut instructions = A::Instructions::new(code, self.start);
        while let Some(decoded) = instructions.next() {
            let Range { start: at, end: next } = instructions.place();
            let own = std::iter::from_fn(|| relocs.next_if(|reloc| reloc.offset < next));
            let own: Vec<Reloc> = own.collect();
            let is_branch = decoded.is_ok_and(|it| matches!(it.form, Form::Branch { .. }));
            if is_branch {
                continue;
            }
            let targets = own.iter().filter_map(|reloc| elf.place(reloc, distance(reloc, next)?));
            places.extend(targets.filter(|place| elf.section(place.section).is_code()));
            let operands = instructions.operands();
            if let (Some(target), Some(field)) = (operands.ip_target, operands.displacement) {
                let field = at.saturating_add(u64::from(field.offset));
                let is_bare = !own.iter().any(|reloc| reloc.offset == field);
                let is_outside = !(self.start..self.end).contains(&target);
                places.extend((is_bare && is_outside).then(|| self.id.at(target)));
            }
        }
    }
}

/// Whether what the field refers to is in code.
fn leads_to_code(elf: &ElfObject<'_>, reloc: &Reloc) -> bool {
    let place = elf.place(reloc, 0);
    place.is_some_and(|place| elf.section(place.section).is_code())
}

fn is_branch<A: Arch>(section: &Section<'_>, reloc: &Reloc) -> bool {
    let around = section.around(reloc.offset);
    around.is_some_and(|(code, field)| A::is_branch(code, field))
}
