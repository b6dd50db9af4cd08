//! `.smp_locks`: LOCK prefixes that a kernel on one processor takes out (`arch/x86/include/asm/alternative.h`).
//! Entry, 4 bytes: s32 address of the prefix. What is not listed keeps its prefix.

use super::{Entry, Format};

pub(super) const FORMAT: Format = Format {
    section: ".smp_locks",
    sizes: &[(4, &[0])],
    length: None,
    decode: |_| Ok(Entry::LockPrefix),
};
