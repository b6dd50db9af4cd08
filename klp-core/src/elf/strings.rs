//! Where strings end that linkers may merge.
//!
//! References can enter a string anywhere. Where a long one ends is looked up, so that thousands of references into it
//! take no longer than references to as many short ones.

use std::ops::Range;
use std::sync::OnceLock;

use crate::slices::SliceParts as _;

/// So many characters are looked at before the end is looked up.
const SHORT: usize = 256;

/// Where the longer strings of a section end, found when one of them is first met.
#[derive(Debug, Default)]
pub(crate) struct StringEnds {
    /// Characters of several bytes can start at any of them: for each of these first bytes, the strings, by place.
    by_first: OnceLock<Vec<Vec<LongString>>>,
}

#[derive(Debug)]
struct LongString {
    start: usize,
    end: usize,
    /// Whether a NUL is there.
    is_ended: bool,
}

impl StringEnds {
    /// Where the first NUL of `width` bytes is from `start` on, `width` at a time. None where `data` ends before.
    pub(super) fn nul(&self, data: &[u8], start: usize, width: usize) -> Option<usize> {
        let mut near = data.starting(start).chunks_exact(width).take(SHORT);
        if let Some(count) = near.position(is_nul) {
            return start.checked_add(count.checked_mul(width)?);
        }
        let of_first = self.longer(data, width).get(start.checked_rem(width)?)?;
        let behind = of_first.partition_point(|string| string.start <= start);
        let string = of_first.get(behind.checked_sub(1)?)?;
        (string.is_ended && string.end > start).then_some(string.end)
    }

    /// All strings of more than a few characters, the last of the section included, where no NUL ends it.
    pub(super) fn long(&self, data: &[u8], width: usize) -> impl Iterator<Item = Range<usize>> {
        self.longer(data, width).iter().flatten().map(|string| string.start..string.end)
    }

    fn longer(&self, data: &[u8], width: usize) -> &[Vec<LongString>] {
        self.by_first.get_or_init(|| (0..width).map(|first| longer(data, first, width)).collect())
    }
}

fn is_nul(character: &[u8]) -> bool {
    character.iter().all(|byte| *byte == 0)
}

/// The strings of at least [`SHORT`] characters, if the first one starts at `first`.
fn longer(data: &[u8], first: usize, width: usize) -> Vec<LongString> {
    let mut found = Vec::new();
    let mut start = first;
    let mut add = |start: usize, end: usize, is_ended: bool| {
        if end.saturating_sub(start) / width >= SHORT {
            found.push(LongString { start, end, is_ended });
        }
    };
    let places = (first..).step_by(width);
    for (at, character) in places.zip(data.starting(first).chunks_exact(width)) {
        if is_nul(character) {
            add(start, at, true);
            start = at.saturating_add(width);
        }
    }
    add(start, data.len(), false);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a string ends that is read from its start.
    fn read(data: &[u8], start: usize, width: usize) -> Option<usize> {
        let count = data.get(start..)?.chunks_exact(width).position(is_nul)?;
        Some(start + count * width)
    }

    #[test]
    fn a_string_ends_where_reading_it_ends() {
        let mut data = Vec::new();
        for length in [0_usize, 1, 255, 256, 257, 1000, 3, 513] {
            data.extend(b"abcde".iter().cycle().take(length));
            data.extend([0; 3]);
        }
        data.extend([0x62; 700]);
        for width in [1, 2, 4] {
            let ends = StringEnds::default();
            for start in 0..=data.len() {
                assert_eq!(
                    ends.nul(&data, start, width),
                    read(&data, start, width),
                    "{start} {width}"
                );
            }
        }
    }
}
