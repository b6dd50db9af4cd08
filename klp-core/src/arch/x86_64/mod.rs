//! x86-64: what [`Arch`] asks for.

mod argument;
mod bound;
mod carried;
mod common;
mod effect;
mod entered;
mod feature;
mod form;
mod instructions;
mod outward;
mod patching;
mod per_cpu;
mod relocation;
mod row;
mod sum;
mod text;
mod used;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Mnemonic};
use object::elf;

use super::{
    Arch, Carried, Decoded, Feature, FieldNames, Form, InstructionField, InstructionText,
    Instructions as _, RelocKind, TakingCall,
};
use instructions::InstructionDecoder;

/// x86-64.
#[derive(Debug, Clone, Copy)]
pub(crate) struct X86_64;

impl Arch for X86_64 {
    const ELF: elf::Machine = elf::EM_X86_64;

    fn is_bytes(section: elf::SectionType) -> bool {
        section == elf::SHT_X86_64_UNWIND
    }

    type Instructions<'a> = InstructionDecoder<'a>;
    type Opcode = [u8; 2];

    fn runs_on(code: &[u8]) -> bool {
        runs_on(code)
    }

    fn traps(code: &[u8]) -> bool {
        traps(code)
    }

    fn opcode(branch: &[u8], distance: InstructionField) -> (usize, [u8; 2]) {
        near_opcode(branch.get(..usize::from(distance.offset)).unwrap_or_default())
    }

    fn text(code: &[u8], ip: u64, names: FieldNames) -> InstructionText {
        text::text(code, ip, names)
    }

    fn padding(code: &[u8]) -> usize {
        padding(code)
    }

    fn fills(byte: u8) -> bool {
        patching::fills(byte)
    }

    fn is_room(code: &[u8]) -> bool {
        code.iter().all(|byte| *byte == patching::NOP1)
    }

    fn relocation(kind: u32) -> RelocKind {
        relocation::kind(elf::RelocationType(kind))
    }

    const BRANCH: u32 = elf::R_X86_64_PLT32.0;
    const ADDRESS: u32 = elf::R_X86_64_64.0;

    fn is_branch(code: &[u8], field: usize) -> bool {
        code.get(..field).is_some_and(patching::ends_with_branch)
    }

    fn may_lead_out(code: &[u8], before: u64, behind: u64) -> bool {
        outward::may_lead_out(code, before, behind)
    }

    const CALL: &'static [u8] = &patching::CALL;
    const CALL_DISTANCE: InstructionField = InstructionField::whole(1, 4);
    const NO_CALL: &'static [u8] = &patching::NOP5;

    fn is_call(code: &[u8]) -> bool {
        patching::is_call(code)
    }

    fn jump(code: &[u8]) -> Option<u8> {
        patching::jump(code)
    }

    fn no_jump(length: u8) -> &'static [u8] {
        patching::no_jump(length)
    }

    const LANDING: &'static [u8] = &patching::ENDBR;

    fn is_thunk(name: &str) -> bool {
        patching::is_thunk(name)
    }

    fn feature(fields: &[u8]) -> Option<Feature> {
        feature::feature(fields)
    }

    const LOADS_OF_FIRST: &'static [&'static [u8]] = &argument::LOADS_OF_FIRST;

    fn taken(code: &[u8]) -> Option<TakingCall> {
        argument::taken(code)
    }

    fn carried(code: &[u8], start: u64, leaves: impl Fn(u64, u64) -> bool) -> Option<Carried> {
        carried::carried(code, start, leaves)
    }

    fn result(code: &[u8], end: u64, leaves: impl Fn(u64, u64) -> bool) -> Carried {
        carried::result(code, end, leaves)
    }

    type Bounds<'a> = entered::CodeInContext<'a>;
    type Distances = per_cpu::PerCpuRegisters;

    const DISTANCES: &'static [&'static [u8]] = &per_cpu::DISTANCES;
}

/// Whether control goes on behind the instruction at the start of `code`. After a call it does where the
/// compiler does not know better, which nothing here can tell. What enters the kernel or a hypervisor comes back; `int3`
/// is a trap behind code that does not go on.
fn runs_on(code: &[u8]) -> bool {
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
fn traps(code: &[u8]) -> bool {
    let instruction = Decoder::new(64, code, DecoderOptions::NONE).decode();
    !instruction.is_invalid() && instruction.flow_control() == FlowControl::Exception
}

/// How many bytes at the start of `code` are NOPs.
fn padding(code: &[u8]) -> usize {
    let mut instructions = InstructionDecoder::new(code, 0);
    let mut padding = 0;
    while let Some(Ok(Decoded { form: Form::Nop, .. })) = instructions.next() {
        padding = instructions.offset();
    }
    padding
}

/// The opcode of a direct branch as its near form has it, so that a short and a near encoding are
/// one: `e9` for `jmp`, `e8` for `call`, `0f 8x` for `jcc`; `loop`, `jrcxz` and `xbegin` as they are.
/// `head` is the instruction up to its displacement. Returns the number of prefix bytes and the opcode.
fn near_opcode(head: &[u8]) -> (usize, [u8; 2]) {
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
