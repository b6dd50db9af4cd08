//! Which instruction of one stretch of code is which of another.

use crate::arch::{Arch, Form, InstructionField, for_machine};
use crate::elf::{Reloc, RelocKind, SectionId, SymbolKind};

use super::difference::{Difference, DifferenceKind};
use super::side::{ByteRange, ProofSide};
use super::walk::{self, Inst, InstRole};

/// A correspondence of places in two stretches of code.
pub(super) enum Alignment {
    /// Byte by byte.
    Same { original: ByteRange, patched: ByteRange },
    /// Instruction by instruction, as many on each side.
    Steps { original: Vec<Inst>, patched: Vec<Inst> },
}

/// The number of an instruction, and a distance from its start: what control cannot tell apart has one.
pub(super) type Position = (u64, u64);

fn position(steps: &[Inst], at: u64) -> Position {
    let behind = steps.partition_point(|inst| inst.at <= at);
    let before = behind.checked_sub(1).and_then(|last| steps.get(last));
    match before {
        Some(inst) if at.saturating_sub(inst.at) < inst.len => {
            (behind as u64 - 1, at.saturating_sub(inst.at))
        }
        _ => (behind as u64, 0),
    }
}

impl Alignment {
    /// The position of a place of the original, and of one of the patched code.
    pub(super) fn positions(&self, original: u64, patched: u64) -> (Position, Position) {
        (self.original(original), self.patched(patched))
    }

    pub(super) fn original(&self, at: u64) -> Position {
        match self {
            Self::Same { original, .. } => (at.wrapping_sub(original.start), 0),
            Self::Steps { original, .. } => position(original, at),
        }
    }

    pub(super) fn patched(&self, at: u64) -> Position {
        match self {
            Self::Same { patched, .. } => (at.wrapping_sub(patched.start), 0),
            Self::Steps { patched, .. } => position(patched, at),
        }
    }

    pub(super) fn maps(&self, original: u64, patched: u64) -> bool {
        let (original, patched) = self.positions(original, patched);
        original == patched
    }

    pub(super) fn is_same(&self) -> bool {
        matches!(self, Self::Same { .. })
    }
}

/// The relocations of a range that do anything.
pub(super) fn relocs(side: &ProofSide<'_>, range: ByteRange) -> impl Iterator<Item = Reloc> {
    let relocs = side.section(range.section).relocs.within(range.start, range.end);
    relocs.filter(|reloc| reloc.kind != RelocKind::None)
}

