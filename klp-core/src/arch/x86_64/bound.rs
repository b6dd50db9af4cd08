//! How far an indexed access goes, where the code before it says so.
//!
//! From the access backwards, its address is written as multiples of registers and a number, in terms of what the
//! registers were before each instruction; so is each register that is compared with a number in front of a branch
//! that is not taken. Where the address turns out to be a multiple of what is compared, it is known.

use std::ops::Range;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register, UsedRegister,
};
use smallvec::SmallVec;

/// Tables of more elements are none that a compiler makes of a `switch` or an array in a function.
const MOST: u64 = 1 << 20;

/// A stretch of code, and what is known about it from outside.
pub(crate) struct Code<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) start: u64,
    /// Whether control can come to a place by an address in a table.
    pub(crate) is_entered: &'a dyn Fn(u64) -> bool,
    /// Whether an address is filled in from one place to another.
    pub(crate) has_address: &'a dyn Fn(Range<u64>) -> bool,
}

impl Code<'_> {
    /// What the instruction at `at` can use, in bytes from the address in its displacement. None where nothing tells.
    pub(crate) fn reach(&self, at: u64) -> Option<Range<i64>> {
        let decoder = Decoder::with_ip(64, self.bytes, self.start, DecoderOptions::NONE);
        let code: Vec<Instruction> = decoder.into_iter().collect();
        let index = code.binary_search_by_key(&at, Instruction::ip).ok()?;
        let access = code.get(index)?;
        let size = i64::try_from(access.memory_size().size()).ok().filter(|size| *size > 0)?;
        let mut state = State::of(Sum::of_address(access)?);
        let mut factory = InstructionInfoFactory::new();
        for before in code.get(..index)?.iter().rev() {
            if self.is_joined(&code, before.next_ip()) {
                return None;
            }
            state.step(self, &mut factory, before)?;
            if let Some((first, last)) = state.known() {
                return Some(first..last.checked_add(size)?);
            }
        }
        None
    }

    /// Whether control can come to `place` from elsewhere than the instruction before.
    fn is_joined(&self, code: &[Instruction], place: u64) -> bool {
        code.iter().any(|it| leads_to(it, place)) || (self.is_entered)(place)
    }
}

/// A register, or its lower half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    register: Register,
    is_half: bool,
}

/// Multiples of registers, and a number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    parts: SmallVec<[(Part, i64); 2]>,
    number: i64,
}

impl Sum {
    fn of(part: Part) -> Self {
        Self { parts: SmallVec::from_iter([(part, 1)]), number: 0 }
    }

    /// The registers that the memory operand adds up. Its displacement is left out.
    fn of_address(instruction: &Instruction) -> Option<Self> {
        let mut sum = Self { parts: SmallVec::new(), number: 0 };
        let scale = i64::from(instruction.memory_index_scale());
        for (register, times) in
            [(instruction.memory_base(), 1), (instruction.memory_index(), scale)]
        {
            match register {
                Register::None => {}
                _ if register.is_gpr64() => sum.add(Part { register, is_half: false }, times)?,
                _ => return None,
            }
        }
        Some(sum)
    }

    fn add(&mut self, part: Part, times: i64) -> Option<()> {
        let known = self.parts.iter_mut().find(|(known, _)| *known == part);
        match known {
            Some((_, count)) => *count = count.checked_add(times)?,
            None => self.parts.push((part, times)),
        }
        self.parts.retain(|(_, times)| *times != 0);
        Some(())
    }

    /// Puts `value` in the place of `register`.
    fn replace(&mut self, register: Register, value: &Self) -> Option<()> {
        let own = |part: &Part| part.register == register;
        let times = self.parts.iter().filter(|(part, _)| own(part)).map(|(_, times)| *times);
        let times = times.reduce(i64::saturating_add)?;
        self.parts.retain(|(part, _)| !own(part));
        self.number = self.number.checked_add(value.number.checked_mul(times)?)?;
        for (part, count) in &value.parts {
            self.add(*part, count.checked_mul(times)?)?;
        }
        Some(())
    }

    fn has(&self, register: Register) -> bool {
        self.parts.iter().any(|(part, _)| part.register == register)
    }

    /// Takes the halves of `register`, whose upper half is zero, for all of it.
    fn widen(&mut self, register: Register) {
        for (part, _) in self.parts.iter_mut().filter(|(part, _)| part.register == register) {
            part.is_half = false;
        }
    }
}

