//! Addresses as sums of registers, and what is known of registers.

use iced_x86::Register;
use smallvec::SmallVec;

/// Tables of more elements are none that a compiler makes of a `switch` or an array in a function.
const MOST: u64 = 1 << 20;

/// The lowest bits of a register, as a number that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LowBits {
    pub(super) register: Register,
    /// 8, 16, 32, or all 64.
    pub(super) bits: u32,
}

impl LowBits {
    /// `number` as one of so many bits.
    pub(super) fn cut(self, number: u64) -> u64 {
        1u64.checked_shl(self.bits).map_or(number, |limit| number & limit.wrapping_sub(1))
    }
}

/// Multiples of registers and a number between two others. All of it is modulo 2^64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    parts: SmallVec<[(LowBits, i64); 2]>,
    first: i64,
    last: i64,
}

impl Sum {
    pub(super) fn of(part: LowBits) -> Self {
        Self { parts: SmallVec::from_iter([(part, 1)]), ..Self::number(0) }
    }

    pub(super) fn number(number: i64) -> Self {
        Self { parts: SmallVec::new(), first: number, last: number }
    }

    /// This and a number.
    pub(super) fn plus(mut self, number: i64) -> Option<Self> {
        self.add_numbers(number, number)?;
        Some(self)
    }

    /// A multiple of this, which has no number.
    pub(super) fn times(mut self, times: i64) -> Option<Self> {
        for (_, count) in &mut self.parts {
            *count = count.checked_mul(times)?;
        }
        self.parts.retain(|(_, times)| *times != 0);
        Some(self).filter(|sum| (sum.first, sum.last) == (0, 0))
    }

    pub(super) fn add(&mut self, part: LowBits, times: i64) -> Option<()> {
        match self.parts.iter_mut().find(|(known, _)| *known == part) {
            Some((_, count)) => *count = count.checked_add(times)?,
            None => self.parts.push((part, times)),
        }
        self.parts.retain(|(_, times)| *times != 0);
        Some(())
    }

    fn add_numbers(&mut self, one: i64, other: i64) -> Option<()> {
        self.first = self.first.checked_add(one.min(other))?;
        self.last = self.last.checked_add(one.max(other))?;
        Some(())
    }

    pub(super) fn has(&self, register: Register) -> bool {
        self.parts.iter().any(|(part, _)| part.register == register)
    }

    /// The first and the last number that this can be, if there are no registers in it.
    pub(super) fn known(&self) -> Option<(i64, i64)> {
        self.parts.is_empty().then_some((self.first, self.last))
    }

    /// The one register that this is, and what is added to it.
    fn single(&self) -> Option<(LowBits, i64)> {
        match self.parts.as_slice() {
            [(part, 1)] if self.first == self.last => Some((*part, self.first)),
            _ => None,
        }
    }

    /// Takes `register` for its lowest bits, since the others are zero.
    pub(super) fn narrow(&mut self, register: Register, bits: u32) {
        let own = self.parts.iter_mut().filter(|(part, _)| part.register == register);
        own.for_each(|(part, _)| part.bits = part.bits.min(bits));
    }

    /// The same as far as its lower half goes: that of a sum is that of the lower halves.
    pub(super) fn of_halves(&self) -> Self {
        let mut sum = self.clone();
        sum.parts.iter_mut().for_each(|(part, _)| part.bits = part.bits.min(32));
        sum
    }

    /// Whether it is known to be no more than its lower half.
    pub(super) fn is_half(&self) -> bool {
        self.known().is_some_and(|(first, last)| first >= 0 && last <= i64::from(u32::MAX))
    }

