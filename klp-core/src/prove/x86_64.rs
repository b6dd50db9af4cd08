//! What the proof knows of x86-64 beside what the decoder says.

/// What assemblers and linkers put between functions: zeros, NOP and INT3.
pub(super) fn is_filler(byte: u8) -> bool {
    matches!(byte, 0 | 0x90 | 0xcc)
}

/// Whether `code` ends with the opcode of a direct call or jump, so that its distance follows.
pub(super) fn ends_with_branch(code: &[u8]) -> bool {
    matches!(code, [.., 0xe8 | 0xe9] | [.., 0x0f, 0x80..=0x8f])
}

/// Whether the instruction `code` loads the first argument of a function.
pub(super) fn loads_first(code: &[u8]) -> bool {
    matches!(code, [0x48, 0xc7, 0xc7, ..] | [0x48, 0x8d, 0x3d, ..] | [0xbf, ..])
}