/// What is known on the way backwards.
struct State {
    address: Sum,
    /// Sums that are at least 0 and less than a number.
    bounds: Vec<(Sum, u64)>,
    /// A branch was not taken: what is compared before it is at most the number, or less.
    pending: Option<bool>,
}

impl State {
    fn of(address: Sum) -> Self {
        Self { address, bounds: Vec::new(), pending: None }
    }

    /// First and last value of the address, if it is a multiple of what is compared.
    fn known(&self) -> Option<(i64, i64)> {
        if self.address.parts.is_empty() {
            return Some((self.address.number, self.address.number));
        }
        let [(part, times)] = self.address.parts.as_slice() else { return None };
        self.bounds.iter().find_map(|(bound, count)| {
            let [(compared, 1)] = bound.parts.as_slice() else { return None };
            // All of a register that is small is its lower half.
            let is_it = part == compared || part.register == compared.register && part.is_half;
            let start = self.address.number.checked_sub(bound.number.checked_mul(*times)?)?;
            let last = i64::try_from(count.checked_sub(1)?).ok()?.checked_mul(*times)?;
            let end = start.checked_add(last)?;
            is_it.then(|| (start.min(end), start.max(end)))
        })
    }

    /// Goes back over `instruction`. None where that is not understood.
    fn step(
        &mut self,
        code: &Code<'_>,
        factory: &mut InstructionInfoFactory,
        instruction: &Instruction,
    ) -> Option<()> {
        match instruction.flow_control() {
            FlowControl::Next => {}
            FlowControl::ConditionalBranch => {
                self.pending = match instruction.mnemonic() {
                    Mnemonic::Ja => Some(false),
                    Mnemonic::Jae => Some(true),
                    _ => None,
                };
                return Some(());
            }
            _ => return None,
        }
        let has_address = (code.has_address)(instruction.ip()..instruction.next_ip());
        if let Some(is_below) = self.pending.filter(|_| instruction.rflags_modified() != 0) {
            self.pending = None;
            if !has_address && let Some(bound) = compared(instruction, is_below) {
                self.bounds.push(bound);
            }
        }
        let info = factory.info(instruction);
        let written: SmallVec<[Register; 4]> = info
            .used_registers()
            .iter()
            .filter(|used| !matches!(used.access(), OpAccess::Read | OpAccess::CondRead))
            .map(UsedRegister::register)
            .collect();
        for register in written {
            let full = register.full_register();
            let sums = || self.bounds.iter().map(|(sum, _)| sum).chain([&self.address]);
            if !sums().any(|sum| sum.has(full)) {
                continue;
            }
            // Who writes the lower half clears the upper one.
            let to = instruction.op0_register();
            let is_half = instruction.op0_kind() == OpKind::Register
                && to.full_register() == full
                && to.size() == 4;
            if is_half {
                self.bounds.iter_mut().for_each(|(sum, _)| sum.widen(full));
                self.address.widen(full);
                if self.known().is_some() {
                    return Some(());
                }
            }
            let value = value(instruction).filter(|_| !has_address);
            let replace = |sum: &mut Sum| match &value {
                _ if !sum.has(full) => Some(()),
                Some(value) => sum.replace(full, value),
                None => None,
            };
            self.bounds.retain_mut(|(sum, _)| replace(sum).is_some());
            replace(&mut self.address)?;
        }
        Some(())
    }
}

/// What `instruction` writes into the register that is its first operand.
fn value(instruction: &Instruction) -> Option<Sum> {
    let to = instruction.op0_register();
    let whole = |register: Register, number: i64| {
        let part = Part { register: register.full_register(), is_half: false };
        (register.size() == 8).then(|| Sum { number, ..Sum::of(part) })
    };
    (instruction.op0_kind() == OpKind::Register && to.is_gpr() && to.size() >= 4).then_some(())?;
    let from = instruction.op1_kind();
    match instruction.mnemonic() {
        Mnemonic::Mov if from == OpKind::Register => {
            let register = instruction.op1_register().full_register();
            Some(Sum::of(Part { register, is_half: to.size() == 4 }))
        }
        Mnemonic::Mov if is_immediate(from) => {
            let number = instruction.immediate(1).cast_signed();
            let number = if to.size() == 4 { number & i64::from(u32::MAX) } else { number };
            Some(Sum { parts: SmallVec::new(), number })
        }
        Mnemonic::Xor if from == OpKind::Register && instruction.op1_register() == to => {
            Some(Sum { parts: SmallVec::new(), number: 0 })
        }
        Mnemonic::Add if is_immediate(from) => whole(to, instruction.immediate(1).cast_signed()),
        Mnemonic::Sub if is_immediate(from) => {
            whole(to, instruction.immediate(1).cast_signed().checked_neg()?)
        }
        Mnemonic::Inc => whole(to, 1),
        Mnemonic::Dec => whole(to, -1),
        Mnemonic::Lea if to.size() == 8 => {
            let number = instruction.memory_displacement64().cast_signed();
            Some(Sum { number, ..Sum::of_address(instruction)? })
        }
        _ => None,
    }
}

