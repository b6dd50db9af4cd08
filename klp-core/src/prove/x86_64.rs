//! What the proof knows of x86-64 beside what the decoder says.

/// What assemblers and linkers put between functions: zeros, NOP and INT3.
pub(super) fn is_filler(byte: u8) -> bool {
    matches!(byte, 0 | 0x90 | 0xcc)
}

/// Whether the instruction `code` loads the first argument of a function.
pub(super) fn loads_first(code: &[u8]) -> bool {
    matches!(code, [0x48, 0xc7, 0xc7, ..] | [0x48, 0x8d, 0x3d, ..] | [0xbf, ..])
}
