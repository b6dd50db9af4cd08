//! What is written of a place in code, of references and of code that an alternative puts there.

use crate::arch::{Access, Arch, Instructions as _, for_machine};
use crate::elf::{Reloc, RelocKind, SectionId, SymbolId};
use crate::tables::EntryField;

use super::context::ReferenceMeaning;
use super::fields::distance;
use super::stream::tag;
use super::target::ReferenceManner;
use super::{ContentKind, EntrySite, Refusal, UnitWriter};

impl UnitWriter<'_, '_, '_> {
    /// Starts what an entry says at `site`.
    pub(super) fn entry(&mut self, kind: ContentKind, site: &EntrySite<'_>) {
        self.position(kind, site, entry_tag(site), site.delta);
        self.streams.byte(kind, site.address.tag());
    }

    /// The function can be traced, and so patched, at `site`.
    pub(super) fn traceable(&mut self, site: &EntrySite<'_>) {
        self.position(ContentKind::Traceable, site, entry_tag(site), site.delta);
    }

    /// There are NOPs at `site` that can be patched: as many bytes as follow.
    pub(super) fn patchable(&mut self, site: &EntrySite<'_>) {
        self.position(ContentKind::Traceable, site, entry_tag(site), site.delta);
        let part = self.parts.get(usize::from(site.part));
        let code = part.and_then(|part| {
            let at = part.start.checked_add(site.offset)?.checked_add(u64::from(site.delta))?;
            self.cx.elf.section(part.section).bytes(at, part.limit.checked_sub(at)?)
        });
        let code = code.unwrap_or_default();
        let padding = for_machine!(self.cx.elf.machine, A => A::padding(code));
        self.streams.number(ContentKind::Traceable, padding as u64);
    }

    /// NOPs for patching before the start of the function, `distance` bytes.
    pub(super) fn patchable_before(&mut self, distance: u64) {
        self.streams.item(ContentKind::Traceable, tag::ENTRY, 0);
        self.streams.number(ContentKind::Traceable, distance);
    }

    /// What the field of an entry refers to, or else its bytes.
    pub(super) fn field(
        &mut self,
        kind: ContentKind,
        field: EntryField<'_>,
    ) -> Result<(), Refusal> {
        match field {
            EntryField::Reference(reloc) => {
                self.reloc(kind, reloc.kind, reloc.symbol, reloc.addend)
            }
            EntryField::Bytes(bytes) => {
                self.streams.byte(kind, tag::CONTENT);
                self.streams.bytes(kind, bytes);
                Ok(())
            }
        }
    }

    /// A relocation outside of instructions.
    pub(super) fn reloc(
        &mut self,
        kind: ContentKind,
        reloc: RelocKind,
        symbol: SymbolId,
        addend: i64,
    ) -> Result<(), Refusal> {
        if let RelocKind::Unknown(number) = reloc {
            return Err(Refusal::new(format!("relocation type {number} is not known")));
        }
        self.streams.byte(kind, reloc.tag());
        let target = self.cx.resolve(self.origin, symbol, addend);
        self.target(ReferenceManner { kind, access: Access::Open }, target)
    }

    /// `len` bytes of replacement code at `reloc`, instruction by instruction.
    pub(super) fn replacement(
        &mut self,
        site: &EntrySite<'_>,
        reloc: &Reloc,
        len: u8,
    ) -> Result<(), Refusal> {
        self.streams.byte(ContentKind::Alternative, reloc.kind.tag());
        let (section, offset) = match self.cx.resolve(self.origin, reloc.symbol, reloc.addend) {
            ReferenceMeaning::Code { section, offset, .. } => (section, offset),
            // objtool's retpoline alternatives of 5.13 to 5.15 replace by code of another object.
            named @ ReferenceMeaning::Named(_) => {
                return self.target(
                    ReferenceManner { kind: ContentKind::Alternative, access: Access::Open },
                    named,
                );
            }
            _ => return Err(Refusal::new("an alternative whose replacement is no code")),
        };
        let machine = self.cx.elf.machine;
        for_machine!(machine, A => self.replacing::<A>(site, section, offset, len))
    }

    fn replacing<A: Arch>(
        &mut self,
        site: &EntrySite<'_>,
        section: SectionId,
        offset: u64,
        len: u8,
    ) -> Result<(), Refusal> {
        let header = self.cx.elf.section(section);
        let code = header
            .bytes(offset, u64::from(len))
            .ok_or_else(|| Refusal::new("an alternative whose replacement is cut off"))?;
        let end = offset.saturating_add(u64::from(len));
        let kind = ContentKind::Alternative;
        let mut at = offset;
        let mut rest = code;
        let mut instructions = A::Instructions::new(code, offset);
        while let Some(decoded) = instructions.next() {
            let decoded = decoded.map_err(|_| Refusal::new("no instruction in an alternative"))?;
            let (raw, after) = rest.split_at(usize::from(decoded.len).min(rest.len()));
            rest = after;
            let next = instructions.place().end;
            let copy = self.streams.whole(kind, raw, site.offset);
            let own: Vec<Reloc> = header
                .relocs
                .within(at, next)
                .filter(|reloc| reloc.kind != RelocKind::None)
                .collect();
            for reloc in &own {
                reloc.kind.mask().clear(copy, reloc.offset.saturating_sub(at));
            }
            for reloc in own {
                let addend = distance(&reloc, next).unwrap_or(reloc.addend);
                self.streams
                    .byte(kind, u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX));
                self.reloc(kind, reloc.kind, reloc.symbol, addend)?;
            }
            at = next;
        }
        if at == end {
            Ok(())
        } else {
            Err(Refusal::new("an alternative that ends inside an instruction"))
        }
    }
}

/// What an entry starts with.
fn entry_tag(site: &EntrySite<'_>) -> u8 {
    if site.is_loaded { tag::ENTRY } else { tag::NOT_LOADED }
}
