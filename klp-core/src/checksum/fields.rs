//! Fields of instructions that a relocation fills.

use crate::elf::Reloc;

/// How far behind its symbol a relative relocation of the instruction before `next` points: the
/// processor counts from the next instruction, the relocation from its field.
pub(crate) fn distance(reloc: &Reloc, next: u64) -> Option<i64> {
    let bias = next.saturating_sub(reloc.offset).cast_signed();
    reloc.kind.is_relative().then(|| reloc.addend.wrapping_add(bias))
}

/// Sets such a field to zero.
pub(super) fn blank(bytes: &mut [u8], offset: u64, width: u64) {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = start.saturating_add(usize::try_from(width).unwrap_or(0)).min(bytes.len());
    if let Some(field) = bytes.get_mut(start..end) {
        field.fill(0);
    }
}
