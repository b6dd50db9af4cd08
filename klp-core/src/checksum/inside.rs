//! What belongs to a unit, and where in it a place is.

use crate::arch::{Arch as _, for_machine};
use crate::elf::{RelocKind, SectionId, SymbolKind};

use super::context::ReferenceMeaning;
use super::part::{PartRole, UnitPart};
use super::stream::tag;
use super::unit::{Refusal, UnitWriter};

impl UnitWriter<'_, '_, '_> {
    /// Notes that the unit reads its own code at `offset`, or takes the address.
    pub(super) fn reads(&mut self, section: SectionId, offset: u64) {
        if !self.read.contains(&section.at(offset)) {
            self.read.push(section.at(offset));
        }
    }

    /// Whether control comes to `offset` from the instruction before, so that there is code and no data.
    pub(super) fn runs_into(&self, section: SectionId, offset: u64) -> bool {
        let Some(number) = self.part_at(section, offset) else { return false };
        let Some(part) = self.parts.get(number).filter(|part| part.start < offset) else {
            return true;
        };
        let end = usize::try_from(offset.saturating_sub(part.start)).unwrap_or(usize::MAX);
        let code = self.streams.last_counted(number, end).and_then(|last| {
            let last = part.start.saturating_add(last as u64);
            self.cx.elf.section(section).range(last, offset)
        });
        code.is_some_and(|code| for_machine!(self.cx.elf.machine, A => A::runs_on(code)))
    }

    /// Whether `at` can be data: it is behind a place in the same part that the unit reads.
    pub(super) fn is_read(&self, part: &UnitPart, at: u64) -> bool {
        part.role == PartRole::Addressed
            || self
                .read
                .iter()
                .any(|it| it.section == part.section && (part.start..=at).contains(&it.offset))
    }

    /// Whether `target` is code of this unit, making it so when it is code that nobody owns.
    pub(super) fn inside(&mut self, target: &ReferenceMeaning<'_>) -> bool {
        self.inside_as(target, PartRole::Outlined)
    }

    /// The same, and as what code that nobody owns.
    pub(super) fn inside_as(&mut self, target: &ReferenceMeaning<'_>, role: PartRole) -> bool {
        let ReferenceMeaning::Code { section, offset, symbol } = target else { return false };
        if self.part_at(*section, *offset).is_some() {
            return true;
        }
        let is_function = symbol
            .map(|symbol| self.cx.elf.symbol(symbol))
            .is_some_and(|symbol| symbol.kind == SymbolKind::Function && symbol.value == *offset);
        if is_function || self.parts.is_empty() {
            return false;
        }
        let Some(header) =
            Some(self.cx.elf.section(*section)).filter(|header| *offset < header.size)
        else {
            return false;
        };
        let end = match self.cx.layout.find(*section, *offset).map(|span| self.cx.layout.span(span))
        {
            Some(span) if span.symbol.is_some() => return false,
            Some(span) => span.end,
            None => self.cx.layout.next_start(*section, *offset).unwrap_or(header.size),
        };
        if header.is_code() {
            // How far it goes is known when it has been walked; until then it is its first byte.
            self.parts.push(UnitPart {
                section: *section,
                start: *offset,
                end: offset.saturating_add(1),
                limit: end,
                role,
            });
        }
        header.is_code()
    }

    pub(super) fn part_at(&self, section: SectionId, offset: u64) -> Option<usize> {
        self.parts.iter().position(|part| part.section == section && part.holds(offset))
    }

    /// Part, instruction index in it, and offset in the instruction, of a place inside the unit.
    pub(super) fn locate(&self, section: SectionId, offset: u64) -> Result<(u8, u32, u8), Refusal> {
        let number = self
            .part_at(section, offset)
            .ok_or_else(|| Refusal::new("a branch behind the end of its code"))?;
        let part = self.parts.get(number).ok_or_else(|| Refusal::new("a part vanished"))?;
        let (index, delta) = offset
            .checked_sub(part.start)
            .and_then(|offset| self.streams.place(number, offset))
            .ok_or_else(|| Refusal::new("a branch to what is no instruction"))?;
        Ok((u8::try_from(number).unwrap_or(u8::MAX), index, delta))
    }

    /// Whether a part is data, as its symbol says.
    pub(super) fn is_object(&self, part: &UnitPart) -> bool {
        let span = self.cx.layout.find(part.section, part.start);
        let span = span.map(|span| self.cx.layout.span(span));
        span.is_some_and(|span| span.start == part.start && self.cx.is_object(span))
    }

    /// Writes the bytes of such a part.
    pub(super) fn object(&mut self, part: &UnitPart, code: &[u8]) -> Result<(), Refusal> {
        let kind = part.role.kind();
        let section = self.cx.elf.section(part.section);
        if section.is_writable() {
            return Err(Refusal::new("a variable in a section of code"));
        }
        self.streams.item(kind, tag::DATA, 0);
        let relocs = section.relocs.within(part.start, part.limit);
        let relocs: Vec<_> = relocs.filter(|reloc| reloc.kind != RelocKind::None).collect();
        let bytes = self.streams.content(kind, code);
        for reloc in &relocs {
            reloc.kind.mask().clear(bytes, reloc.offset.saturating_sub(part.start));
        }
        for reloc in relocs {
            self.streams.number(kind, reloc.offset.saturating_sub(part.start));
            self.reloc(kind, reloc.kind, reloc.symbol, reloc.addend)?;
        }
        Ok(())
    }
}