    /// Puts `value`, which has so many `bits`, in the place of `register`.
    pub(super) fn replace(&mut self, register: Register, value: &Self, bits: u32) -> Option<()> {
        let parts = std::mem::take(&mut self.parts);
        for (part, times) in parts {
            if part.register != register {
                self.add(part, times)?;
                continue;
            }
            // The lowest bits of a sum are no sum.
            let is_all = part.bits >= bits;
            let fits = |(one, other): (i64, i64)| {
                let is_kept =
                    |number: i64| part.cut(number.cast_unsigned()) == number.cast_unsigned();
                is_all || one == other && is_kept(one)
            };
            match (value.known(), value.single()) {
                (Some((one, other)), _) if fits((one, other)) => {
                    self.add_numbers(one.checked_mul(times)?, other.checked_mul(times)?)?;
                }
                (_, Some((from, 0))) => {
                    self.add(LowBits { bits: from.bits.min(part.bits), ..from }, times)?;
                }
                _ if is_all => {
                    let (one, other) = (value.first, value.last);
                    self.add_numbers(one.checked_mul(times)?, other.checked_mul(times)?)?;
                    for (from, count) in &value.parts {
                        self.add(*from, count.checked_mul(times)?)?;
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Puts what is known of registers in their place.
    pub(super) fn resolve(&mut self, bounds: &[Bound]) -> Option<()> {
        self.resolve_by(|part| bounds.iter().find_map(|bound| bound.range(part)))
    }

    /// A byte or two are small whatever they are.
    pub(super) fn resolve_bytes(&mut self) -> Option<()> {
        self.resolve_by(|part| (part.bits <= 16).then(|| (0, part.cut(u64::MAX).cast_signed())))
    }

    fn resolve_by(&mut self, range: impl Fn(LowBits) -> Option<(i64, i64)>) -> Option<()> {
        for (part, times) in std::mem::take(&mut self.parts) {
            match range(part) {
                Some((one, other)) => {
                    self.add_numbers(one.checked_mul(times)?, other.checked_mul(times)?)?;
                }
                None => self.parts.push((part, times)),
            }
        }
        Some(())
    }
}

/// The lowest `width` bits of `part` and `number` are less than `count`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    part: LowBits,
    number: i64,
    /// As many as those of the part, or more.
    width: u32,
    count: u64,
}

impl Bound {
    /// `part` is less than `count`, if that says something.
    pub(super) fn of(part: LowBits, count: u64) -> Option<Self> {
        let is_one = (1..=MOST).contains(&count);
        is_one.then_some(Self { part, number: 0, width: part.bits, count })
    }

    pub(super) fn part(&self) -> LowBits {
        self.part
    }

    /// Takes `register` for its lowest bits, since the others are zero.
    pub(super) fn narrow(&mut self, register: Register, bits: u32) {
        if self.part.register == register {
            self.part.bits = self.part.bits.min(bits);
        }
    }

    /// Puts a value in the place of the register.
    pub(super) fn replace(&mut self, value: &Sum) -> Option<()> {
        let (from, number) = value.single()?;
        let bits = from.bits.min(self.part.bits);
        // The lowest bits of a sum are no sum, unless it is as wide as what is compared.
        if number != 0 && self.part.bits < self.width {
            return None;
        }
        self.number = self.number.checked_add(number)?;
        self.part = LowBits { bits, ..from };
        Some(())
    }

    /// The same, of the lower half of a value, above which there are zeros.
    pub(super) fn replace_by_half(&mut self, value: &Sum) -> Option<()> {
        self.part.bits = self.part.bits.min(32);
        if self.number == 0 {
            self.width = self.width.min(32);
        }
        self.replace(value)
    }

    /// The first and the last number that `part` can be.
    fn range(&self, part: LowBits) -> Option<(i64, i64)> {
        let last = i64::try_from(self.count.checked_sub(1)?).ok()?;
        let first = self.number.checked_neg()?;
        let first = match 1i64.checked_shl(self.width).filter(|_| self.width < 64) {
            Some(limit) => {
                let first = first.checked_rem_euclid(limit)?;
                (first.checked_add(last)? < limit).then_some(first)?
            }
            None => first,
        };
        let last = first.checked_add(last)?;
        // All of a register that is small is its lowest bits.
        let is_small =
            || part.bits < self.part.bits && first >= 0 && last <= part.cut(u64::MAX).cast_signed();
        let is_it =
            part.register == self.part.register && (part.bits == self.part.bits || is_small());
        is_it.then_some((first, last))
    }
}
