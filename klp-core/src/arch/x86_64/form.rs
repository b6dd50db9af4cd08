//! What a checksum has to know of an instruction, by the full decoder.

use iced_x86::{Code, FlowControl, Instruction, Mnemonic, OpKind};

use super::{Decoded, Form};

impl Decoded {
    /// What `instruction`, which is valid and the start of `bytes`, is.
    pub(super) fn of(instruction: &Instruction, bytes: &[u8]) -> Self {
        let flow = instruction.flow_control();
        let is_nop = instruction.mnemonic() == Mnemonic::Nop && !has_rex(bytes);
        let form = match flow {
            FlowControl::Next if is_nop => Form::Nop,
            FlowControl::Next => Form::Plain,
            _ => match instruction.op0_kind() {
                OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => {
                    Form::Branch {
                        call: flow == FlowControl::Call,
                        target: instruction.near_branch_target(),
                    }
                }
                _ => Form::Plain,
            },
        };
        Self {
            // Below 16.
            len: u8::try_from(instruction.len()).unwrap_or(u8::MAX),
            form,
            ends_flow: matches!(
                flow,
                FlowControl::Return
                    | FlowControl::UnconditionalBranch
                    | FlowControl::IndirectBranch
            ) || is_dead_end(instruction),
            is_ip_relative: instruction.is_ip_rel_memory_operand(),
        }
    }
}

/// Whether an instruction starts with a REX prefix, as no assembler writes a NOP: in code for 32 bits, of which the kernel
/// has some, that byte is an instruction of its own.
fn has_rex(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !matches!(byte, 0x66 | 0x2e)).is_some_and(|byte| byte & 0xf0 == 0x40)
}

/// No handler of the kernel goes on behind it. Behind `ud1` with an operand in memory one can: that is a `WARN` or a report
/// of undefined behaviour (arch/x86/kernel/traps.c). With two registers it ends the trampoline of a static call.
fn is_dead_end(instruction: &Instruction) -> bool {
    let code = instruction.code();
    let is_ud1 = matches!(code, Code::Ud1_r16_rm16 | Code::Ud1_r32_rm32 | Code::Ud1_r64_rm64);
    code == Code::Ud2 || is_ud1 && instruction.op1_kind() == OpKind::Register
}
