//! `.discard.unwind_hints`: what assembly says about the stack, from which objtool makes unwind tables
//! (`include/linux/objtool_types.h`). Entry, 12 bytes: u32 address, s16 offset of the stack pointer, u8 register,
//! u8 type, u8 flag, padding.

use super::{DecodedEntry, Malformed, Raw, TableFormat};

pub(super) const FORMAT: TableFormat =
    TableFormat { section: ".discard.unwind_hints", sizes: &[(12, &[0])], length: None, decode };

const SAID: u64 = 4;

/// How to find the stack frame here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnwindHint<'d> {
    /// All of it.
    pub(crate) said: &'d [u8],
}

fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    Ok(DecodedEntry::UnwindHint(UnwindHint { said: raw.bytes(SAID, 8)? }))
}
