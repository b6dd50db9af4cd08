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
pub(crate) mod per_cpu;
pub(crate) mod relocation;
mod row;
mod sum;
pub(crate) mod text;
mod used;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Mnemonic};

pub(crate) use form::{Decoded, Form};
pub(crate) use instructions::Instructions;

use super::Field;

/// The machine of ELF files.
pub(crate) const MACHINE: object::elf::Machine = object::elf::EM_X86_64;

/// Whether control goes on behind the instruction at the start of `code`. After a call it does where the
/// compiler does not know better, which nothing here can tell. What enters the kernel or a hypervisor comes back; `int3`
/// is a trap behind code that does not go on.
pub(crate) fn runs_on(code: &[u8]) -> bool {
    let instruction = Decoder::new(64, code, DecoderOptions::NONE).decode();
    let comes_back = match instruction.flow_control() {
        FlowControl::Next | FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend => true,
        FlowControl::Call => instruction.op_count() == 0,
        FlowControl::Interrupt => instruction.mnemonic() == Mnemonic::Int,
        _ => false,
    };
    !instruction.is_invalid() && comes_back
}

/// Whether the instruction at the start of `code` traps. A handler of the kernel's can go on behind it.
pub(crate) fn traps(code: &[u8]) -> bool {
    let instruction = Decoder::new(64, code, DecoderOptions::NONE).decode();
    !instruction.is_invalid() && instruction.flow_control() == FlowControl::Exception
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
    fn what_enters_something_comes_back() {
        // nop; syscall; vmcall; vmlaunch; int $0x80; je
        for code in
            [&[0x90][..], &[0x0f, 5], &[0x0f, 1, 0xc1], &[0x0f, 1, 0xc2], &[0xcd, 0x80], &[0x74, 0]]
        {
            assert!(runs_on(code), "{code:x?}");
        }
        // ret; call; int3; ud2; sysretq; iretq
        for code in [
            &[0xc3][..],
            &[0xe8, 0, 0, 0, 0],
            &[0xcc],
            &[0x0f, 0x0b],
            &[0x48, 0x0f, 7],
            &[0x48, 0xcf],
        ] {
            assert!(!runs_on(code), "{code:x?}");
        }
        assert!(traps(&[0x0f, 0x0b]) && !traps(&[0xcc]) && !traps(&[0xc3]));
    }

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
