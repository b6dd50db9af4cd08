//! `.smp_locks`: LOCK prefixes that a kernel on one processor takes out (`arch/x86/include/asm/alternative.h`).
//! Entry, 4 bytes: s32 address of the prefix. What is not listed keeps its prefix.

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: ".smp_locks", sizes: &[4], length: None, write };

#[expect(clippy::unnecessary_wraps, reason = "all readers have this signature")]
fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    _: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    unit.entry(Kind::Alternative, site);
    Ok(Effect::Keep)
}
