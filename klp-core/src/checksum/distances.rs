//! Jump tables of position-independent code: each entry is the distance of a place in a function from the start of the
//! table, and the relocation says where it counts from, which is the entry's own place.

use crate::elf::{Place, RelocKind, Section};
use crate::name;

use super::Context;

/// How many bytes of `section` from `start` on are such distances. What counts from its own place is none: its places
/// are not all in one function if they are taken for these, or there is one only.
pub(super) fn from_start(cx: &Context<'_, '_>, section: &Section<'_>, start: u64, end: u64) -> u64 {
    let mut owner = None;
    let mut next = start;
    for reloc in section.relocs.within(start, end) {
        if reloc.offset != next || reloc.kind != RelocKind::Relative32 {
            break;
        }
        let Some(symbol) = cx.elf.symbol(reloc.symbol) else { break };
        let Place::Section(code) = symbol.place else { break };
        let distance = reloc.offset.saturating_sub(start);
        let at = symbol.value.checked_add_signed(reloc.addend);
        let at = at.and_then(|at| at.checked_sub(distance));
        let is_code = cx.elf.section(code).is_some_and(Section::is_code);
        let span = at.filter(|_| is_code && symbol.local).and_then(|at| cx.layout.find(code, at));
        let function = span.and_then(|span| cx.elf.symbol(cx.layout.span(span)?.symbol?));
        let Some(function) = function.map(|it| name::cold_parent(it.name).unwrap_or(it.name))
        else {
            break;
        };
        if *owner.get_or_insert(function) != function {
            break;
        }
        next = next.saturating_add(reloc.kind.width());
    }
    next.saturating_sub(start)
}
