//! `.static_call_sites`: objtool's list of static calls. Entry, 8 bytes: s32 address, s32 key; the
//! key's low bits are flags (`include/linux/static_call_types.h`).

use super::{DecodedEntry, Malformed, Raw, TableFormat};
use crate::elf::Reloc;

pub(super) const FORMAT: TableFormat =
    TableFormat { section: ".static_call_sites", sizes: &[(8, &[0, 4])], length: None, decode };

const KEY: u64 = 4;
const FLAGS: i64 = 3;

/// A call whose target the kernel writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StaticCall {
    /// The key, without flags.
    pub(crate) key: Reloc,
    pub(crate) flags: i64,
}

impl StaticCall {
    /// The flag of a tail call.
    pub(crate) const TAIL: i64 = 1;
}

fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    let key = raw.reloc(KEY).ok_or("a static call site without a key")?;
    let flags = key.addend & FLAGS;
    let key = Reloc { addend: key.addend.wrapping_sub(flags), ..key };
    Ok(DecodedEntry::StaticCall(StaticCall { key, flags }))
}
