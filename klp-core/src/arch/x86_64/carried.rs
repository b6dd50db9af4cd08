//! What becomes of an address that an instruction takes into a register: whether it is written to memory, compared, handed to
//! a function or returned.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfo, InstructionInfoFactory,
    Mnemonic, OpAccess, OpKind, Register,
};

use super::super::Carried;
use super::used::ARGUMENTS;

/// What a function that is called may write.
pub(super) const SCRATCH: [Register; 9] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
];

/// Follows the address that the instruction at `start` of the function `code` takes. None if it takes none into a register.
/// `leaves` says of start and end of a jump that it has a relocation: it leads to another function.
pub(super) fn carried(
    code: &[u8],
    start: u64,
    leaves: impl Fn(u64, u64) -> bool,
) -> Option<Carried> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let taker = at(&mut decoder, start)?;
    let holder = taker.op0_register().full_register();
    if taker.op0_kind() != OpKind::Register || !holder.is_gpr() || taker.mnemonic() == Mnemonic::Cmp
    {
        return None;
    }
    Some(follow(&mut decoder, taker.next_ip(), holder, leaves))
}

/// The same of what the call that ends at `end` returns.
pub(super) fn result(code: &[u8], end: u64, leaves: impl Fn(u64, u64) -> bool) -> Carried {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    follow(&mut decoder, end, Register::RAX, leaves)
}

fn follow(
    decoder: &mut Decoder<'_>,
    from: u64,
    holder: Register,
    leaves: impl Fn(u64, u64) -> bool,
) -> Carried {
    let mut walk =
        CarryingWalk { carried: Carried::default(), info: InstructionInfoFactory::new() };
    let mut seen: BTreeMap<u64, BTreeSet<Register>> = BTreeMap::new();
    let mut open = vec![(from, BTreeSet::from([holder]))];
    while let Some((offset, holders)) = open.pop() {
        let known = seen.entry(offset).or_default();
        if holders.is_empty() || holders.is_subset(known) {
            continue;
        }
        known.extend(holders.iter().copied());
        let holders = known.clone();
        let Some(instruction) = at(decoder, offset) else { continue };
        let displacement = decoder.get_constant_offsets(&instruction);
        let field = displacement.has_displacement().then(|| displacement.displacement_offset());
        let field = field.map(|field| offset.saturating_add(field as u64));
        let (next, rest) = (instruction.next_ip(), walk.step(&instruction, &holders, field));
        let target = match instruction.op0_kind() {
            OpKind::NearBranch64 => Some(instruction.near_branch_target()),
            _ => None,
        };
        match instruction.flow_control() {
            FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
                let target = target.filter(|_| !leaves(offset, next));
                open.extend(target.map(|target| (target, rest.clone())));
                if instruction.flow_control() == FlowControl::ConditionalBranch {
                    open.push((next, rest));
                }
            }
            FlowControl::Return | FlowControl::IndirectBranch | FlowControl::Exception => {}
            _ => open.push((next, rest)),
        }
    }
    walk.carried
}

fn at(decoder: &mut Decoder<'_>, offset: u64) -> Option<Instruction> {
    decoder.set_ip(offset);
    decoder.set_position(usize::try_from(offset).ok()?).ok()?;
    let instruction = decoder.can_decode().then(|| decoder.decode())?;
    (!instruction.is_invalid()).then_some(instruction)
}

/// Whether it copies on a condition, and else leaves what was there.
fn is_conditional(mnemonic: Mnemonic) -> bool {
    matches!(
        mnemonic,
        Mnemonic::Cmova
            | Mnemonic::Cmovae
            | Mnemonic::Cmovb
            | Mnemonic::Cmovbe
            | Mnemonic::Cmove
            | Mnemonic::Cmovg
            | Mnemonic::Cmovge
            | Mnemonic::Cmovl
            | Mnemonic::Cmovle
            | Mnemonic::Cmovne
            | Mnemonic::Cmovno
            | Mnemonic::Cmovnp
            | Mnemonic::Cmovns
            | Mnemonic::Cmovo
            | Mnemonic::Cmovp
            | Mnemonic::Cmovs
    )
}

