//! `__ex_table`: exception fixups. Entry, 12 bytes: s32 instruction, s32 fixup, then s32 handler
//! (to Linux 5.15) or type and registers (5.16 and later; arch/x86/include/asm/extable.h).

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: "__ex_table", sizes: &[12], length: None, write };

const FIXUP: u64 = 4;
const HANDLER: u64 = 8;

fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    entry: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    unit.entry(Kind::ExceptionTable, site);
    unit.field(Kind::ExceptionTable, entry, FIXUP)?;
    unit.field(Kind::ExceptionTable, entry, HANDLER)?;
    Ok(Effect::Keep)
}
