//! What the proof knows of x86-64.

use iced_x86::{Decoder, DecoderOptions};

use super::field::RelocField;

/// The NOPs that objtool puts in the place of jumps (arch/x86/include/asm/nops.h).
/// `R_X86_64_NONE`: objtool leaves it where it turns a call into a NOP, and it says nothing.
pub(super) const NOTHING: u32 = 0;

const SHORT_NOP: &[u8] = &[0x66, 0x90];
const LONG_NOP: &[u8] = &[0x0f, 0x1f, 0x44, 0, 0];

/// How far behind the start of a field the instruction ends that holds it. `code` starts with an instruction.
pub(super) fn behind(code: &[u8], field: u64) -> Option<i64> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE).into_iter();
    let holder = decoder.find(|instruction| instruction.next_ip() > field)?;
    if holder.is_invalid() {
        return None;
    }
    i64::try_from(holder.next_ip().checked_sub(field)?).ok()
}

/// How long the jump is that one of both starts with, where the other starts with the NOP for it.
pub(super) fn jump_or_nop(one: &[u8], other: &[u8]) -> Option<u64> {
    let pair = |jump: &[u8], nop: &[u8]| match jump.first() {
        Some(0xeb) => nop.starts_with(SHORT_NOP).then_some(2),
        Some(0xe9) => nop.starts_with(LONG_NOP).then_some(5),
        _ => None,
    };
    pair(one, other).or_else(|| pair(other, one))
}

impl RelocField {
    /// What a relocation of that type writes (System V ABI, AMD64 supplement, table 4.9).
    pub(super) fn of(kind: u32) -> Option<Self> {
        let field = |width, relative, signed| Some(Self { width, relative, signed });
        match kind {
            // R_X86_64_64 and R_X86_64_PC64.
            1 => field(8, false, false),
            24 => field(8, true, false),
            // R_X86_64_PC32 and R_X86_64_PLT32, which is the same in a kernel.
            2 | 4 => field(4, true, true),
            // R_X86_64_32 and R_X86_64_32S.
            10 => field(4, false, false),
            11 => field(4, false, true),
            // R_X86_64_PC16 and R_X86_64_PC8.
            13 => field(2, true, true),
            15 => field(1, true, true),
            _ => None,
        }
    }
}
