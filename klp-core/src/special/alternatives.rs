//! `.altinstructions`: code that is replaced at boot (arch/x86/include/asm/alternative.h).
//! Entry: s32 instruction, s32 replacement, then
//! - 14 bytes (6.3 and later): u16 feature, u16 flags, u8 length, u8 replacement length;
//! - 12 bytes (5.13 to 6.2): u16 feature, u8 length, u8 replacement length;
//! - 13 bytes (to 5.12): the same and u8 padding length.

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: ".altinstructions", sizes: &[12, 13, 14], length: Some(length), write };

const REPLACEMENT: u64 = 4;
const FEATURE: u64 = 8;
const PADDING: u64 = 12;

/// Where the length of the replaced code is; that of the replacement follows.
fn length(size: u64) -> u64 {
    if size == 14 { 12 } else { 10 }
}

fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    entry: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    let features = match entry.size {
        12 | 13 => 2,
        14 => 4,
        other => return Err(Refusal::new(format!(".altinstructions entries of {other} bytes"))),
    };
    unit.entry(Kind::Alternative, site);
    unit.bytes(Kind::Alternative, entry.bytes(FEATURE, features)?);
    let covered = entry.byte(length(entry.size))?;
    unit.byte(Kind::Alternative, covered);
    unit.covers(Kind::Alternative, site, covered);
    let len = entry.byte(length(entry.size).saturating_add(1))?;
    unit.byte(Kind::Alternative, len);
    if entry.size == 13 {
        unit.byte(Kind::Alternative, entry.byte(PADDING)?);
    }
    if len > 0 {
        let reloc = entry
            .reloc(REPLACEMENT)
            .ok_or_else(|| Refusal::new("an alternative without replacement"))?;
        unit.replacement(site, &reloc, len)?;
    }
    Ok(Effect::Keep)
}
