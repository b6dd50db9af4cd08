//! What an instruction does with the address that stands in it, and with its other operands.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::super::{Access, Reach};
use super::Instructions;

/// The registers of the first arguments of a function, in their order (System V psABI for x86-64).
pub(super) const ARGUMENTS: [Register; 6] =
    [Register::RDI, Register::RSI, Register::RDX, Register::RCX, Register::R8, Register::R9];

impl Instructions<'_> {
    /// What the last instruction does with the address in its displacement.
    pub(crate) fn reach(&mut self) -> Reach {
        let instruction = self.full();
        let is_bit_string = is_bit_string(instruction);
        match access(instruction) {
            Access::Fixed(size) if !is_bit_string => Reach::Exactly(size),
            _ if instruction.mnemonic() == Mnemonic::Lea
                && instruction.memory_index() == Register::None
                && matches!(instruction.memory_base(), Register::None | Register::RIP) =>
            {
                Reach::Address
            }
            Access::Indexed if !is_bit_string => Reach::Elements,
            _ => Reach::Further,
        }
    }

    /// Whether the last instruction takes the address in its memory operand, whatever is added.
    pub(crate) fn takes_address(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Lea
    }

    /// Whether the last instruction writes an immediate to memory other than the stack.
    pub(crate) fn stores(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Mov
            && instruction.op0_kind() == OpKind::Memory
            && instruction.memory_base() != Register::RSP
    }

    /// Whether the last instruction reads a register from memory, and nothing else.
    pub(crate) fn loads(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Mov
            && instruction.op0_kind() == OpKind::Register
            && instruction.op0_register().is_gpr64()
            && instruction.op1_kind() == OpKind::Memory
    }

    /// How far behind what its registers say the memory is that the last instruction uses.
    pub(crate) fn displacement(&mut self) -> u64 {
        self.full().memory_displacement64()
    }

    /// Whether the last instruction returns, or jumps to where a register says.
    pub(crate) fn leaves(&mut self) -> bool {
        let instruction = self.full();
        match instruction.flow_control() {
            FlowControl::Return => true,
            FlowControl::IndirectBranch => instruction.op0_kind() == OpKind::Register,
            _ => false,
        }
    }

    /// Whether the last instruction compares with its immediate.
    pub(crate) fn compares(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Cmp
    }

    /// Whether the last instruction writes a register in which functions get their arguments.
    pub(crate) fn sets_argument(&mut self) -> bool {
        let instruction = self.full();
        let register = instruction.op0_register().full_register();
        instruction.op0_kind() == OpKind::Register && ARGUMENTS.contains(&register)
    }
}

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
