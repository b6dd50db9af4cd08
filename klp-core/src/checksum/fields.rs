//! Fields of instructions that a relocation fills.

use crate::elf::Reloc;

/// How far behind its symbol a relative relocation of the instruction before `next` points: the
/// processor counts from the next instruction, the relocation from its field.
pub(crate) fn distance(reloc: &Reloc, next: u64) -> Option<i64> {
    let bias = next.saturating_sub(reloc.offset).cast_signed();
    reloc.kind.is_relative().then(|| reloc.addend.wrapping_add(bias))
}
