//! What one instruction makes of registers: sums, and numbers that are small.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::sum::{Bound, LowBits, Sum};
use super::used::is_immediate;

/// What an instruction writes into a register.
pub(super) enum Value {
    /// The sum, in all 64 bits.
    Exactly(Sum),
    /// Its lower half, and zeros.
    Half(Sum),
}

/// The registers that the memory operand adds up. Its displacement is left out.
pub(super) fn of_address(instruction: &Instruction) -> Option<Sum> {
    let mut sum = Sum::number(0);
    let scale = i64::from(instruction.memory_index_scale());
    for (register, times) in [(instruction.memory_base(), 1), (instruction.memory_index(), scale)] {
        match register {
            Register::None => {}
            _ if register.is_gpr64() => sum.add(LowBits { register, bits: 64 }, times)?,
            _ => return None,
        }
    }
    Some(sum)
}

/// The lower bits of a register that an operand names; none for the second byte of one.
fn part(register: Register) -> Option<LowBits> {
    let bits = u32::try_from(register.size()).ok()?.checked_mul(8)?;
    let is_second = matches!(register, Register::AH | Register::BH | Register::CH | Register::DH);
    (register.is_gpr() && !is_second).then(|| LowBits { register: register.full_register(), bits })
}

/// What `instruction` writes into the register that is its first operand.
pub(super) fn value(instruction: &Instruction) -> Option<Value> {
    let to = instruction.op0_register();
    let is_register = instruction.op0_kind() == OpKind::Register && to.is_gpr();
    let is_half = (is_register && to.size() >= 4).then(|| to.size() == 4)?;
    let full = LowBits { register: to.full_register(), bits: 64 };
    let (from, register) = (instruction.op1_kind(), instruction.op1_register());
    let number = || is_immediate(from).then(|| instruction.immediate(1).cast_signed());
    let of = |sum: Sum| if is_half { Value::Half(sum) } else { Value::Exactly(sum) };
    let plus = |number: i64| Some(of(Sum::of(full).plus(number)?));
    match instruction.mnemonic() {
        Mnemonic::Mov | Mnemonic::Movzx if from == OpKind::Register => {
            Some(Value::Exactly(Sum::of(part(register)?)))
        }
        Mnemonic::Mov => {
            let number = number()?;
            let number = if is_half { number & i64::from(u32::MAX) } else { number };
            Some(Value::Exactly(Sum::number(number)))
        }
        Mnemonic::Xor if from == OpKind::Register && register == to => {
            Some(Value::Exactly(Sum::number(0)))
        }
        Mnemonic::Add if from == OpKind::Register => {
            let mut sum = Sum::of(full);
            sum.add(LowBits { register: register.full_register(), bits: 64 }, 1)?;
            Some(of(sum))
        }
        Mnemonic::Add => plus(number()?),
        Mnemonic::Sub => plus(number()?.checked_neg()?),
        Mnemonic::Inc => plus(1),
        Mnemonic::Dec => plus(-1),
        Mnemonic::Lea => {
            let number = instruction.memory_displacement64().cast_signed();
            Some(of(of_address(instruction)?.plus(number)?))
        }
        Mnemonic::Shl if is_immediate(from) => {
            let mask = if is_half { 31 } else { 63 };
            let times = 1i64.checked_shl(u32::try_from(instruction.immediate(1) & mask).ok()?)?;
            Some(of(Sum::of(full).times(times)?))
        }
        Mnemonic::Imul if instruction.op_count() == 3 && from == OpKind::Register => {
            let times = instruction.immediate(2).cast_signed();
            let from = LowBits { register: register.full_register(), bits: 64 };
            Some(of(Sum::of(from).times(times)?))
        }
        _ => None,
    }
}

/// What `instruction` compares with a number, and how many values it has if that is not less (or not greater).
pub(super) fn compared(instruction: &Instruction, is_below: bool) -> Option<Bound> {
    let compares = instruction.mnemonic() == Mnemonic::Cmp
        && instruction.op0_kind() == OpKind::Register
        && is_immediate(instruction.op1_kind());
    let part = compares.then(|| part(instruction.op0_register()))??;
    let limit = part.cut(instruction.immediate(1));
    Bound::of(part, if is_below { limit } else { limit.checked_add(1)? })
}

/// What `instruction` leaves small in its first operand, whatever that was.
pub(super) fn made_small(instruction: &Instruction) -> Option<Bound> {
    let is_one = instruction.op0_kind() == OpKind::Register;
    let part = is_one.then(|| part(instruction.op0_register()))??;
    if instruction.mnemonic() == Mnemonic::Movzx && instruction.op1_kind() == OpKind::Memory {
        let bits = u32::try_from(instruction.memory_size().size()).ok()?.checked_mul(8)?;
        return Bound::of(part, 1u64.checked_shl(bits)?);
    }
    let number = is_immediate(instruction.op1_kind()).then(|| instruction.immediate(1))?;
    match instruction.mnemonic() {
        Mnemonic::And => Bound::of(part, part.cut(number).checked_add(1)?),
        Mnemonic::Shr => {
            // A processor takes the lowest 5 or 6 bits for the number.
            let count =
                u32::try_from(number).ok().filter(|count| (1..part.bits).contains(count))?;
            Bound::of(part, 1u64.checked_shl(part.bits.checked_sub(count)?)?)
        }
        _ => None,
    }
}
