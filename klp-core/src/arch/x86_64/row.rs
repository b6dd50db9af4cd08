//! Rows of entries, one for each `ModRM` byte: 0 where nothing is said, else the length of the instruction from the
//! opcode on, its sort (bits 4 and 5) and [`BASELESS`]. `build.rs` writes them, `common.rs` reads them.

/// What an instruction is, as [`super::super::Form`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Plain,
    Nop,
    /// Control ends here.
    End,
    Branch,
}

/// How many opcodes there are.
pub(crate) const OPCODES: usize = 6 << 8;

/// In an entry: an address without a base (`SIB`) is 4 bytes longer.
pub(crate) const BASELESS: u8 = 0x80;

/// The length from the opcode on is in the low bits.
pub(crate) const LENGTH: u8 = 0x0f;

/// Where the number of an opcode's row is. `rex` is 0 without that prefix, 2 if its W is set, else 1; `escape` is 1
/// behind `0f`, else 0.
#[inline]
pub(crate) fn opcode_index(rex: usize, escape: usize, opcode: u8) -> usize {
    (rex * 2 + escape) << 8 | usize::from(opcode)
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
