//! `.discard.unwind_hints`: what assembly says about the stack, from which objtool makes unwind tables
//! (`include/linux/objtool_types.h`). Entry, 12 bytes: u32 address, s16 offset of the stack pointer, u8 register,
//! u8 type, u8 flag, padding.

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: ".discard.unwind_hints", sizes: &[12], length: None, write };

const SAID: u64 = 4;

fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    entry: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    unit.entry(Kind::Instruction, site);
    unit.bytes(Kind::Instruction, entry.bytes(SAID, 8)?);
    Ok(Effect::Keep)
}
