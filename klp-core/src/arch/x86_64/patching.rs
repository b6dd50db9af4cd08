//! How the kernel and its tools patch code: what instructions they look for and write.

/// The NOP of five bytes that the kernel and objtool write (`BYTES_NOP5` in arch/x86/include/asm/nops.h).
pub(super) const NOP5: [u8; 5] = [0x0f, 0x1f, 0x44, 0x00, 0x00];
/// That of two bytes.
const NOP2: [u8; 2] = [0x66, 0x90];
/// That of one byte, which compilers put in front of functions for those who patch them.
pub(super) const NOP1: u8 = 0x90;

/// A direct call whose distance is not known yet.
pub(super) const CALL: [u8; 5] = [CALL_OPCODE, 0, 0, 0, 0];
const CALL_OPCODE: u8 = 0xe8;
const JUMP: u8 = 0xe9;
const SHORT_JUMP: u8 = 0xeb;

/// What an indirect branch must meet, where the kernel tracks them: ENDBR64.
pub(super) const ENDBR: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// What traps between functions: INT3.
const TRAP: u8 = 0xcc;

/// Whether `code` starts with a direct call.
pub(super) fn is_call(code: &[u8]) -> bool {
    code.first() == Some(&CALL_OPCODE)
}

/// How long the direct jump is that `code` starts with, if it is one without a condition.
pub(super) fn jump(code: &[u8]) -> Option<u8> {
    match code.first() {
        Some(&SHORT_JUMP) => Some(2),
        Some(&JUMP) => Some(5),
        _ => None,
    }
}

/// The NOP that takes the place of a jump of that length.
pub(super) fn no_jump(length: u8) -> &'static [u8] {
    if length == 2 { &NOP2 } else { &NOP5 }
}

/// Whether `code` ends with the opcode of a direct call or jump, so that its distance of four bytes follows.
pub(super) fn ends_with_branch(code: &[u8]) -> bool {
    matches!(code, [.., CALL_OPCODE | JUMP] | [.., 0x0f, 0x80..=0x8f])
}

/// Whether linkers and compilers put `byte` between functions, where it is no instruction that anybody runs.
pub(super) fn fills(byte: u8) -> bool {
    matches!(byte, TRAP | 0)
}

/// Whether a function of this name jumps to what a register holds (arch/x86/lib/retpoline.S).
pub(super) fn is_thunk(name: &str) -> bool {
    name.starts_with("__x86_indirect_")
}
