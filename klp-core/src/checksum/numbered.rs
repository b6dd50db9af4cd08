//! Instructions by number: what a place in code means when padding does not count.

/// Which bytes of a stretch of code start an instruction, and which of the instructions count.
#[derive(Debug, Default)]
pub(super) struct InstructionStarts {
    words: Vec<CodeWord>,
    count: u32,
    /// Where the last instruction ends.
    end: usize,
    /// There are no instructions: each byte is a place of its own.
    is_data: bool,
}

/// 64 bytes of code, a bit for each.
#[derive(Debug, Default, Clone, Copy)]
struct CodeWord {
    starts: u64,
    counted: u64,
    /// How many instructions before it count.
    before: u32,
}

impl InstructionStarts {
    /// Forgets what it knew. The next stretch has `len` bytes.
    pub(super) fn begin(&mut self, len: usize) {
        self.words.clear();
        self.words.resize(len.div_ceil(64), CodeWord::default());
        self.count = 0;
        self.end = 0;
        self.is_data = false;
    }

    /// Says that the stretch, of `len` bytes, is data.
    pub(super) fn data(&mut self, len: usize) {
        self.end = len;
        self.is_data = true;
    }

    /// How many instructions count so far.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Where the last one before `end` starts that counts.
    pub(super) fn last_counted(&self, end: usize) -> Option<usize> {
        let words = self.words.iter().enumerate().take(end.div_ceil(64));
        let below = |number: usize| {
            let left = end.saturating_sub(number.saturating_mul(64));
            if left < 64 { (1u64 << left).wrapping_sub(1) } else { u64::MAX }
        };
        let counted = words.map(|(number, word)| (number, word.counted & below(number)));
        let (number, counted) = counted.rev().find(|(_, counted)| *counted != 0)?;
        let bit = 63u32.saturating_sub(counted.leading_zeros());
        number.checked_mul(64)?.checked_add(bit as usize)
    }

    /// The next instruction starts at `offset` and has `len` bytes. Does it count?
    #[inline]
    pub(super) fn add(&mut self, offset: usize, len: usize, counts: bool) {
        // `begin` has made room for all of the stretch.
        let Some(word) = self.words.get_mut(offset / 64) else { return };
        if word.starts == 0 {
            word.before = self.count;
        }
        word.starts |= 1 << (offset % 64);
        word.counted |= u64::from(counts) << (offset % 64);
        self.count = self.count.wrapping_add(u32::from(counts));
        self.end = offset.saturating_add(len);
    }

    /// How many instructions before `offset` count, and how far it is inside one of them, or inside of
    /// padding (from 16 on: no instruction is that long). Of data, how many bytes. None where no instruction is known.
    pub(super) fn place(&self, offset: u64) -> Option<(u32, u8)> {
        let offset = usize::try_from(offset).ok().filter(|offset| *offset < self.end)?;
        if self.is_data {
            return Some((u32::try_from(offset).ok()?, 0));
        }
        let word = self.words.get(offset / 64)?;
        let below = (1u64 << (offset % 64)).wrapping_sub(1);
        // Before the first start of a word is what an instruction before it has left.
        let before = if word.starts == 0 { self.count } else { word.before };
        let index = before.wrapping_add((word.counted & below).count_ones());
        let back = (0..16u8).find(|back| self.bit(offset, *back, |word| word.starts));
        Some(match back? {
            0 => (index, 0),
            back if self.bit(offset, back, |word| word.counted) => (index.wrapping_sub(1), back),
            back => (index, back.saturating_add(16)),
        })
    }

    /// The bit of the place that is `back` bytes before `offset`.
    fn bit(&self, offset: usize, back: u8, of: impl Fn(&CodeWord) -> u64) -> bool {
        let at = offset.checked_sub(usize::from(back));
        let word = at.and_then(|at| Some((at, self.words.get(at / 64)?)));
        word.is_some_and(|(at, word)| of(word) >> (at % 64) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_next_instruction_that_counts_or_inside_of_one() {
        let mut own = InstructionStarts::default();
        own.begin(140);
        // 60 instructions of one byte, padding of 10 bytes, then of 7 bytes each.
        (0..60).for_each(|offset| own.add(offset, 1, true));
        own.add(60, 10, false);
        (70..140).step_by(7).for_each(|offset| own.add(offset, 7, true));
        for (offset, expected) in [
            (0, (0, 0)),
            (59, (59, 0)),
            (60, (60, 0)),
            (61, (60, 17)),
            (64, (60, 20)),
            (69, (60, 25)),
            (70, (60, 0)),
            (71, (60, 1)),
            (127, (68, 1)),
            (128, (68, 2)),
            (133, (69, 0)),
            (139, (69, 6)),
        ] {
            assert_eq!(own.place(offset), Some(expected), "{offset}");
        }
        assert_eq!([140, u64::MAX].map(|offset| own.place(offset)), [None; 2]);
        for (end, last) in
            [(0, None), (1, Some(0)), (70, Some(59)), (71, Some(70)), (usize::MAX, Some(133))]
        {
            assert_eq!(own.last_counted(end), last, "{end}");
        }
    }

    #[test]
    fn each_byte_of_data_is_a_place() {
        let mut own = InstructionStarts::default();
        own.begin(3);
        own.data(3);
        assert_eq!([0, 2, 3].map(|offset| own.place(offset)), [Some((0, 0)), Some((2, 0)), None]);
    }
}
