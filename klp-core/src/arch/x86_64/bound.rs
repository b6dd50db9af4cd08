//! How far an indexed access goes, where the code before it says so.
//!
//! From the access backwards, its address is written as multiples of registers and a number, in terms of what the
//! registers were before each instruction; so is each register that is compared with a number in front of a branch
//! that is not taken. A register that turns out to be what is compared is known, and so is one that a mask or a shift
//! has made small. Where all registers of the address are known, it is.

use std::ops::Range;

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind, Register, UsedRegister,
};
use smallvec::SmallVec;

use super::effect::{Value, compared, made_small, of_address, value};
use super::entered::{CodeInContext, STEPS, is_written};
use super::sum::{Bound, Sum};

impl CodeInContext<'_> {
    /// What the instruction at `at` can use, in bytes from the address in its displacement. None where nothing tells.
    pub(super) fn used(&self, at: u64) -> Option<Range<i64>> {
        let index = self.instructions.binary_search_by_key(&at, Instruction::ip).ok()?;
        let access = self.instructions.get(index)?;
        let size = i64::try_from(access.memory_size().size()).ok().filter(|size| *size > 0)?;
        let mut state = BackwardState {
            known: UsedAddress { address: of_address(access)?, halves: Vec::new() },
            bounds: Vec::new(),
            pending: None,
        };
        let mut factory = InstructionInfoFactory::new();
        for before in self.instructions.get(..index)?.iter().rev().take(STEPS) {
            if self.is_joined(before.next_ip()) {
                break;
            }
            let known = state.known.clone();
            if state.step(self, &mut factory, before).is_none() {
                // What it was behind this instruction.
                state.known = known;
                break;
            }
            if state.known.range().is_some() {
                break;
            }
        }
        state.known.resolve(Sum::resolve_bytes)?;
        let (first, last) = state.known.range()?;
        Some(first..last.checked_add(size)?)
    }
}

/// What is used.
#[derive(Clone)]
struct UsedAddress {
    address: Sum,
    /// Of these only the lower half is in the address: they must be no more than that.
    halves: Vec<Sum>,
}

impl UsedAddress {
    fn has(&self, register: Register) -> bool {
        self.address.has(register) || self.halves.iter().any(|half| half.has(register))
    }

    /// The first and the last address, where nothing in them is unknown.
    fn range(&self) -> Option<(i64, i64)> {
        self.address.known().filter(|_| self.halves.iter().all(Sum::is_half))
    }

    fn narrow(&mut self, register: Register, bits: u32) {
        self.address.narrow(register, bits);
        self.halves.iter_mut().for_each(|half| half.narrow(register, bits));
    }

    fn resolve(&mut self, resolve: impl Fn(&mut Sum) -> Option<()>) -> Option<()> {
        resolve(&mut self.address)?;
        self.halves.iter_mut().try_for_each(resolve)
    }

    /// Puts `value` in the place of `register`.
    fn replace(&mut self, register: Register, value: &Value) -> Option<()> {
        let (sum, bits) = match value {
            Value::Exactly(sum) => (sum, 64),
            Value::Half(sum) => (&sum.of_halves(), 32),
        };
        let has_half = bits == 32 && self.has(register);
        for known in [&mut self.address].into_iter().chain(&mut self.halves) {
            if known.has(register) {
                known.replace(register, sum, bits)?;
            }
        }
        self.halves.extend(has_half.then(|| sum.clone()));
        Some(())
    }
}

/// What is known on the way backwards.
struct BackwardState {
    known: UsedAddress,
    bounds: Vec<Bound>,
    /// A branch was not taken: what is compared before it is at most the number, or less.
    pending: Option<bool>,
}

impl BackwardState {
    /// Goes back over `instruction`. None where that is not understood.
    fn step(
        &mut self,
        code: &CodeInContext<'_>,
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
        let has_address = code.outside.has_address(instruction.ip()..instruction.next_ip());
        if let Some(is_below) = self.pending.filter(|_| instruction.rflags_modified() != 0) {
            self.pending = None;
            let bound = compared(instruction, is_below).filter(|_| !has_address);
            self.bounds.extend(bound);
        }
        self.bounds.extend(made_small(instruction).filter(|_| !has_address));
        let info = factory.info(instruction);
        let written: SmallVec<[Register; 4]> = info
            .used_registers()
            .iter()
            .filter(|used| is_written(**used))
            .map(UsedRegister::register)
            .collect();
        let to = instruction.op0_register();
        let is_to = |full: Register| {
            instruction.op0_kind() == OpKind::Register && to.full_register() == full
        };
        for register in &written {
            // Who writes the lower half clears the upper one.
            let full = register.full_register();
            if is_to(full) && to.size() == 4 {
                self.known.narrow(full, 32);
                self.bounds.iter_mut().for_each(|bound| bound.narrow(full, 32));
            }
        }
        self.known.resolve(|sum| sum.resolve(&self.bounds))?;
        if self.known.range().is_some() {
            return Some(());
        }
        for register in written {
            let full = register.full_register();
            let value = value(instruction).filter(|_| !has_address && is_to(full));
            self.bounds.retain_mut(|bound| {
                bound.part().register != full
                    || match &value {
                        Some(Value::Exactly(sum)) => bound.replace(sum).is_some(),
                        Some(Value::Half(sum)) => bound.replace_by_half(sum).is_some(),
                        None => false,
                    }
            });
            if self.known.has(full) {
                self.known.replace(full, value.as_ref()?)?;
            }
        }
        self.known.resolve(|sum| sum.resolve(&self.bounds))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Bounds, CodeContext};
    use super::*;

