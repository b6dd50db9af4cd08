//! Which places in code other code gets hold of: who has the address can read there.

use rayon::prelude::*;

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::elf::{Definition, ElfObject, Place, Reloc, RelocKind, SectionId};
use crate::ids::List;

use super::names;
use super::target::{self, Target};

/// Code between two names.
#[derive(Clone, Copy)]
struct CutCode {
    section: SectionId,
    start: u64,
    end: u64,
}

/// Sections and offsets, sorted. Targets of direct branches are none.
pub(super) fn places(object: &ElfObject<'_>) -> Vec<Place> {
    let stretches = stretches(object).into_par_iter().with_min_len(64);
    let held = stretches
        .flat_map_iter(|range| for_machine!(object.machine, A => held_by::<A>(object, range)));
    let mut found: Vec<Place> = held.filter(|at| object.section(at.section).is_code()).collect();
    found.par_sort_unstable();
    found.dedup();
    found
}

/// All code, cut at its names: instructions start there.
fn stretches(object: &ElfObject<'_>) -> Vec<CutCode> {
    let mut cuts: List<SectionId, Vec<u64>> = object.sections.alongside();
    for symbol in object.symbols.iter().filter(|symbol| !names::is_temporary(symbol.name)) {
        if let Definition::Section(section) = symbol.place {
            cuts[section].push(symbol.value);
        }
    }
    let mut found = Vec::new();
    for (section, id) in object.sections.with_ids().filter(|(section, _)| section.is_code()) {
        let mut cuts = std::mem::take(&mut cuts[id]);
        cuts.extend([0, section.size]);
        cuts.sort_unstable();
        let stretches = cuts.array_windows().map(|[start, end]| CutCode {
            section: id,
            start: *start,
            end: *end,
        });
        found.extend(stretches.filter(|it| it.start < it.end && it.end <= section.size));
    }
    found
}

/// What the instructions of a stretch refer to other than by a branch.
fn held_by<A: Arch>(object: &ElfObject<'_>, range: CutCode) -> Vec<Place> {
    let section = object.section(range.section);
    let relocs = section.relocs.within(range.start, range.end);
    let mut relocs = relocs.filter(|reloc| reloc.kind != RelocKind::None).peekable();
    let code = section.in_file(range.start, range.end);
    let mut reader = A::Instructions::new(code, range.start);
    let mut found = Vec::new();
    loop {
        let next = relocs.peek().map_or(range.end, |next| next.offset);
        reader.plain(usize::try_from(next - range.start).unwrap_or(usize::MAX), |_, _, _| {});
        let Some(decoded) = reader.next() else { return found };
        let std::ops::Range { start: at, end } = reader.place();
        let own: Vec<Reloc> =
            std::iter::from_fn(|| relocs.next_if(|reloc| reloc.offset < end)).collect();
        if decoded.is_ok_and(|it| matches!(it.form, Form::Branch { .. })) {
            continue;
        }
        for reloc in &own {
            // The processor counts from the next instruction, whatever stands behind the field.
            let behind = if reloc.kind.is_relative() { end - reloc.offset } else { 0 };
            if let Target::Place { section, offset, .. } =
                target::of(object, reloc, behind.cast_signed())
                && let Ok(at) = u64::try_from(offset)
            {
                found.push(section.at(at));
            }
        }
        if decoded.is_ok_and(|it| it.is_ip_relative) {
            let operands = reader.operands();
            let is_relocated = |field: u8| own.iter().any(|it| it.offset == at + u64::from(field));
            let bare = operands.ip_target.zip(operands.displacement);
            let bare = bare.filter(|(_, field)| !is_relocated(field.offset));
            found.extend(bare.map(|(target, _)| range.section.at(target)));
        }
    }
}