/// What `instruction` compares with a number, and how many values it has if that is not less (or not greater).
fn compared(instruction: &Instruction, is_below: bool) -> Option<(Sum, u64)> {
    let register = instruction.op0_register();
    let compares = instruction.mnemonic() == Mnemonic::Cmp
        && instruction.op0_kind() == OpKind::Register
        && matches!(register.size(), 4 | 8)
        && is_immediate(instruction.op1_kind());
    let limit = compares.then(|| instruction.immediate(1))?;
    let is_half = register.size() == 4;
    let limit = if is_half { limit & u64::from(u32::MAX) } else { limit };
    let count = if is_below { limit } else { limit.checked_add(1)? };
    let part = Part { register: register.full_register(), is_half };
    (count <= MOST).then(|| (Sum::of(part), count))
}

fn is_immediate(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Immediate8
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

fn leads_to(instruction: &Instruction, place: u64) -> bool {
    let is_branch = matches!(
        instruction.op0_kind(),
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64
    );
    is_branch && instruction.near_branch_target() == place
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the instruction at `at` of `bytes` can use, where nothing comes from outside.
    fn reach(bytes: &[u8], at: u64) -> Option<Range<i64>> {
        let is_entered = &|_| false;
        let has_address = &|_| false;
        Code { bytes, start: 0, is_entered, has_address }.reach(at)
    }

    #[test]
    fn the_index_is_compared_before() {
        // cmp $8, %rdi; ja; mov 0(,%rdi,8), %rax; ret
        let code = b"\x48\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(code, 6), Some(0..72));
        // The same with jae.
        let code = b"\x48\x83\xff\x08\x73\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(code, 6), Some(0..64));
        // cmp $6, %edi; ja; mov %edi, %eax; mov 0(,%rax,4), %eax
        let code = b"\x83\xff\x06\x77\x0a\x89\xf8\x8b\x04\x85\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(code, 7), Some(0..28));
    }

    #[test]
    fn what_is_compared_is_another_register() {
        // lea 12(%rdi), %rax; cmp $5, %rax; ja; mov 0(,%rdi,8), %rax
        let code =
            b"\x48\x8d\x47\x0c\x48\x83\xf8\x05\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(code, 10), Some(-96..-48));
        // lea -5(%rdi), %rcx; cmp $5, %rcx; ja; mov $-40, %rax; mov 0(%rax,%rdi,8), %rax
        let code = b"\x48\x8d\x4f\xfb\x48\x83\xf9\x05\x77\x0f\x48\xc7\xc0\xd8\xff\xff\xff\
                     \x48\x8b\x84\xf8\0\0\0\0\xc3";
        assert_eq!(reach(code, 17), Some(0..48));
        // lea -5(%rdi), %eax; cmp $5, %eax; ja; mov 0(,%rax,8), %rax
        let code = b"\x8d\x47\xfb\x83\xf8\x05\x77\x09\x48\x8b\x04\xc5\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(code, 8), Some(0..48));
    }

    #[test]
    fn nothing_tells_where_the_index_can_be_another() {
        // cmp $5, %rax; ja; mov 0(,%rdi,8), %rax: another register.
        let other = b"\x48\x83\xf8\x05\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(other, 6), None);
        // cmp $8, %rdi; ja; shl %rdi; mov: changed since.
        let changed =
            b"\x48\x83\xff\x08\x77\x0c\x48\xd1\xe7\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(changed, 9), None);
        // cmp $8, %edi; ja; mov 0(,%rdi,8): the upper half is not compared.
        let half = b"\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(half, 5), None);
        // cmp $8, %rdi; ja; mov; ret; jmp to the mov
        let entered = b"\x48\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\xeb\xf5";
        assert_eq!(reach(entered, 6), None);
        // The same, from a table.
        let code = b"\x48\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        let is_entered = &|at| at == 6;
        let has_address = &|_| false;
        let code = Code { bytes: code, start: 0, is_entered, has_address };
        assert_eq!(code.reach(6), None);
    }
}
