//! Registers that hold how far the variables of a processor are from where the linker has them.

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind, Register, UsedRegister,
};
use smallvec::SmallVec;

use super::super::Distances;
use super::X86_64;
use super::carried::SCRATCH;
use super::entered::is_written;
use super::instructions::InstructionDecoder;
use super::used::is_bit_string;

/// The kernel's variables that such a distance is loaded from (arch/x86/include/asm/percpu.h).
pub(super) const DISTANCES: [&[u8]; 2] = [b"__per_cpu_offset", b"this_cpu_off"];

/// What is known of registers, from one instruction to the next.
pub(crate) struct PerCpuRegisters {
    held: SmallVec<[Register; 4]>,
    info: InstructionInfoFactory,
}

impl Distances<X86_64> for PerCpuRegisters {
    fn new() -> Self {
        Self { held: SmallVec::new(), info: InstructionInfoFactory::new() }
    }

    fn forget(&mut self) {
        self.held.clear();
    }

    fn used(&self, instructions: &mut InstructionDecoder<'_>) -> Option<u16> {
        let instruction = instructions.full();
        let is_exact = instruction.memory_index() == Register::None
            && self.held.contains(&instruction.memory_base())
            && instruction.mnemonic() != Mnemonic::Lea
            && !is_bit_string(instruction);
        let size = u16::try_from(instruction.memory_size().size()).ok();
        size.filter(|size| is_exact && *size > 0)
    }

    fn step(&mut self, instructions: &mut InstructionDecoder<'_>, loads: bool) {
        let instruction = instructions.full();
        match instruction.flow_control() {
            FlowControl::Next | FlowControl::ConditionalBranch => {}
            FlowControl::Call | FlowControl::IndirectCall => {
                self.held.retain(|register| !SCRATCH.contains(register));
                return;
            }
            _ => return self.forget(),
        }
        let is_one = loads && is_move(instruction, OpKind::Memory)
            || is_move(instruction, OpKind::Register)
                && self.held.contains(&instruction.op1_register());
        let used = self.info.info(instruction).used_registers();
        let written = used.iter().filter(|it| is_written(**it)).map(UsedRegister::register);
        for register in written {
            self.held.retain(|held| *held != register.full_register());
        }
        if is_one {
            self.held.push(instruction.op0_register());
        }
    }
}

/// Whether it moves 64 bits from such an operand to a register.
fn is_move(instruction: &Instruction, from: OpKind) -> bool {
    instruction.mnemonic() == Mnemonic::Mov
        && instruction.op0_kind() == OpKind::Register
        && instruction.op0_register().is_gpr64()
        && instruction.op1_kind() == from
}

#[cfg(test)]
mod tests {
    use super::super::super::Instructions as _;
    use super::*;

    /// What the last instruction of `code` uses, if the first loads a distance.
    fn used(code: &[u8]) -> Option<u16> {
        let mut distances = PerCpuRegisters::new();
        let mut instructions = InstructionDecoder::new(code, 0);
        let mut used = None;
        let mut is_first = true;
        while let Some(Ok(_)) = instructions.next() {
            used = distances.used(&mut instructions);
            distances.step(&mut instructions, is_first);
            is_first = false;
        }
        used
    }

    // mov %gs:0(%rip), %rax
    const LOAD: [u8; 8] = [0x65, 0x48, 0x8b, 0x05, 0, 0, 0, 0];
    // cmp %rdx, 0x280(%rax)
    const USE: [u8; 7] = [0x48, 0x39, 0x90, 0x80, 2, 0, 0];

    fn with(between: &[u8]) -> Option<u16> {
        used(&[&LOAD[..], between, &USE].concat())
    }

    #[test]
    fn a_distance_and_nothing_else() {
        assert_eq!(with(&[]), Some(8));
        // mov %rdi, %rsi; jne; push %rax
        assert_eq!(with(&[0x48, 0x89, 0xfe, 0x75, 0, 0x50]), Some(8));
        // mov %rax, %rcx; mov 4(%rcx), %edx
        let copied = [&LOAD[..], &[0x48, 0x89, 0xc1, 0x8b, 0x51, 4]].concat();
        assert_eq!(used(&copied), Some(4));
    }

    #[test]
    fn what_may_be_something_else() {
        // add $8, %rax; mov %edi, %eax; call; jmp; cmove %rdi, %rax
        for between in [
            &[0x48, 0x83, 0xc0, 8][..],
            &[0x89, 0xf8],
            &[0xe8, 0, 0, 0, 0],
            &[0xeb, 0],
            &[0x48, 0x0f, 0x44, 0xc7],
        ] {
            assert_eq!(with(between), None, "{between:x?}");
        }
        // mov 4(%rax,%rdi,8), %edx; lea 4(%rax), %rdx; bt %rdx, 4(%rax)
        for other in
            [&[0x8b, 0x54, 0xf8, 4][..], &[0x48, 0x8d, 0x50, 4], &[0x48, 0x0f, 0xa3, 0x50, 4]]
        {
            assert_eq!(used(&[&LOAD[..], other].concat()), None, "{other:x?}");
        }
    }
}
