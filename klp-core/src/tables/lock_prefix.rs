//! `.smp_locks`: LOCK prefixes that a kernel on one processor takes out (`arch/x86/include/asm/alternative.h`).
//! Entry, 4 bytes: s32 address of the prefix. What is not listed keeps its prefix.

use super::{DecodedEntry, TableFormat};

pub(super) const FORMAT: TableFormat = TableFormat {
    section: ".smp_locks",
    sizes: &[(4, &[0])],
    length: None,
    decode: |_| Ok(DecodedEntry::LockPrefix),
};