/// Whether the instruction puts what one of `holders` has onto the stack, or makes something else of it. Reading what is
/// behind it does neither.
fn loses(
    instruction: &Instruction,
    info: &InstructionInfo,
    holds: impl Fn(Register) -> bool,
) -> bool {
    let mnemonic = instruction.mnemonic();
    match mnemonic {
        Mnemonic::Mov => {
            let is_to_stack = instruction.memory_base() == Register::RSP
                && instruction.op0_kind() == OpKind::Memory;
            return is_to_stack
                && instruction.op1_kind() == OpKind::Register
                && holds(instruction.op1_register());
        }
        Mnemonic::Cmp | Mnemonic::Test => return false,
        _ if is_conditional(mnemonic) => return false,
        _ => {}
    }
    let memory = [instruction.memory_base(), instruction.memory_index()];
    let is_behind = |register: Register| mnemonic != Mnemonic::Lea && memory.contains(&register);
    info.used_registers().iter().any(|used| {
        let is_read = matches!(
            used.access(),
            OpAccess::Read | OpAccess::CondRead | OpAccess::ReadWrite | OpAccess::ReadCondWrite
        );
        is_read && holds(used.register()) && !is_behind(used.register())
    })
}

struct CarryingWalk {
    carried: Carried,
    info: InstructionInfoFactory,
}

