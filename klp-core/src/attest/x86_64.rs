//! What the second opinion knows of x86-64: instructions, and what the kernel's tools write in their places.

use iced_x86::{
    Code, ConstantOffsets, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind,
    Register as Number,
};

/// The NOPs of 2 and 5 bytes that objtool writes (`arch/x86/include/asm/nops.h`).
pub(super) const NOP2: &[u8] = &[0x66, 0x90];
pub(super) const NOP5: &[u8] = &[0x0f, 0x1f, 0x44, 0x00, 0x00];
/// The opcodes of a direct call, and of jumps.
pub(super) const CALL: u8 = 0xe8;
pub(super) const JUMP: u8 = 0xe9;
pub(super) const SHORT_JUMP: u8 = 0xeb;

/// The type of the relocation of a direct branch: `R_X86_64_PLT32`.
pub(super) const BRANCH: u32 = 4;

/// How many bytes the code at a jump label has that starts with this one: a jump, or the NOP in its place.
pub(super) fn label_length(first: Option<u8>) -> u64 {
    match first {
        Some(SHORT_JUMP | 0x66) => 2,
        _ => 5,
    }
}

/// An instruction.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Inst {
    pub(super) start: u64,
    pub(super) next: u64,
    /// It calls or jumps, with or without a condition.
    pub(super) is_branch: bool,
    /// Where a direct branch goes.
    pub(super) target: Option<u64>,
    /// Control never goes on to the next instruction.
    pub(super) ends: bool,
    /// Where in it the displacement of a memory operand is, and where an immediate or a distance.
    pub(super) displacement: Option<u64>,
    pub(super) immediate: u64,
    /// Its memory operand is a per-CPU variable.
    pub(super) is_per_cpu: bool,
    /// A NOP or a breakpoint, as they stand between functions.
    pub(super) fills: bool,
    pub(super) step: Step,
}

/// A register of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Register(Number);

impl Register {
    /// The one with the first argument of a function.
    pub(super) const FIRST_ARGUMENT: Self = Self(Number::RDI);
}

/// What an instruction of straight code does with registers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The register gets what memory holds.
    Load(Register),
    /// The register gets an address, or a number.
    Address(Register),
    /// Memory gets what the register holds.
    Store(Register),
    /// Something else; perhaps the register gets another value.
    Other(Option<Register>),
}

/// The instructions of `code`, which starts at `at`.
pub(super) fn instructions(code: &[u8], at: u64) -> impl Iterator<Item = Inst> {
    let mut decoder = Decoder::with_ip(64, code, at, DecoderOptions::NONE);
    std::iter::from_fn(move || {
        decoder.can_decode().then(|| {
            let instruction = decoder.decode();
            let constants = decoder.get_constant_offsets(&instruction);
            inst(&instruction, constants)
        })
    })
}

fn inst(instruction: &Instruction, constants: ConstantOffsets) -> Inst {
    let flow = instruction.flow_control();
    let is_memory = |operand: u32| instruction.op_kind(operand) == OpKind::Memory;
    let has_memory = (0..instruction.op_count()).any(is_memory);
    let is_near = instruction.op0_kind() == OpKind::NearBranch64;
    Inst {
        start: instruction.ip(),
        next: instruction.next_ip(),
        is_branch: matches!(
            flow,
            FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch
        ),
        target: is_near.then(|| instruction.near_branch_target()),
        ends: matches!(
            flow,
            FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return
        ),
        displacement: constants.has_displacement().then(|| constants.displacement_offset() as u64),
        immediate: constants.immediate_offset() as u64,
        is_per_cpu: has_memory && instruction.segment_prefix() == Number::GS,
        fills: matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3)
            || instruction.code() == Code::Xchg_rm16_r16,
        step: step(instruction),
    }
}

fn step(instruction: &Instruction) -> Step {
    let first = Register(instruction.op0_register().full_register());
    let is_register = instruction.op0_kind() == OpKind::Register;
    match instruction.code() {
        Code::Mov_r64_rm64 if instruction.op1_kind() == OpKind::Memory => Step::Load(first),
        Code::Lea_r64_m | Code::Mov_rm64_imm32 | Code::Mov_r64_imm64 | Code::Mov_r32_imm32
            if is_register =>
        {
            Step::Address(first)
        }
        Code::Mov_rm64_r64 if instruction.op0_kind() == OpKind::Memory => {
            Step::Store(Register(instruction.op1_register().full_register()))
        }
        _ => Step::Other(is_register.then_some(first)),
    }
}
