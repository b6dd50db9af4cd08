//! `.parainstructions`: paravirt call sites, to Linux 6.8. Entry, 16 bytes: u64 address, u8 type,
//! u8 length, padding that the last one can lack (struct `paravirt_patch_site`, `arch/x86/include/asm/paravirt_types.h`).

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: ".parainstructions", sizes: &[16], length: Some(|_| TYPE + 1), write };

const TYPE: u64 = 8;

fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    entry: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    unit.entry(Kind::Alternative, site);
    unit.bytes(Kind::Alternative, entry.bytes(TYPE, 2)?);
    Ok(Effect::Keep)
}
