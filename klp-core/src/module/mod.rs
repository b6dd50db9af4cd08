//! Finished kernel modules and the linked kernel, as the kernel's module loader sees them.
//!
//! [`elf`](crate::elf) reads objects for checksums and keeps what those need. A loader also needs what
//! it leaves out: section types, links and flags, and symbols that livepatch resolves.

mod info;
mod raw;

pub use info::ModInfo;
pub use raw::{RawElf, RawRela, RawSection, RawSymbol, SymbolPlace};
