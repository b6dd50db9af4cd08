//! An instruction with an address in it.

use crate::arch::{Access, Arch, Decoded, Form, InstructionField, Operands};
use crate::elf::{Reloc, RelocKind, SectionId, SymbolId};

use super::context::ReferenceMeaning;
use super::fields::distance;
use super::part::{PartRole, UnitPart};
use super::stream::tag;
use super::target::ReferenceManner;
use super::{ContentKind, EntrySite, Refusal, UnitWriter, lock_class};

/// An instruction with an address in it: where it is, its bytes, and what they mean.
pub(super) struct Encoded<'a> {
    pub(super) at: u64,
    pub(super) raw: &'a [u8],
    pub(super) decoded: Decoded,
}

impl Encoded<'_> {
    fn next(&self) -> u64 {
        self.at.saturating_add(u64::from(self.decoded.len))
    }
}

impl<'data> UnitWriter<'_, 'data, '_> {
    pub(super) fn instruction<A: Arch>(
        &mut self,
        part: &UnitPart,
        site: &EntrySite<'_>,
        instruction: &Encoded<'_>,
        operands: &Operands,
        relocs: [Option<Reloc>; 2],
    ) -> Result<(), Refusal> {
        let Encoded { at, raw, decoded } = instruction;
        let at = *at;
        let kind = part.role.kind();
        if let (Form::Branch { target, .. }, Some(field)) =
            (decoded.form, operands.immediate.or(operands.displacement))
        {
            let target = match relocs {
                [None, _] => {
                    ReferenceMeaning::Code { section: part.section, offset: target, symbol: None }
                }
                [Some(reloc), None] if covers(&reloc, at, field) => {
                    self.branch_target(&reloc, instruction.next())?
                }
                _ => return Err(Refusal::new("a relocation that covers no operand")),
            };
            let inside = self.inside(&target);
            if inside {
                self.streams.branch_inside::<A>(kind, raw, field, site.offset);
                if let ReferenceMeaning::Code { section, offset, .. } = target {
                    self.streams.fixup(kind, section, offset);
                }
                return Ok(());
            }
            self.streams.branch_out::<A>(kind, raw, field, site.offset);
            self.position(ContentKind::Relocation, site, tag::CODE, 0);
            return self.target(
                ReferenceManner { kind: ContentKind::Relocation, access: Access::Open },
                target,
            );
        }
        let copy = self.streams.whole(kind, raw, site.offset);
        for reloc in relocs.into_iter().flatten() {
            reloc.kind.mask().clear(copy, reloc.offset.saturating_sub(at));
        }
        let bare = operands.ip_target.zip(operands.displacement).filter(|(_, field)| {
            !relocs
                .iter()
                .flatten()
                .any(|reloc| reloc.offset.checked_sub(at) == Some(u64::from(field.offset)))
        });
        if let Some((_, field)) = bare {
            field.clear(copy);
        }
        for reloc in relocs.into_iter().flatten() {
            self.operand(site, instruction, operands, &reloc)?;
        }
        if let Some((offset, field)) = bare {
            let section = part.section;
            let target = ReferenceMeaning::Code { section, offset, symbol: None };
            let kind = ContentKind::Relocation;
            self.addresses(&target);
            self.position(kind, site, RelocKind::Relative32.tag(), field.offset);
            self.target(ReferenceManner { kind, access: operands.access }, target)?;
        }
        Ok(())
    }

    fn operand(
        &mut self,
        site: &EntrySite<'_>,
        instruction: &Encoded<'_>,
        operands: &Operands,
        reloc: &Reloc,
    ) -> Result<(), Refusal> {
        let at = &instruction.at;
        let within = u8::try_from(reloc.offset.saturating_sub(*at)).unwrap_or(u8::MAX);
        let field = operands
            .field_at(within)
            .filter(|field| covers(reloc, *at, *field))
            .ok_or_else(|| Refusal::new("a relocation that covers no operand"))?;
        let addend = distance(reloc, instruction.next()).unwrap_or(reloc.addend);
        let displacement = operands.displacement == Some(field);
        let access = if displacement { operands.access } else { Access::Open };
        let target = match self.lock_class(site, access, *at, (reloc.symbol, addend)) {
            Some((symbol, section, offset)) => self.cx.empty(symbol, section, offset),
            None => self.cx.resolve_used(self.origin, access, reloc.symbol, addend),
        };
        self.addresses(&target);
        let kind = self.kind_of(access, &target);
        self.position(kind, site, reloc.kind.tag(), u8::from(displacement));
        self.target(ReferenceManner { kind, access }, target)
    }

    /// The lock class key that the instruction at `at` hands on: its symbol, section and offset.
    fn lock_class(
        &self,
        site: &EntrySite<'_>,
        access: Access,
        at: u64,
        reference: (SymbolId, i64),
    ) -> Option<(SymbolId, SectionId, u64)> {
        let part = self.parts.get(usize::from(site.part)).filter(|_| access == Access::Open)?;
        lock_class::key(self.cx.elf, self.cx.layout, part.section.at(at), reference)
    }

    /// Notes that an operand refers to `target`, which may be data between code.
    fn addresses(&mut self, target: &ReferenceMeaning<'_>) {
        if let ReferenceMeaning::Code { section, offset, .. } = target
            && self.inside_as(target, PartRole::Addressed)
        {
            self.reads(*section, *offset);
        }
    }

    fn branch_target(&self, reloc: &Reloc, next: u64) -> Result<ReferenceMeaning<'data>, Refusal> {
        let addend =
            distance(reloc, next).ok_or_else(|| Refusal::new("a branch to an absolute address"))?;
        Ok(self.cx.resolve(self.origin, reloc.symbol, addend))
    }
}

/// Whether `reloc` fills `field` of the instruction at `at`, and nothing else.
fn covers(reloc: &Reloc, at: u64, field: InstructionField) -> bool {
    reloc.offset.checked_sub(at) == Some(u64::from(field.offset)) && reloc.kind.mask() == field.mask
}
