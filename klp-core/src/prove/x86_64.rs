//! What the proof knows of x86-64 beside what the decoder says.

/// What assemblers and linkers put between functions: zeros, NOP and INT3.
pub(super) fn is_filler(byte: u8) -> bool {
    matches!(byte, 0 | 0x90 | 0xcc)
}
