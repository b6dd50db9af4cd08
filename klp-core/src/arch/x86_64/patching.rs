//! How the kernel and its tools patch code: what instructions they look for and write.

/// The NOP of five bytes that the kernel and objtool write (`BYTES_NOP5` in arch/x86/include/asm/nops.h).
pub(crate) const NOP5: [u8; 5] = [0x0f, 0x1f, 0x44, 0x00, 0x00];
/// That of two bytes.
const NOP2: [u8; 2] = [0x66, 0x90];
/// That of one byte, which compilers put in front of functions for those who patch them.
pub(crate) const NOP1: u8 = 0x90;

/// A direct call whose distance is not known yet.
pub(crate) const CALL: [u8; 5] = [CALL_OPCODE, 0, 0, 0, 0];
const CALL_OPCODE: u8 = 0xe8;
const JUMP: u8 = 0xe9;
const SHORT_JUMP: u8 = 0xeb;

/// What an indirect branch must meet, where the kernel tracks them: ENDBR64.
pub(crate) const ENDBR: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// What traps between functions: INT3.
const TRAP: u8 = 0xcc;

/// Whether `code` starts with a direct call.
pub(crate) fn is_call(code: &[u8]) -> bool {
    code.first() == Some(&CALL_OPCODE)
}

/// How long the direct jump is that `code` starts with, if it is one without a condition.
pub(crate) fn jump(code: &[u8]) -> Option<u8> {
    match code.first() {
        Some(&SHORT_JUMP) => Some(2),
        Some(&JUMP) => Some(5),
        _ => None,
    }
}

/// The NOP that takes the place of a jump of that length.
pub(crate) fn nop(length: u8) -> Vec<u8> {
    if length == 2 { NOP2.to_vec() } else { NOP5.to_vec() }
}

/// Whether a field of four bytes that these two bytes stand before is the distance of a direct call or jump.
pub(crate) fn is_branch(before: [Option<u8>; 2]) -> bool {
    let [second, first] = before;
    let is_conditional = second == Some(0x0f) && first.is_some_and(|it| it & 0xf0 == 0x80);
    matches!(first, Some(CALL_OPCODE | JUMP)) || is_conditional
}

/// Whether linkers and compilers put `byte` between functions, where it is no instruction that anybody runs.
pub(crate) fn fills(byte: u8) -> bool {
    matches!(byte, TRAP | 0)
}
