//! Instructions that their first bytes tell apart, which most are: REX prefix, opcode and `ModRM`.
//!
//! What a checksum has to know of them is their length, and of direct branches the target. `build.rs` asks
//! iced-x86 for it once, for each combination. What that table does not hold (other prefixes, addresses
//! relative to the next instruction, ...) is decoded in full.

use super::super::{Decoded, Form, InstructionField};
use super::row::{self, BASELESS, LENGTH, OPCODES, Sort};

/// By opcode, a row by `ModRM`: all of it stays in the first cache.
static NUMBERS: &[u8; OPCODES] = include_bytes!(concat!(env!("OUT_DIR"), "/opcodes.bin"));
static ROWS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rows.bin"));

/// As long as the longest instruction, and one more: no field of one that starts it is outside.
pub(super) type Window = [u8; 16];

/// A common instruction.
#[derive(Clone, Copy)]
pub(super) struct CommonInstruction {
    pub(super) len: usize,
    entry: u8,
}

/// The instruction at the start of `window`, if it is a common one.
#[inline]
pub(super) fn tell(window: &Window) -> Option<CommonInstruction> {
    let mut bytes = window.first_chunk().map_or(0, |start| u64::from_le_bytes(*start));
    // Sums instead of conditions: what comes next is hard to predict.
    let has_rex = usize::from(bytes & 0xf0 == 0x40);
    let rex = has_rex + (has_rex & usize::from(bytes & 8 != 0));
    bytes >>= 8 * has_rex;
    let escape = usize::from(bytes & 0xff == 0x0f);
    bytes >>= 8 * escape;
    let [opcode, modrm, sib, ..] = bytes.to_le_bytes();
    let number = NUMBERS[row::opcode_index(rex, escape, opcode)];
    let entry = *ROWS.get(usize::from(number) << 8 | usize::from(modrm))?;
    if entry == 0 {
        return None;
    }
    let is_baseless = usize::from(entry & BASELESS != 0) & usize::from(sib & 7 == 5);
    Some(CommonInstruction {
        len: has_rex + escape + usize::from(entry & LENGTH) + 4 * is_baseless,
        entry,
    })
}

impl CommonInstruction {
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        row::sort(self.entry) == Sort::Plain
    }

    /// What it is, at the start of `window`, whose address is `ip`.
    pub(super) fn decoded(&self, window: &Window, ip: u64) -> Decoded {
        let sort = row::sort(self.entry);
        let form = match sort {
            Sort::Branch => self.branch(window, ip),
            Sort::Nop => Form::Nop,
            Sort::Plain | Sort::End => Form::Plain,
        };
        let is_jump = sort == Sort::Branch && matches!(window[0], 0xe9 | 0xeb);
        // Below 16.
        let len = u8::try_from(self.len).unwrap_or(u8::MAX);
        Decoded { len, form, ends_flow: is_jump || sort == Sort::End, is_ip_relative: false }
    }

    fn branch(&self, window: &Window, ip: u64) -> Form {
        let start = window.get(..self.len).unwrap_or_default();
        let distance = match (start, start.last_chunk()) {
            ([_, distance], _) => i64::from(distance.cast_signed()),
            (_, Some(distance)) => i64::from(i32::from_le_bytes(*distance)),
            _ => 0,
        };
        let target = ip.wrapping_add(self.len as u64).wrapping_add_signed(distance);
        Form::Branch { call: window[0] == 0xe8, target }
    }
}

/// Where the distance of a branch of `len` bytes is that [`tell`] has told.
pub(super) fn distance(len: u8) -> InstructionField {
    let size = if len == 2 { 1 } else { 4 };
    InstructionField::whole(len.saturating_sub(size), size)
}
