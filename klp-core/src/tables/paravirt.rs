//! `.parainstructions`: paravirt call sites, to Linux 6.8. Entry, 16 bytes: u64 address, u8 type,
//! u8 length, padding that the last one can lack (struct `paravirt_patch_site`, `arch/x86/include/asm/paravirt_types.h`).

use super::{DecodedEntry, Malformed, Raw, TableFormat};

pub(super) const FORMAT: TableFormat = TableFormat {
    section: ".parainstructions",
    sizes: &[(16, &[0])],
    length: Some(|_| TYPE + 1),
    decode,
};

const TYPE: u64 = 8;

/// A call that a hypervisor's code can take the place of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParavirtCall<'d> {
    /// Type, and how many bytes of code it replaces.
    pub(crate) what: &'d [u8],
}

fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    Ok(DecodedEntry::ParavirtCall(ParavirtCall { what: raw.bytes(TYPE, 2)? }))
}
