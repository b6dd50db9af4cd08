//! `__jump_table`: jump labels. Entry, 16 bytes: s32 code, s32 target, s64 key, each relative to its
//! own field; the key's low bits are flags (`include/linux/jump_label.h`, Linux 4.20 and later). Before,
//! 24 bytes: three addresses of 64 bits.

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: "__jump_table", sizes: &[16, 24], length: None, write };

/// Where target and key are, by the size of the entry.
const fn fields(size: u64) -> (u64, u64) {
    if size == 16 { (4, 8) } else { (8, 16) }
}

/// Bit 0: the likely branch.
const FLAGS: i64 = 3;
/// Bit 1: objtool makes the instruction a NOP (`arch/x86/include/asm/jump_label.h`, Linux 5.14).
const OBJTOOL_NOPS: i64 = 2;

fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    entry: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    let (target, key) = fields(entry.size);
    let key = entry.reloc(key).ok_or_else(|| Refusal::new("a jump label without a key"))?;
    let flags = key.addend & FLAGS;
    unit.entry(Kind::StaticKey, site);
    unit.number(Kind::StaticKey, flags.cast_unsigned());
    let replaced = flags & OBJTOOL_NOPS != 0;
    unit.byte(Kind::StaticKey, if replaced { 0 } else { site.nop_length() });
    unit.field(Kind::StaticKey, entry, target)?;
    unit.reloc(Kind::StaticKey, key.kind, key.symbol, key.addend.wrapping_sub(flags))?;
    Ok(if replaced && site.is_jump_or_nop() { Effect::Replace } else { Effect::Keep })
}