    /// Where control comes from outside.
    struct EntryPlaces(&'static [u64]);

    impl CodeContext for EntryPlaces {
        fn is_entered(&self, place: u64) -> bool {
            self.0.contains(&place)
        }

        fn has_address(&self, _: Range<u64>) -> bool {
            false
        }
    }

    /// What the instruction at `at` of `bytes` can use, where nothing comes from outside.
    fn reach(bytes: &[u8], at: u64) -> Option<Range<i64>> {
        CodeInContext::new(bytes, 0, &EntryPlaces(&[]))?.reach(at)
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
        // cmp $8, %rdi; ja; shl %cl, %rdi; mov: changed since.
        let changed =
            b"\x48\x83\xff\x08\x77\x0c\x48\xd3\xe7\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(changed, 9), None);
        // cmp $8, %edi; ja; mov 0(,%rdi,8): the upper half is not compared.
        let half = b"\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(reach(half, 5), None);
        // cmp $8, %rdi; ja; mov; ret; jmp to the mov
        let entered = b"\x48\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\xeb\xf5";
        assert_eq!(reach(entered, 6), None);
        // The same, from a table.
        let code = b"\x48\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0\xc3";
        assert_eq!(CodeInContext::new(code, 0, &EntryPlaces(&[6])).unwrap().reach(6), None);
    }

    #[test]
    fn nothing_tells_where_code_is_entered_by_distances() {
        // cmp $8, %rdi; ja; mov 0(,%rdi,8), %rax; then to what is added up, or loaded.
        let compared = b"\x48\x83\xff\x08\x77\x09\x48\x8b\x04\xfd\0\0\0\0\xc3\x31\xc0";
        let with = |end: &[u8]| [compared, end].concat();
        // add %rdx, %rcx; jmp *%rcx
        assert_eq!(reach(&with(b"\x48\x01\xd1\xff\xe1"), 6), None);
        // mov 8(%rdx), %rcx; jmp *%rcx
        assert_eq!(reach(&with(b"\x48\x8b\x4a\x08\xff\xe1"), 6), Some(0..72));
        // jmp *8(%rdx)
        assert_eq!(reach(&with(b"\xff\x62\x08"), 6), Some(0..72));
    }

    #[test]
    fn the_index_is_scaled() {
        // cmp $3, %rdi; ja; shl $4, %rdi; mov 0(%rdi), %eax
        let code = b"\x48\x83\xff\x03\x77\x06\x48\xc1\xe7\x04\x8b\x07\xc3";
        assert_eq!(reach(code, 10), Some(0..52));
        // cmp $3, %rdi; ja; imul $24, %rdi, %rax; mov 0(%rax), %rax
        let code = b"\x48\x83\xff\x03\x77\x07\x48\x6b\xc7\x18\x48\x8b\x00\xc3";
        assert_eq!(reach(code, 10), Some(0..80));
        // cmp $5, %rdi; ja; lea -5(%rdi), %rdi; mov 0(,%rdi,4), %eax
        let code = b"\x48\x83\xff\x05\x77\x0b\x48\x8d\x7f\xfb\x8b\x04\xbd\0\0\0\0\xc3";
        assert_eq!(reach(code, 10), Some(-20..4));
        // Two: cmp $2, %rdi; ja; cmp $3, %rsi; jae; lea (%rdi,%rdi,2), %rax; shl $2, %rsi; mov 0(%rsi,%rax,4), %eax
        let code =
            b"\x48\x83\xff\x02\x77\x11\x48\x83\xfe\x03\x73\x0b\x48\x8d\x04\x7f\x48\xc1\xe6\x02\
                     \x8b\x04\x86\xc3";
        assert_eq!(reach(code, 20), Some(0..36));
        // and $3, %edi; shl $4, %edi; mov 0(%rdi), %eax
        let half = b"\x83\xe7\x03\xc1\xe7\x04\x8b\x87\0\0\0\0\xc3";
        assert_eq!(reach(half, 6), Some(0..52));
        // cmp $3, %rdi; ja; lea (%rdi,%rdi,2), %eax; mov 0(,%rax,4), %eax
        let half = b"\x48\x83\xff\x03\x77\x0a\x8d\x04\x7f\x8b\x04\x85\0\0\0\0\xc3";
        assert_eq!(reach(half, 9), Some(0..40));
        // cmp $3, %edi; ja; shl $31, %edi: bits are lost.
        let lost = b"\x83\xff\x03\x77\x0a\xc1\xe7\x1f\x8b\x04\xbd\0\0\0\0\xc3";
        assert_eq!(reach(lost, 8), None);
        // cmp $3, %rdi; ja; imul %rsi, %rdi: by any number.
        let any = b"\x48\x83\xff\x03\x77\x0b\x48\x0f\xaf\xfe\x8b\x04\xbd\0\0\0\0\xc3";
        assert_eq!(reach(any, 10), None);
        // cmp $3, %rdi; ja; mov 0(%rsi,%rdi,4), %eax: one of two.
        let one = b"\x48\x83\xff\x03\x77\x03\x8b\x04\xbe\xc3";
        assert_eq!(reach(one, 6), None);
    }

    #[test]
    fn the_index_is_made_small() {
        // and $7, %edi; mov 0(,%rdi,8), %rax
        assert_eq!(reach(b"\x83\xe7\x07\x48\x8b\x04\xfd\0\0\0\0\xc3", 3), Some(0..64));
        // and $3, %rdi; mov %rdi, %rax; shl $4, %rax; mov 8(%rax), %rax
        let code = b"\x48\x83\xe7\x03\x48\x89\xf8\x48\xc1\xe0\x04\x48\x8b\x40\x08\xc3";
        assert_eq!(reach(code, 11), Some(0..56));
        // shr $28, %edi; mov 0(,%rdi,4), %eax
        assert_eq!(reach(b"\xc1\xef\x1c\x8b\x04\xbd\0\0\0\0\xc3", 3), Some(0..64));
        // and $-8, %edi: still large.
        assert_eq!(reach(b"\x83\xe7\xf8\x48\x8b\x04\xfd\0\0\0\0\xc3", 3), None);
        // shr $28, %rdi: still large.
        assert_eq!(reach(b"\x48\xc1\xef\x1c\x8b\x04\xbd\0\0\0\0\xc3", 4), None);
        // and $7, %dil: the upper bytes stay.
        assert_eq!(reach(b"\x40\x80\xe7\x07\x8b\x04\xbd\0\0\0\0\xc3", 4), None);
        // and $3, %edi; add %rsi, %rdi: and another register.
        let other = b"\x83\xe7\x03\x48\x01\xf7\x8b\x04\xbd\0\0\0\0\xc3";
        assert_eq!(reach(other, 6), None);
    }

    #[test]
    fn the_index_is_a_byte() {
        // lea -0x61(%rdi), %eax; cmp $5, %al; jae; movzbl %dil, %eax; mov $-194, %rcx; movzwl 0(%rcx,%rax,2), %eax
        let code = b"\x8d\x47\x9f\x3c\x05\x73\x0f\x40\x0f\xb6\xc7\x48\xc7\xc1\x3e\xff\xff\xff\
                     \x0f\xb7\x04\x41\xc3";
        assert_eq!(reach(code, 18), Some(0..10));
        // movzbl (%rdi), %eax; mov 0(,%rax,4), %eax
        assert_eq!(reach(b"\x0f\xb6\x07\x8b\x04\x85\0\0\0\0\xc3", 3), Some(0..1024));
        // The second byte is compared: cmp $5, %ah; ja; movzbl %al, %eax; mov 0(,%rax,4), %eax
        let second = b"\x80\xfc\x05\x77\x0a\x0f\xb6\xc0\x8b\x04\x85\0\0\0\0\xc3";
        assert_eq!(reach(second, 8), Some(0..1024));
        // Two bytes are used: lea -0x61(%rdi), %eax; cmp $5, %al; jae; movzwl %di, %eax; movzwl 0(,%rax,2), %eax
        let two = b"\x8d\x47\x9f\x3c\x05\x73\x0b\x0f\xb7\xc7\x0f\xb7\x04\x45\0\0\0\0\xc3";
        assert_eq!(reach(two, 10), Some(0..131_072));
        // It wraps: lea -10(%rdi), %eax; cmp $250, %al; ja; movzbl %dil, %eax; mov 0(,%rax,4), %eax
        let wraps = b"\x8d\x47\xf6\x3c\xfa\x77\x0b\x40\x0f\xb6\xc7\x8b\x04\x85\0\0\0\0\xc3";
        assert_eq!(reach(wraps, 11), Some(0..1024));
        // cmp $3, %rdi; ja; movsbl %dil, %eax: with a sign.
        let sign = b"\x48\x83\xff\x03\x77\x0b\x40\x0f\xbe\xc7\x8b\x04\x85\0\0\0\0\xc3";
        assert_eq!(reach(sign, 10), None);
    }

    #[test]
    fn half_of_a_sum_is_compared() {
        // lea -5(%rdi), %rax; cmp $5, %eax; ja; mov 0(,%rdi,8), %rax: nothing says what the upper half is.
        let code = b"\x48\x8d\x47\xfb\x83\xf8\x05\x77\x08\x48\x8b\x04\xfd\0\0\0\0\xc3";
        assert_eq!(reach(code, 9), None);
    }
}
