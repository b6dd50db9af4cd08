//! Places that a variable shares with objects without a size, such as lock class keys without lockdep.
//!
//! A reference to such a place through its section can mean any of them. Compilers emit no static object that nothing
//! refers to: where the address of the place is taken as often as there are objects without a size, each of those
//! references means one of them, and none the variable.

use std::ops::Range;
use std::sync::OnceLock;

use foldhash::{HashMap, HashMapExt as _};

use crate::arch::{Access, Arch, Instructions as _, for_machine};
use crate::elf::{ElfObject, Place, Reloc, RelocKind, Section, SectionId, SymbolKind};
use crate::layout::Layout;

use super::fields::distance;

/// Section and offset of the places whose address means an object without a size, found when the first is asked for:
/// few objects have any.
#[derive(Debug, Default)]
pub(crate) struct EmptyObjects(OnceLock<Vec<Place>>);

impl EmptyObjects {
    /// Whether who takes the address of `offset` of `section` means an object without a size.
    pub(super) fn are_meant(
        &self,
        elf: &ElfObject<'_>,
        layout: &Layout,
        section: SectionId,
        offset: u64,
    ) -> bool {
        self.0.get_or_init(|| places(elf, layout)).binary_search(&section.at(offset)).is_ok()
    }
}

fn places(elf: &ElfObject<'_>, layout: &Layout) -> Vec<Place> {
    let mut shared = EmptiesByPlace { elf, layout, open: HashMap::new() };
    for (section, offset, _) in layout.empty_objects() {
        let span = layout.find(*section, *offset).map(|span| layout.span(span));
        if span.is_some_and(|span| span.start == *offset) {
            let (objects, _) = shared.open.entry(section.at(*offset)).or_default();
            *objects += 1;
        }
    }
    if !shared.open.is_empty() {
        for (section, index) in elf.sections.with_ids() {
            shared.count_in(section, index);
        }
    }
    let certain = shared.open.into_iter().filter(|(_, (objects, taken))| objects == taken);
    let mut places: Vec<Place> = certain.map(|(place, _)| place).collect();
    places.sort_unstable();
    places
}

/// By place: how many objects without a size are there, and how often its address is taken.
struct EmptiesByPlace<'a, 'data> {
    elf: &'a ElfObject<'data>,
    layout: &'a Layout,
    open: HashMap<Place, (u32, u32)>,
}

impl EmptiesByPlace<'_, '_> {
    fn count_in(&mut self, section: &Section<'_>, id: SectionId) {
        if !section.is_allocated() {
            return;
        }
        let mut walked = 0;
        for reloc in section.relocs.iter() {
            if !section.is_code() {
                self.count(&reloc, reloc.addend);
            } else if reloc.offset >= walked && self.is_near(&reloc) {
                walked = for_machine!(
                    self.elf.machine, A => self.count_in_code::<A>(section, id, &reloc)
                );
            }
        }
    }

    /// Whether `reloc` may refer to a place: a relative one counts from its field, or from behind an immediate.
    fn is_near(&self, reloc: &Reloc) -> bool {
        (0..=12).any(|bias| {
            let place = self.place(reloc, reloc.addend.wrapping_add(bias));
            place.is_some_and(|place| self.open.contains_key(&place))
        })
    }

    /// Counts what the function does that holds `first`. Returns where that ends.
    fn count_in_code<A: Arch>(
        &mut self,
        section: &Section<'_>,
        id: SectionId,
        first: &Reloc,
    ) -> u64 {
        let span = self.layout.find(id, first.offset).map(|span| self.layout.span(span));
        let (start, end) = span.map_or((0, section.size), |span| (span.start, span.end));
        let code = section.in_file(start, end);
        let mut relocs = section.relocs.within(start, end).peekable();
        let mut instructions = A::Instructions::new(code, start);
        while instructions.next().is_some() {
            let Range { start: at, end: next } = instructions.place();
            let own = std::iter::from_fn(|| relocs.next_if(|reloc| reloc.offset < next));
            for reloc in own.collect::<Vec<_>>() {
                let operands = instructions.operands();
                let field = u8::try_from(reloc.offset.saturating_sub(at)).ok();
                let field = field.and_then(|field| operands.field_at(field));
                let is_address = field != operands.displacement || operands.access == Access::Open;
                if is_address || field.is_none() {
                    self.count(&reloc, distance(&reloc, next).unwrap_or(reloc.addend));
                }
            }
        }
        end
    }

    fn count(&mut self, reloc: &Reloc, addend: i64) {
        let taken = self.place(reloc, addend).and_then(|place| self.open.get_mut(&place));
        if let Some((_, taken)) = taken {
            *taken += 1;
        }
    }

    /// The place `addend` bytes behind the symbol of `reloc`.
    fn place(&self, reloc: &Reloc, addend: i64) -> Option<Place> {
        let symbol =
            Some(self.elf.symbol(reloc.symbol)).filter(|_| reloc.kind != RelocKind::None)?;
        let is_told = symbol.kind == SymbolKind::Object && symbol.size > 0;
        self.elf.place(reloc, addend).filter(|_| !is_told)
    }
}
