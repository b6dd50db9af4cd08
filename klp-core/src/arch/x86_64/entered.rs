//! Where control can come to a place in code from elsewhere than the instruction before.

use std::ops::Range;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, UsedRegister,
};

use super::super::{Bounds, CodeContext};

/// How many instructions before an access are looked at. Compilers compare an index right before they use it.
pub(super) const STEPS: usize = 256;

/// A stretch of code, and what is known about it from outside.
pub(crate) struct CodeInContext<'a> {
    pub(super) instructions: Vec<Instruction>,
    /// Where its own branches go, sorted.
    targets: Vec<u64>,
    pub(super) outside: &'a dyn CodeContext,
}

impl<'a> Bounds<'a> for CodeInContext<'a> {
    fn new(bytes: &[u8], start: u64, outside: &'a dyn CodeContext) -> Option<Self> {
        let decoder = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
        let instructions: Vec<Instruction> = decoder.into_iter().collect();
        // Where a branch goes that is filled in, it does not say itself.
        let is_known = |it: &&Instruction| !outside.has_address(it.ip()..it.next_ip());
        let branches = instructions.iter().filter(|it| is_near(it)).filter(is_known);
        let mut targets: Vec<u64> = branches.map(Instruction::near_branch_target).collect();
        targets.sort_unstable();
        let code = Self { instructions, targets, outside };
        let is_computed = (0..code.instructions.len()).any(|number| code.jumps_to_sum(number));
        (!is_computed).then_some(code)
    }

    fn reach(&self, at: u64) -> Option<Range<i64>> {
        self.used(at)
    }
}

impl CodeInContext<'_> {
    /// Whether the instruction of this number jumps to what a register holds, and no address was loaded into it before.
    fn jumps_to_sum(&self, number: usize) -> bool {
        let Some((jump, before)) = self.instructions.get(..=number).and_then(|it| it.split_last())
        else {
            return false;
        };
        let is_jump = jump.flow_control() == FlowControl::IndirectBranch;
        if !is_jump || jump.op0_kind() != OpKind::Register {
            return false;
        }
        let mut factory = InstructionInfoFactory::new();
        for instruction in before.iter().rev().take(STEPS) {
            if self.is_joined(instruction.next_ip()) {
                return true;
            }
            let used = factory.info(instruction).used_registers();
            let mut written = used.iter().filter(|it| is_written(**it)).map(UsedRegister::register);
            if written.any(|register| register.full_register() == jump.op0_register()) {
                let is_load = instruction.mnemonic() == Mnemonic::Mov
                    && instruction.op1_kind() == OpKind::Memory;
                return !is_load;
            }
        }
        true
    }

    /// Whether control can come to `place` from elsewhere than the instruction before.
    pub(super) fn is_joined(&self, place: u64) -> bool {
        self.targets.binary_search(&place).is_ok() || self.outside.is_entered(place)
    }
}

pub(super) fn is_written(used: UsedRegister) -> bool {
    !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
}

fn is_near(instruction: &Instruction) -> bool {
    matches!(
        instruction.op0_kind(),
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64
    )
}
