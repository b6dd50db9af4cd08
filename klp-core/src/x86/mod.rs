//! One x86-64 instruction as opcode bytes and operand fields that can be made symbolic.

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register,
};

/// A field of an instruction that can hold an address: its place and width in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) offset: u8,
    pub(crate) size: u8,
}

/// What an instruction is, as far as a checksum must treat it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Does nothing: padding.
    Nop,
    /// A direct jump or call; its target as encoded.
    Branch { call: bool, target: u64 },
    /// Everything else.
    Plain,
}

/// How an instruction uses its memory operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Exactly this many bytes at the address in the displacement.
    Fixed(u16),
    /// Somewhere relative to it, or the address itself is taken.
    Open,
}

/// One decoded instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoded {
    pub(crate) len: u8,
    pub(crate) form: Form,
    /// Control never goes on to the next instruction.
    pub(crate) ends_flow: bool,
    /// It has a memory operand relative to the next instruction.
    pub(crate) is_ip_relative: bool,
}

/// The fields of an instruction that can hold addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operands {
    pub(crate) displacement: Option<Field>,
    pub(crate) immediate: Option<Field>,
    /// The address that a displacement relative to the next instruction gives without a relocation.
    pub(crate) ip_target: Option<u64>,
    pub(crate) access: Access,
}

impl Operands {
    /// The field that holds the byte at `offset`.
    pub(crate) fn field_at(&self, offset: u8) -> Option<Field> {
        self.displacement.into_iter().chain(self.immediate).find(|field| field.offset == offset)
    }
}

/// Decodes the instructions of `code`, which starts at `ip`.
pub(crate) struct Instructions<'a> {
    decoder: Decoder<'a>,
    instruction: Instruction,
}

/// Bytes that are no instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undecodable;

impl<'a> Instructions<'a> {
    pub(crate) fn new(code: &'a [u8], ip: u64) -> Self {
        Self {
            decoder: Decoder::with_ip(64, code, ip, DecoderOptions::NONE),
            instruction: Instruction::default(),
        }
    }

    /// The operands of the instruction that was decoded last. Few instructions have an address in them.
    pub(crate) fn operands(&self) -> Operands {
        let instruction = &self.instruction;
        let offsets = self.decoder.get_constant_offsets(instruction);
        let displacement = offsets.has_displacement().then(|| Field {
            offset: narrow(offsets.displacement_offset()),
            size: narrow(offsets.displacement_size()),
        });
        let immediate = offsets.has_immediate().then(|| Field {
            offset: narrow(offsets.immediate_offset()),
            size: narrow(offsets.immediate_size()),
        });
        let ip_target =
            instruction.is_ip_rel_memory_operand().then(|| instruction.ip_rel_memory_address());
        Operands { displacement, immediate, ip_target, access: access(instruction) }
    }
}

impl Iterator for Instructions<'_> {
    type Item = Result<Decoded, Undecodable>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.decoder.can_decode() {
            return None;
        }
        self.decoder.decode_out(&mut self.instruction);
        if self.instruction.is_invalid() {
            return Some(Err(Undecodable));
        }
        Some(Ok(describe(&self.instruction)))
    }
}

fn describe(instruction: &Instruction) -> Decoded {
    let flow = instruction.flow_control();
    let form = match flow {
        FlowControl::Next if instruction.mnemonic() == Mnemonic::Nop => Form::Nop,
        FlowControl::Next => Form::Plain,
        _ => match instruction.op0_kind() {
            OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => Form::Branch {
                call: flow == FlowControl::Call,
                target: instruction.near_branch_target(),
            },
            _ => Form::Plain,
        },
    };
    Decoded {
        len: narrow(instruction.len()),
        form,
        ends_flow: matches!(
            flow,
            FlowControl::Return | FlowControl::UnconditionalBranch | FlowControl::IndirectBranch
        ) || instruction.code() == Code::Ud2,
        is_ip_relative: instruction.is_ip_rel_memory_operand(),
    }
}

fn access(instruction: &Instruction) -> Access {
    let base = instruction.memory_base();
    let direct = instruction.memory_index() == Register::None
        && (base == Register::None || base == Register::RIP);
    match u16::try_from(instruction.memory_size().size()) {
        Ok(size) if size > 0 && direct && instruction.mnemonic() != Mnemonic::Lea => {
            Access::Fixed(size)
        }
        _ => Access::Open,
    }
}

/// Instruction lengths and offsets are below 16.
fn narrow(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
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

    fn one(code: &[u8]) -> Decoded {
        Instructions::new(code, 0x100).next().unwrap().unwrap()
    }

    fn operands(code: &[u8]) -> Operands {
        let mut instructions = Instructions::new(code, 0x100);
        instructions.next().unwrap().unwrap();
        instructions.operands()
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

    #[test]
    fn a_branch_knows_its_target() {
        assert_eq!(one(&[0xeb, 0x10]).form, Form::Branch { call: false, target: 0x112 });
        assert_eq!(one(&[0xe8, 0, 0, 0, 0]).form, Form::Branch { call: true, target: 0x105 });
        assert_eq!(operands(&[0xe8, 0, 0, 0, 0]).immediate, Some(Field { offset: 1, size: 4 }));
    }

    #[test]
    fn padding_is_nop_and_pause_is_not() {
        assert_eq!(one(&[0x90]).form, Form::Nop);
        assert_eq!(one(&[0x66, 0x90]).form, Form::Nop);
        assert_eq!(one(&[0x0f, 0x1f, 0x44, 0, 0]).form, Form::Nop);
        assert_eq!(one(&[0xf3, 0x90]).form, Form::Plain);
        assert_eq!(one(&[0xf3, 0x0f, 0x1e, 0xfa]).form, Form::Plain);
    }

    #[test]
    fn a_load_of_known_size_is_told_from_a_taken_address() {
        // mov eax, [rip+0]; lea rax, [rip+0]; mov eax, [rax*4+0]
        assert_eq!(operands(&[0x8b, 0x05, 0, 0, 0, 0]).access, Access::Fixed(4));
        assert_eq!(operands(&[0x8b, 0x05, 0, 0, 0, 0]).ip_target, Some(0x106));
        assert_eq!(operands(&[0x48, 0x8d, 0x05, 0, 0, 0, 0]).access, Access::Open);
        assert_eq!(operands(&[0x8b, 0x04, 0x85, 0, 0, 0, 0]).access, Access::Open);
    }
}
