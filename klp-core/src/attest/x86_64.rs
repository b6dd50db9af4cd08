//! What the second opinion knows of x86-64: instructions, and what the kernel's tools write in their places.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{
    Code, ConstantOffsets, Decoder, DecoderOptions, FlowControl, Instruction,
    InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register as Number,
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
pub(super) struct AttestedInstruction {
    pub(super) start: u64,
    pub(super) next: u64,
    /// It calls or jumps, with or without a condition.
    pub(super) is_branch: bool,
    /// Where a direct branch goes.
    pub(super) target: Option<u64>,
    /// Where its memory operand is, if that counts from the next instruction.
    pub(super) near: Option<u64>,
    /// Control never goes on to the next instruction.
    pub(super) ends: bool,
    /// Where in it the displacement of a memory operand is, and where an immediate or a distance.
    pub(super) displacement: Option<u64>,
    pub(super) immediate: u64,
    /// Its memory operand is a per-CPU variable.
    pub(super) is_per_cpu: bool,
    /// How many bytes of memory it reads or writes where the displacement says, if no register adds to that.
    pub(super) exact: Option<u64>,
    /// A NOP or a breakpoint, as they stand between functions.
    pub(super) fills: bool,
    pub(super) step: RegisterStep,
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
pub(super) enum RegisterStep {
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
pub(super) fn instructions(code: &[u8], at: u64) -> impl Iterator<Item = AttestedInstruction> {
    let mut decoder = Decoder::with_ip(64, code, at, DecoderOptions::NONE);
    std::iter::from_fn(move || {
        decoder.can_decode().then(|| {
            let instruction = decoder.decode();
            let constants = decoder.get_constant_offsets(&instruction);
            inst(&instruction, constants)
        })
    })
}

fn inst(instruction: &Instruction, constants: ConstantOffsets) -> AttestedInstruction {
    let flow = instruction.flow_control();
    let is_memory = |operand: u32| instruction.op_kind(operand) == OpKind::Memory;
    let has_memory = (0..instruction.op_count()).any(is_memory);
    let is_near = instruction.op0_kind() == OpKind::NearBranch64;
    AttestedInstruction {
        start: instruction.ip(),
        next: instruction.next_ip(),
        is_branch: matches!(
            flow,
            FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch
        ),
        target: is_near.then(|| instruction.near_branch_target()),
        near: instruction.is_ip_rel_memory_operand().then(|| instruction.ip_rel_memory_address()),
        ends: matches!(
            flow,
            FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return
        ),
        displacement: constants.has_displacement().then(|| constants.displacement_offset() as u64),
        immediate: constants.immediate_offset() as u64,
        is_per_cpu: has_memory && instruction.segment_prefix() == Number::GS,
        exact: matches!(instruction.memory_base(), Number::None | Number::RIP)
            .then(|| width(instruction))
            .flatten(),
        fills: matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3)
            || instruction.code() == Code::Xchg_rm16_r16,
        step: step(instruction),
    }
}

/// How many bytes of memory an instruction uses at an address without an index. That of `lea` and of a bit in a string of
/// bits is the start of something only.
fn width(instruction: &Instruction) -> Option<u64> {
    let is_start = instruction.mnemonic() == Mnemonic::Lea
        || matches!(
            instruction.mnemonic(),
            Mnemonic::Bt | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
        ) && instruction.op1_kind() == OpKind::Register;
    let size = u64::try_from(instruction.memory_size().size()).ok()?;
    (!is_start && instruction.memory_index() == Number::None && size > 0).then_some(size)
}

/// By instruction of `code`, which starts at `at`, how many bytes it uses of a variable of a processor, if its one register
/// holds how far that processor's variables are away. `loads` says of start and end of an instruction that it reads this
/// distance from memory. What is known ends where control comes from elsewhere, beside what a table of jumps leads to.
pub(super) fn of_processors(
    code: &[u8],
    at: u64,
    loads: impl Fn(u64, u64) -> bool,
) -> BTreeMap<u64, u64> {
    /// The registers that are the same behind a call.
    const KEPT: [Number; 6] =
        [Number::RBX, Number::RBP, Number::R12, Number::R13, Number::R14, Number::R15];
    let decoder = || Decoder::with_ip(64, code, at, DecoderOptions::NONE).into_iter();
    let branches = decoder().filter(|it| it.op0_kind() == OpKind::NearBranch64);
    let entered: BTreeSet<u64> = branches.map(|it| it.near_branch_target()).collect();
    let mut info = InstructionInfoFactory::new();
    let mut held: BTreeSet<Number> = BTreeSet::new();
    let mut uses = BTreeMap::new();
    for instruction in decoder() {
        if entered.contains(&instruction.ip()) {
            held.clear();
        }
        if held.contains(&instruction.memory_base()) {
            uses.extend(width(&instruction).map(|size| (instruction.ip(), size)));
        }
        let is_move = instruction.code() == Code::Mov_r64_rm64;
        let is_distance = match instruction.op1_kind() {
            OpKind::Memory => is_move && loads(instruction.ip(), instruction.next_ip()),
            OpKind::Register => is_move && held.contains(&instruction.op1_register()),
            _ => false,
        };
        for used in info.info(&instruction).used_registers() {
            if !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::None) {
                held.remove(&used.register().full_register());
            }
        }
        match instruction.flow_control() {
            FlowControl::Next | FlowControl::ConditionalBranch => {}
            FlowControl::Call | FlowControl::IndirectCall => {
                held.retain(|register| KEPT.contains(register));
            }
            _ => held.clear(),
        }
        if is_distance {
            held.insert(instruction.op0_register());
        }
    }
    uses
}

fn step(instruction: &Instruction) -> RegisterStep {
    let first = Register(instruction.op0_register().full_register());
    let is_register = instruction.op0_kind() == OpKind::Register;
    match instruction.code() {
        Code::Mov_r64_rm64 if instruction.op1_kind() == OpKind::Memory => RegisterStep::Load(first),
        Code::Lea_r64_m | Code::Mov_rm64_imm32 | Code::Mov_r64_imm64 | Code::Mov_r32_imm32
            if is_register =>
        {
            RegisterStep::Address(first)
        }
        Code::Mov_rm64_r64 if instruction.op0_kind() == OpKind::Memory => {
            RegisterStep::Store(Register(instruction.op1_register().full_register()))
        }
        _ => RegisterStep::Other(is_register.then_some(first)),
    }
}
