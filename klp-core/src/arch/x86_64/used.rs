//! What an instruction does with the address that stands in it, and with its other operands.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::super::Access;

/// The registers of the first arguments of a function, in their order (System V psABI for x86-64).
pub(super) const ARGUMENTS: [Register; 6] =
    [Register::RDI, Register::RSI, Register::RDX, Register::RCX, Register::R8, Register::R9];

/// What the memory operand of an instruction reaches.
pub(super) fn access(instruction: &Instruction) -> Access {
    let base = instruction.memory_base();
    let direct = instruction.memory_index() == Register::None
        && (base == Register::None || base == Register::RIP);
    let reads = instruction.mnemonic() != Mnemonic::Lea && !is_bit_string(instruction);
    match u16::try_from(instruction.memory_size().size()) {
        Ok(size) if size > 0 && direct && reads => Access::Fixed(size),
        Ok(size) if size > 0 && reads && step(instruction) == u32::from(size) => Access::Indexed,
        Ok(size) if size > 0 && reads => Access::Strided,
        _ => Access::Open,
    }
}

/// Whether it takes a bit that a register counts: it can be anywhere behind the address.
pub(super) fn is_bit_string(instruction: &Instruction) -> bool {
    let takes_bit = matches!(
        instruction.mnemonic(),
        Mnemonic::Bt | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
    );
    takes_bit && instruction.op1_kind() == OpKind::Register
}

/// How far apart the places are that the registers of the memory operand count. With two, the one that is not scaled
/// can hold where they start.
fn step(instruction: &Instruction) -> u32 {
    let has_index = instruction.memory_index() != Register::None;
    if has_index { instruction.memory_index_scale() } else { 1 }
}

/// Whether an operand is a number of its own. The second one of `enter` and the like is none of these.
pub(super) fn is_immediate(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Immediate8
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}
