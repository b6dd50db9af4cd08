//! x86-64: one instruction as opcode bytes and operand fields that can be made symbolic.

pub(crate) mod argument;
mod bound;
pub(crate) mod carried;
mod common;
mod effect;
pub(crate) mod entered;
mod form;
mod instructions;
pub(crate) mod patching;
pub(crate) mod relocation;
mod row;
mod sum;
pub(crate) mod text;
mod used;

use iced_x86::{Decoder, DecoderOptions, FlowControl};

pub(crate) use form::{Decoded, Form};
pub(crate) use instructions::Instructions;

use super::Field;

/// The machine of ELF files.
pub(crate) const MACHINE: object::elf::Machine = object::elf::EM_X86_64;

/// Whether control goes on behind the instruction at the start of `code`. After a call it does where the
/// compiler does not know better, which nothing here can tell.
pub(crate) fn runs_on(code: &[u8]) -> bool {
    let instruction = Decoder::new(64, code, DecoderOptions::NONE).decode();
    let flow = instruction.flow_control();
    !instruction.is_invalid() && matches!(flow, FlowControl::Next | FlowControl::ConditionalBranch)
}

/// How many bytes at the start of `code` are NOPs.
pub(crate) fn padding(code: &[u8]) -> usize {
    let mut instructions = Instructions::new(code, 0);
    let mut padding = 0;
    while let Some(Ok(Decoded { form: Form::Nop, .. })) = instructions.next() {
        padding = instructions.offset();
    }
    padding
}

/// The opcode of a direct branch as its near form has it, so that a short and a near encoding are
/// one: `e9` for `jmp`, `e8` for `call`, `0f 8x` for `jcc`; `loop`, `jrcxz` and `xbegin` as they are.
/// `head` is the instruction up to its displacement. Returns the number of prefix bytes and the opcode.
pub(crate) fn near_opcode(head: &[u8]) -> (usize, [u8; 2]) {
    match head {
        [prefix @ .., 0x0f, condition @ 0x80..=0x8f] => (prefix.len(), [0x0f, *condition]),
        [prefix @ .., 0xc7, 0xf8] => (prefix.len(), [0xc7, 0xf8]),
        [prefix @ .., condition @ 0x70..=0x7f] => (prefix.len(), [0x0f, 0x80 | (condition & 0x0f)]),
        [prefix @ .., 0xeb | 0xe9] => (prefix.len(), [0xe9, 0]),
        [prefix @ .., opcode] => (prefix.len(), [*opcode, 0]),
        [] => (0, [0, 0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_near_branches_have_one_opcode() {
        for (short, near) in
            [(&[0xeb][..], &[0xe9][..]), (&[0x74], &[0x0f, 0x84]), (&[0x7f], &[0x0f, 0x8f])]
        {
            assert_eq!(near_opcode(short), near_opcode(near));
        }
        assert_ne!(near_opcode(&[0x74]), near_opcode(&[0x75]));
        assert_eq!(near_opcode(&[0xe3]).1, [0xe3, 0]);
        assert_eq!(near_opcode(&[0x2e, 0x74]).0, 1);
    }
}