/// Whether both ranges hold the same bytes, with relocations of the same kinds at the same places.
fn is_same(sides: &[ProofSide<'_>; 2], original: ByteRange, patched: ByteRange) -> bool {
    let [a, b] = sides;
    if original.len() != patched.len() {
        return false;
    }
    let (Some(a_bytes), Some(b_bytes)) = (a.bytes(original), b.bytes(patched)) else {
        return false;
    };
    let mut from = 0;
    let mut b_relocs = relocs(b, patched);
    let same = |from: u64, to: u64| {
        let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else { return false };
        from >= to
            || matches!((a_bytes.get(from..to), b_bytes.get(from..to)), (Some(a), Some(b)) if a == b)
    };
    for reloc in relocs(a, original) {
        let at = reloc.offset.saturating_sub(original.start);
        let is_like =
            |it: Reloc| it.offset.saturating_sub(patched.start) == at && it.kind == reloc.kind;
        if !b_relocs.next().is_some_and(is_like) || !same(from, at) {
            return false;
        }
        from = at.saturating_add(reloc.kind.width());
    }
    b_relocs.next().is_none() && same(from, original.len())
}

/// Finds which instruction is which; what they refer to is not compared.
pub(super) fn align(
    sides: &[ProofSide<'_>; 2],
    original: ByteRange,
    patched: ByteRange,
) -> Result<Alignment, Difference> {
    if is_same(sides, original, patched) {
        return Ok(Alignment::Same { original, patched });
    }
    let [a, b] = sides;
    let steps = [walk::counted(a, original), walk::counted(b, patched)];
    let [a_steps, b_steps] = &steps;
    for (one, other) in a_steps.iter().zip(b_steps) {
        let offset = other.at.saturating_sub(patched.start);
        if !are_alike(sides, original.section, one, patched.section, other) {
            let was = one.at.saturating_sub(original.start);
            let text = format!("another instruction (in the original at {was:#x})");
            return Err(Difference::new(DifferenceKind::Instruction, offset, text));
        }
    }
    if a_steps.len() != b_steps.len() {
        let shared = a_steps.len().min(b_steps.len());
        let offset = b_steps.get(shared).map_or(patched.end, |inst| inst.at);
        let text = format!("{} instructions, and {} before", b_steps.len(), a_steps.len());
        return Err(Difference::new(
            DifferenceKind::Instruction,
            offset.saturating_sub(patched.start),
            text,
        ));
    }
    let [original, patched] = steps;
    Ok(Alignment::Steps { original, patched })
}

/// Whether the encoding of an instruction can be seen: code that is patched or copied at run time is behind a label
/// without a type, or a table names the place.
fn is_seen(side: &ProofSide<'_>, section: SectionId, at: u64) -> bool {
    let label = side.label_before(section, at);
    label.is_some_and(|symbol| symbol.kind == SymbolKind::None) || side.is_listed(section, at)
}

/// Whether two instructions are one but for what they refer to.
fn are_alike(
    sides: &[ProofSide<'_>; 2],
    a_section: SectionId,
    one: &Inst,
    b_section: SectionId,
    other: &Inst,
) -> bool {
    let [a, b] = sides;
    if one.role != other.role {
        return false;
    }
    if matches!(one.role, InstRole::Trace | InstRole::Free) {
        return true;
    }
    let (one_range, other_range) = (one.range(a_section), other.range(b_section));
    let (Some(a_bytes), Some(b_bytes)) = (a.bytes(one_range), b.bytes(other_range)) else {
        return false;
    };
    if let (Form::Branch { .. }, Form::Branch { .. }) = (one.form, other.form) {
        let head = |side: &ProofSide<'_>, section, inst: &Inst, bytes: &[u8]| {
            let operands = walk::operands(side, section, inst);
            let operand = operands.first()?;
            let distance =
                InstructionField { offset: u8::try_from(operand.at).ok()?, mask: operand.mask };
            // A prefix that predicts the branch means nothing else, but is not there by itself either.
            for_machine!(side.object.machine, A => opcode::<A>(bytes, distance))
        };
        let heads = (head(a, a_section, one, &a_bytes), head(b, b_section, other, &b_bytes));
        let is_patched = || is_seen(a, a_section, one.at) || is_seen(b, b_section, other.at);
        return heads.0.is_some() && heads.0 == heads.1 && (one.len == other.len || !is_patched());
    }
    if one.len != other.len {
        return false;
    }
    if a_bytes == b_bytes {
        return true;
    }
    let fields = [walk::operands(a, a_section, one), walk::operands(b, b_section, other)];
    let [a_rest, b_rest] = [a_bytes, b_bytes].map(|bytes| {
        let mut rest = bytes.into_owned();
        fields.iter().flatten().for_each(|field| field.mask.clear(&mut rest, field.at));
        rest
    });
    a_rest == b_rest
}

/// The prefixes and the opcode of a branch, whose distance says where it goes.
fn opcode<A: Arch>(branch: &[u8], distance: InstructionField) -> Option<(Vec<u8>, Vec<u8>)> {
    branch.get(usize::from(distance.offset)..)?;
    let (prefixes, opcode) = A::opcode(branch, distance);
    Some((branch.get(..prefixes)?.to_vec(), opcode.as_ref().to_vec()))
}
