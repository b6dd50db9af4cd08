//! The places in code that refer to something, and what instructions do with it.

use std::ops::Range;

use crate::arch::{Access, Arch, Decoded, Form, InstructionField, Instructions, for_machine};
use crate::elf::{Reloc, RelocKind, Section, SectionId};
use smallvec::SmallVec;

use super::distances::Follower;
use super::pieces::Piece;
use super::resolve::{RelocSite, RelocUse};
use super::side::ObjectSide;
use super::why::ReasonText;

/// The relocations of code, with what the instructions do with them, and those that the assembler
/// resolved because the target was in the same section, though it is not in the same piece.
pub(super) fn code_sites(
    side: &ObjectSide<'_>,
    section: &Section<'_>,
    piece: Piece,
) -> Result<Vec<RelocSite>, ReasonText> {
    for_machine!(side.analysis.elf.machine, A => sites_of::<A>(side, section, piece))
}

fn sites_of<A: Arch>(
    side: &ObjectSide<'_>,
    section: &Section<'_>,
    piece: Piece,
) -> Result<Vec<RelocSite>, ReasonText> {
    let code = section.bytes(piece.start, piece.len()).ok_or("code that is not in the file")?;
    let mut sites = Vec::new();
    let mut relocs = section.relocs.within(piece.start, piece.end).peekable();
    let mut instructions = A::Instructions::new(code, piece.start);
    let mut follower = Follower::<A>::new(&side.analysis.elf, section, piece);
    while let Some(decoded) = instructions.next() {
        let Range { start: at, end: next } = instructions.place();
        let decoded = decoded
            .map_err(|_| format!("no instruction at {at:#x} of {}", section.name_lossy()))?;
        let own: SmallVec<[Reloc; 2]> =
            std::iter::from_fn(|| relocs.next_if(|reloc| reloc.offset < next)).collect();
        let exact = follower.as_mut().and_then(|it| it.step(&mut instructions, &own));
        for reloc in own.iter().copied() {
            let bias = if reloc.kind.is_relative() {
                next.saturating_sub(reloc.offset).cast_signed()
            } else {
                0
            };
            let usage = usage(&decoded, &mut instructions, &reloc, at, exact);
            sites.push(RelocSite { reloc, usage, bias });
        }
        let leaves = |target: &u64| !(piece.start..piece.end).contains(target);
        let (target, field) = match decoded.form {
            Form::Branch { target, .. } => (Some(target), instructions.distance()),
            _ if decoded.is_ip_relative => {
                let operands = instructions.operands();
                (operands.ip_target, operands.displacement)
            }
            _ => (None, None),
        };
        // Of an instruction with two fields, the other one can have a relocation.
        let is_relocated = own.iter().any(|reloc| {
            let fills =
                |field: InstructionField| reloc.offset.checked_sub(at) == Some(field.offset.into());
            reloc.kind != RelocKind::None && field.is_none_or(fills)
        });
        if let Some(target) = target.filter(leaves).filter(|_| !is_relocated) {
            let distance = field.filter(|_| matches!(decoded.form, Form::Branch { .. }));
            let implied = distance
                .and_then(|field| jump::<A>(side, piece.section, target, (at, field, next)));
            sites.push(implied.ok_or_else(|| {
                let name = section.name_lossy();
                format!("a jump inside of {name} that has no relocation, at {at:#x}")
            })?);
        }
    }
    Ok(sites)
}

/// The relocation that an assembler would have made for a direct branch, had its target been in another section: from `at`
/// to `next`, with this field for the distance. None if no relocation fills that.
fn jump<A: Arch>(
    side: &ObjectSide<'_>,
    section: SectionId,
    target: u64,
    (at, field, next): (u64, InstructionField, u64),
) -> Option<RelocSite> {
    let kind = A::relocation(A::BRANCH);
    (field.mask == kind.mask()).then_some(())?;
    let analysis = &side.analysis;
    let span = analysis.layout.span(analysis.layout.find(section, target)?);
    let index = span.symbol?;
    let symbol = analysis.elf.symbol(index);
    let offset = at.checked_add(u64::from(field.offset))?;
    let bias = next.checked_sub(offset)?.cast_signed();
    let addend = target.cast_signed().checked_sub(symbol.value.cast_signed())?.checked_sub(bias)?;
    let reloc = Reloc { offset, kind, symbol: index, addend, raw: A::BRANCH };
    Some(RelocSite { reloc, usage: RelocUse::Branch, bias })
}

/// What the instruction at `at` does with `reloc`. `exact` is how it uses its memory operand, where more than the
/// instruction tells that.
fn usage<'c>(
    decoded: &Decoded,
    instructions: &mut impl Instructions<'c>,
    reloc: &Reloc,
    at: u64,
    exact: Option<Access>,
) -> RelocUse {
    if matches!(decoded.form, Form::Branch { .. }) {
        return RelocUse::Branch;
    }
    let within = u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX);
    let operands = instructions.operands();
    let is_displacement = operands.displacement.is_some_and(|field| field.offset == within);
    let access = exact.unwrap_or(operands.access);
    RelocUse::Operand(if is_displacement { access } else { Access::Open })
}
