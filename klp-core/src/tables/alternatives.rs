//! `.altinstructions`: code that is replaced at boot (arch/x86/include/asm/alternative.h).
//! Entry: s32 instruction, s32 replacement, then
//! - 14 bytes (6.3 and later): u16 feature, u16 flags, u8 length, u8 replacement length;
//! - 12 bytes (5.13 to 6.2): u16 feature, u8 length, u8 replacement length;
//! - 13 bytes (to 5.12): the same and u8 padding length.

use super::{DecodedEntry, Malformed, Raw, TableFormat};
use crate::elf::Reloc;

pub(super) const FORMAT: TableFormat = TableFormat {
    section: ".altinstructions",
    sizes: &[(12, &[0, 4]), (13, &[0, 4]), (14, &[0, 4])],
    length: Some(length),
    decode,
};

const REPLACEMENT: u64 = 4;
const FEATURE: u64 = 8;
const PADDING: u64 = 12;

/// Code that is replaced where the processor has a feature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alternative<'d> {
    /// Feature and flags, as they are.
    pub(crate) feature: &'d [u8],
    /// How many bytes of code it replaces.
    pub(crate) covered: u8,
    /// By how many bytes.
    pub(crate) length: u8,
    pub(crate) padding: Option<u8>,
    /// Where these are; none if they are no bytes at all.
    pub(crate) replacement: Option<Reloc>,
}

/// Where the length of the replaced code is; that of the replacement follows.
fn length(size: u64) -> u64 {
    if size == 14 { 12 } else { 10 }
}

fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    let feature = raw.bytes(FEATURE, if raw.size == 14 { 4 } else { 2 })?;
    let covered = raw.byte(length(raw.size))?;
    let length = raw.byte(length(raw.size).saturating_add(1))?;
    let padding = if raw.size == 13 { Some(raw.byte(PADDING)?) } else { None };
    let replacement = match length {
        0 => None,
        _ => Some(raw.reloc(REPLACEMENT).ok_or("an alternative without replacement")?),
    };
    Ok(DecodedEntry::Alternative(Alternative { feature, covered, length, padding, replacement }))
}
