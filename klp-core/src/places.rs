//! Finding a place among many sorted ones.

/// Fewer than these are searched as they are.
const WORTH_AN_INDEX: usize = 64;

/// Where to start looking in a long ascending list of offsets. A binary search through hundreds of
/// thousands of entries misses the cache at each step; this reads one small table and then the entries.
#[derive(Debug, Default)]
pub(crate) struct PlaceIndex {
    len: usize,
    shift: u32,
    /// For each multiple of `1 << shift`, how many offsets are below it.
    below: Vec<u32>,
}

impl PlaceIndex {
    /// For `offsets`, which must ascend.
    pub(crate) fn of(
        offsets: impl ExactSizeIterator<Item = u64> + DoubleEndedIterator + Clone,
    ) -> Self {
        let len = offsets.len();
        let last = offsets.clone().next_back().unwrap_or(0);
        let mut places = Self { len, shift: 0, below: Vec::new() };
        if len < WORTH_AN_INDEX || u32::try_from(len).is_err() {
            return places;
        }
        while last >> places.shift > len as u64 {
            places.shift += 1;
        }
        for (offset, number) in offsets.zip(0u32..) {
            let buckets = usize::try_from(offset >> places.shift).unwrap_or(usize::MAX);
            if buckets >= places.below.len() {
                places.below.resize(buckets.saturating_add(1), number);
            }
        }
        places
    }

    /// How many of the offsets, each of which `at` gives by its number, are below `offset`.
    pub(crate) fn below(&self, offset: u64, at: impl Fn(usize) -> u64) -> usize {
        let bucket = usize::try_from(offset >> self.shift).unwrap_or(usize::MAX);
        let known = |bucket: usize| self.below.get(bucket).map(|number| *number as usize);
        let (mut from, mut to) = match self.below.len() {
            0 => (0, self.len),
            _ => (
                known(bucket).unwrap_or(self.len),
                known(bucket.saturating_add(1)).unwrap_or(self.len),
            ),
        };
        while from < to {
            let middle = from.midpoint(to);
            if at(middle) < offset {
                from = middle.saturating_add(1);
            } else {
                to = middle;
            }
        }
        from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_as_a_binary_search() {
        let strides = [0u64, 1, 3, 64, 4096, 1 << 40];
        for (len, stride) in
            [0u64, 1, 63, 64, 65, 1000].into_iter().flat_map(|len| strides.map(|s| (len, s)))
        {
            let offsets: Vec<u64> = (0..len).map(|number| number / 3 * stride + stride).collect();
            let places = PlaceIndex::of(offsets.iter().copied());
            let around =
                offsets.iter().flat_map(|offset| [offset.saturating_sub(1), *offset, offset + 1]);
            for wanted in around.chain([0, 1, 5000, u64::MAX]) {
                let expected = offsets.partition_point(|offset| *offset < wanted);
                assert_eq!(
                    places.below(wanted, |number| offsets[number]),
                    expected,
                    "{len} {stride} {wanted}"
                );
            }
        }
    }
}