impl CarryingWalk {
    /// What of `holders` has the address behind the instruction, and which other registers do.
    fn step(
        &mut self,
        instruction: &Instruction,
        holders: &BTreeSet<Register>,
        displacement: Option<u64>,
    ) -> BTreeSet<Register> {
        let holds = |register: Register| holders.contains(&register.full_register());
        let is_held = |operand: u32| {
            instruction.op_kind(operand) == OpKind::Register
                && instruction.op_register(operand).size() == 8
                && holds(instruction.op_register(operand))
        };
        let (start, end) = (instruction.ip(), instruction.next_ip());
        let is_argument = ARGUMENTS.iter().any(|register| holders.contains(register));
        let mut rest = holders.clone();
        match instruction.flow_control() {
            FlowControl::Call | FlowControl::IndirectCall => {
                self.carried.calls.extend(is_argument.then_some((start, end)));
                rest.retain(|register| !SCRATCH.contains(register));
                return rest;
            }
            FlowControl::UnconditionalBranch | FlowControl::IndirectBranch => {
                self.carried.calls.extend(is_argument.then_some((start, end)));
                return rest;
            }
            FlowControl::ConditionalBranch => return rest,
            FlowControl::Return => {
                self.carried.is_returned |= holders.contains(&Register::RAX);
                return rest;
            }
            _ => {}
        }
        let operands = 0..instruction.op_count();
        match instruction.mnemonic() {
            Mnemonic::Cmp => self.carried.is_compared |= operands.clone().any(is_held),
            Mnemonic::Cmpxchg => self.carried.is_compared |= holds(Register::RAX),
            _ => {}
        }
        let is_write = matches!(
            instruction.mnemonic(),
            Mnemonic::Mov | Mnemonic::Xchg | Mnemonic::Cmpxchg | Mnemonic::Movnti
        );
        let base = instruction.memory_base();
        if is_write
            && instruction.op0_kind() == OpKind::Memory
            && is_held(1)
            && base != Register::RSP
            && !holds(base)
        {
            self.carried.stores.insert((start, displacement));
        }
        self.carried.is_lost |= loses(instruction, self.info.info(instruction), holds);
        let is_load = instruction.mnemonic() == Mnemonic::Mov
            && instruction.op0_kind() == OpKind::Register
            && instruction.op1_kind() == OpKind::Memory;
        if is_load && holds(base) {
            self.carried.loads.insert(start);
        }
        let may_keep = is_conditional(instruction.mnemonic());
        let is_copy = instruction.mnemonic() == Mnemonic::Mov || may_keep;
        let gets = is_copy && instruction.op0_kind() == OpKind::Register && is_held(1);
        for used in self.info.info(instruction).used_registers() {
            let is_written = matches!(
                used.access(),
                OpAccess::Write
                    | OpAccess::ReadWrite
                    | OpAccess::CondWrite
                    | OpAccess::ReadCondWrite
            );
            if is_written && !may_keep {
                rest.remove(&used.register().full_register());
            }
        }
        if gets {
            rest.insert(instruction.op0_register().full_register());
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mov $0, %rax, and what follows.
    fn of(rest: &[u8]) -> Carried {
        carried(&[&[0x48, 0xc7, 0xc0, 0, 0, 0, 0], rest].concat(), 0, |_, _| false).unwrap()
    }

    #[test]
    fn what_is_done_with_an_address() {
        // mov %rax, 8(%rdi)
        assert_eq!(of(&[0x48, 0x89, 0x47, 8]).stores, BTreeSet::from([(7, Some(10))]));
        // mov %rax, 8(%rsp); mov %rax, (%rax)
        let stack = of(&[0x48, 0x89, 0x44, 0x24, 8, 0x48, 0x89, 0]);
        assert_eq!(stack, Carried { is_lost: true, ..Carried::default() });
        // mov 8(%rax), %rdx; mov %rdx, (%rdi)
        let read = of(&[0x48, 0x8b, 0x50, 8, 0x48, 0x89, 0x17]);
        assert_eq!((read.loads, read.stores), (BTreeSet::from([7]), BTreeSet::new()));
        // call; mov %rax, (%rbx)
        let result = result(&[0xe8, 0, 0, 0, 0, 0x48, 0x89, 0x03], 5, |_, _| false);
        assert_eq!(result.stores, BTreeSet::from([(5, None)]));
        // cmove %rax, %rdx; mov %rdx, (%rdi)
        assert_eq!(of(&[0x48, 0x0f, 0x44, 0xd0, 0x48, 0x89, 0x17]).stores.len(), 1);
        // xor %eax, %eax; mov %rax, (%rdi)
        assert_eq!(of(&[0x31, 0xc0, 0x48, 0x89, 0x07]), Carried::default());
        // push %rax; lea 1(%rax), %rdx; movq %rax, %xmm0; mov %rax, 8(%rsp)
        for lost in [
            &[0x50][..],
            &[0x48, 0x8d, 0x50, 1],
            &[0x66, 0x48, 0x0f, 0x6e, 0xc0],
            &[0x48, 0x89, 0x44, 0x24, 8],
        ] {
            assert!(of(lost).is_lost, "{lost:x?}");
        }
        // mov %rax, %rdx; cmp %rdx, (%rdi); test %rax, %rax; mov %rax, (%rdi); movzbl (%rax), %ecx; xor %eax, %eax
        let followed = [
            0x48, 0x89, 0xc2, 0x48, 0x39, 0x17, 0x48, 0x85, 0xc0, 0x48, 0x89, 0x07, 0x0f, 0xb6,
            0x08, 0x31, 0xc0,
        ];
        assert!(!of(&followed).is_lost);
        // cmp %rax, (%rdi)
        assert!(of(&[0x48, 0x39, 0x07]).is_compared);
        // test %rax, %rax: whether there is one.
        assert!(!of(&[0x48, 0x85, 0xc0]).is_compared);
        // ret
        assert!(of(&[0xc3]).is_returned);
        // mov %rax, %rdi; call; ret
        let called = of(&[0x48, 0x89, 0xc7, 0xe8, 0, 0, 0, 0, 0xc3]);
        assert_eq!((called.calls, called.is_returned), (BTreeSet::from([(10, 15)]), false));
        // je over xor; xor %eax, %eax; ret: on one of two ways it is returned.
        assert!(of(&[0x74, 2, 0x31, 0xc0, 0xc3]).is_returned);
        // A loop ends.
        assert_eq!(of(&[0xeb, 0xfe]), Carried::default());
    }

    #[test]
    fn what_takes_no_address_into_a_register() {
        // movq $0, (%rdi); cmp $0, %rax
        assert_eq!(carried(&[0x48, 0xc7, 0x07, 0, 0, 0, 0], 0, |_, _| false), None);
        assert_eq!(carried(&[0x48, 0x3d, 0, 0, 0, 0], 0, |_, _| false), None);
    }
}
