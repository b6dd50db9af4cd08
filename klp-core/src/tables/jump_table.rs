//! `__jump_table`: jump labels. Entry, 16 bytes: s32 code, s32 target, s64 key, each relative to its
//! own field; the key's low bits are flags (`include/linux/jump_label.h`, Linux 4.20 and later). Before,
//! 24 bytes: three addresses of 64 bits.

use super::{DecodedEntry, EntryField, Malformed, Raw, TableFormat};
use crate::elf::Reloc;

pub(super) const FORMAT: TableFormat = TableFormat {
    section: "__jump_table",
    sizes: &[(16, &[0, 4, 8]), (24, &[0, 8, 16])],
    length: None,
    decode,
};

/// Where target and key are, by the size of the entry.
const fn fields(size: u64) -> (u64, u64) {
    if size == 16 { (4, 8) } else { (8, 16) }
}

/// Bit 0: the likely branch.
const FLAGS: i64 = 3;
/// Bit 1: objtool makes the instruction a NOP (`arch/x86/include/asm/jump_label.h`, Linux 5.14).
const TO_NOP: i64 = 2;

/// A branch that a static key takes or leaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JumpLabel<'d> {
    pub(crate) target: EntryField<'d>,
    /// The key, without flags.
    pub(crate) key: Reloc,
    pub(crate) flags: i64,
}

impl JumpLabel<'_> {
    /// Whether the instruction is a jump that is to become a NOP.
    pub(crate) fn is_to_nop(&self) -> bool {
        self.flags & TO_NOP != 0
    }
}

fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    let (target, key) = fields(raw.size);
    let key = raw.reloc(key).ok_or("a jump label without a key")?;
    let flags = key.addend & FLAGS;
    let key = Reloc { addend: key.addend.wrapping_sub(flags), ..key };
    Ok(DecodedEntry::JumpLabel(JumpLabel { target: raw.field(target)?, key, flags }))
}
