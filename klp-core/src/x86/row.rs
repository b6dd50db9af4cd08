//! The entries of a table by the first bytes of an instruction. `build.rs` writes it, `common.rs` reads it.

/// The REX prefix, as far as an entry depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rex {
    None,
    Narrow,
    Wide,
}

/// Whether the opcode is behind `0f`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    None,
    Two,
}

/// What an instruction is, as [`super::form::Form`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Plain,
    Nop,
    /// Control ends here.
    End,
    Branch,
}

/// How many entries there are. One is 0 where the table says nothing, else length and sort (bits 4 and 5).
pub(crate) const ENTRIES: usize = 6 << 16;

/// In an entry: an address without a base (`SIB`) is 4 bytes longer.
pub(crate) const BASELESS: u8 = 0x80;

/// The length from the opcode on is in the low bits.
pub(crate) const LENGTH: u8 = 0x0f;

/// Where the entry is.
#[inline]
pub(crate) fn index(rex: Rex, escape: Escape, opcode: u8, modrm: u8) -> usize {
    (rex as usize * 2 + escape as usize) << 16 | usize::from(opcode) << 8 | usize::from(modrm)
}

/// The sort that an entry is of.
#[inline]
pub(crate) fn sort(entry: u8) -> Sort {
    match entry >> 4 & 3 {
        0 => Sort::Plain,
        1 => Sort::Nop,
        2 => Sort::End,
        _ => Sort::Branch,
    }
}
