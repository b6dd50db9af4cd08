//! `__ex_table`: exception fixups. Entry, 12 bytes: s32 instruction, s32 fixup, then s32 handler
//! (to Linux 5.15) or type and registers (5.16 and later; arch/x86/include/asm/extable.h).

use super::{DecodedEntry, EntryField, Malformed, Raw, TableFormat};

pub(super) const FORMAT: TableFormat =
    TableFormat { section: "__ex_table", sizes: &[(12, &[0, 4, 8])], length: None, decode };

/// An instruction that may fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exception<'d> {
    /// Where the kernel goes on.
    pub(crate) fixup: EntryField<'d>,
    /// The handler, or its type and registers.
    pub(crate) handler: EntryField<'d>,
}

fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    Ok(DecodedEntry::Exception(Exception { fixup: raw.field(4)?, handler: raw.field(8)? }))
}
