//! The kernel's own symbol table, `kallsyms`, as it lies in the image.
//!
//! `scripts/kallsyms.c` writes it. Names are packed: bytes stand for tokens, of which there are 256. Nothing in a
//! stripped image points to the tables, so they are found by what they must look like: an index of tokens that fits
//! the tokens before it, markers that fit the names before them, and a count that fits both.
//!
//! Addresses are written in one of three ways:
//!
//! - to Linux 6.3, before the names: distances from a base behind them, negative ones for what is no address of a
//!   processor (`CONFIG_KALLSYMS_ABSOLUTE_PERCPU`);
//! - since 6.4 the same behind the index of tokens;
//! - later distances of the symbols from the entries themselves.

/// One symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSymbol {
    /// Its address, or what it is for a symbol that is none.
    pub address: u64,
    /// As `nm` prints it; a capital letter for a global symbol.
    pub kind: u8,
    /// Not necessarily UTF-8.
    pub name: Vec<u8>,
}

/// How many symbols a kernel can have.
const COUNT: std::ops::Range<usize> = 1000..4_000_000;
/// Every so many names have a marker.
const MARKED: usize = 256;
const TOKENS: usize = 256;
/// No table is farther than this from one that is beside it.
const GAP: usize = 16;

/// A section with the tables.
struct KallsymsSection<'a> {
    data: &'a [u8],
    address: u64,
    /// Offset of each token, and of the end of their index.
    tokens: Vec<usize>,
    index_end: usize,
}

/// The symbols in the section of `data` at `address`, in the order of the tables; none where these are not in it.
pub(super) fn symbols(data: &[u8], address: u64) -> Option<Vec<ImageSymbol>> {
    let mut from = 0;
    loop {
        let index = from + find_index(data.get(from..)?)?;
        let tables = tokens(data, index).map(|tokens| {
            let index_end = index + TOKENS * 2;
            KallsymsSection { data, address, tokens, index_end }
        });
        if let Some(symbols) = tables.and_then(|tables| tables.read()) {
            return Some(symbols);
        }
        from = index + 2;
    }
}

impl<'a> KallsymsSection<'a> {
    fn read(&self) -> Option<Vec<ImageSymbol>> {
        let start = *self.tokens.first()?;
        let (names, count) = self.names(start)?;
        let addresses = self.addresses(names, count)?;
        let mut at = names;
        let mut symbols = Vec::with_capacity(count);
        for address in addresses {
            let (coded, next) = name_at(self.data, at)?;
            at = next;
            let mut name = coded.iter().try_fold(Vec::new(), |mut name, token| {
                name.extend_from_slice(self.token(*token)?);
                Some(name)
            })?;
            if name.len() < 2 {
                return None;
            }
            let kind = name.remove(0);
            symbols.push(ImageSymbol { address, kind, name });
        }
        Some(symbols)
    }

    fn token(&self, number: u8) -> Option<&'a [u8]> {
        let rest = self.data.get(*self.tokens.get(usize::from(number))?..)?;
        rest.split(|byte| *byte == 0).next()
    }

    /// Where the names before `tokens` start, and how many there are.
    fn names(&self, tokens: usize) -> Option<(usize, usize)> {
        let mut end = tokens & !3;
        // Markers first, which are close before the tokens, or before three bytes for each name (to Linux 6.3).
        while end >= 8 {
            let markers = end - 4;
            if u32_at(self.data, markers)? == 0
                && let Some(marked) = run(self.data, markers, tokens)
                && let Some(found) = self.names_before(markers, marked)
            {
                return Some(found);
            }
            end -= 4;
        }
        None
    }

    /// The names that end at `markers`, of which there are at most `marked`.
    fn names_before(&self, markers: usize, marked: usize) -> Option<(usize, usize)> {
        let second = usize::try_from(u32_at(self.data, markers + 4)?).ok()?;
        let last = usize::try_from(u32_at(self.data, markers + 4 * (marked - 1))?).ok()?;
        let nearest = markers.checked_sub(last)? & !3;
        // The count is in front, and the names start at a word.
        let lowest = nearest.saturating_sub(MARKED * 512);
        (lowest..=nearest).rev().step_by(4).find_map(|names| {
            let count_of = |at: usize| {
                let count = usize::try_from(u32_at(self.data, at)?).ok()?;
                (COUNT.contains(&count) && count.div_ceil(MARKED) <= marked).then_some(count)
            };
            let first = skip(self.data, names, MARKED)?;
            if first != names + second {
                return None;
            }
            let counts = [names.checked_sub(8), names.checked_sub(4)].into_iter().flatten();
            counts
                .filter_map(count_of)
                .find(|count| self.are_marked(names, *count, markers))
                .map(|count| (names, count))
        })
    }

    /// Whether `count` names at `names` are followed by their markers.
    fn are_marked(&self, names: usize, count: usize, markers: usize) -> bool {
        let end = (0..count.div_ceil(MARKED)).try_fold(names, |at, number| {
            let marker = usize::try_from(u32_at(self.data, markers + 4 * number)?).ok()?;
            (names + marker == at).then_some(())?;
            skip(self.data, at, MARKED.min(count - number * MARKED))
        });
        end.is_some_and(|end| (end..end + GAP).contains(&markers))
    }

    fn addresses(&self, names: usize, count: usize) -> Option<Vec<u64>> {
        let number = |at: usize| u32_at(self.data, at);
        let room = (count * 4).next_multiple_of(8);
        // Before the names, their count and the base.
        let before = names.checked_sub(16).and_then(|base| Some((base.checked_sub(room)?, base)));
        let behind = self.index_end.next_multiple_of(8);
        let behind = (behind, behind + room);
        for (start, base) in before.into_iter().chain([behind]) {
            let Some(base) = self.data.get(base..).and_then(|rest| rest.first_chunk()) else {
                continue;
            };
            let base = u64::from_le_bytes(*base);
            let based = (0..count).map(|index| Some(based(base, number(start + 4 * index)?)));
            if let Some(addresses) = based.collect::<Option<Vec<u64>>>().filter(|it| are(it)) {
                return Some(addresses);
            }
        }
        let start = self.index_end.next_multiple_of(4);
        let relative = (0..count).map(|index| {
            let at = start + 4 * index;
            let place = self.address.checked_add(u64::try_from(at).ok()?)?;
            Some(place.wrapping_add_signed(i64::from(number(at)?.cast_signed())))
        });
        relative.collect::<Option<Vec<u64>>>().filter(|it| are(it))
    }
}

/// What an entry says with `base`.
fn based(base: u64, entry: u32) -> u64 {
    let signed = i64::from(entry.cast_signed());
    if signed >= 0 {
        signed.cast_unsigned()
    } else {
        base.wrapping_sub(1).wrapping_add_signed(-signed)
    }
}

/// Whether these are addresses of kernel symbols, which are sorted: those of processors' variables come first.
fn are(addresses: &[u64]) -> bool {
    const KERNEL: u64 = 0xffff_ffff_8000_0000;
    let kernel = addresses.iter().filter(|address| **address >= KERNEL).count();
    kernel * 10 > addresses.len() * 9 && addresses.is_sorted()
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*data.get(at..)?.first_chunk()?))
}

/// The length of the run of numbers from `start` on that ascend as markers do.
fn run(data: &[u8], start: usize, limit: usize) -> Option<usize> {
    let room = limit.checked_sub(start)? / 4;
    let mut last: u32 = 0;
    let mut length = 1;
    while length < room {
        let next = u32_at(data, start + 4 * length)?;
        // A name has two bytes at least, its length and one token.
        let nearest = last.saturating_add(512);
        if !(nearest..=last.saturating_add(256 * 1024)).contains(&next) {
            break;
        }
        last = next;
        length += 1;
    }
    (length >= COUNT.start / MARKED).then_some(length)
}

/// The packed name at `at`, and where the next one is. A length of 128 and more has two bytes.
fn name_at(data: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let low = usize::from(*data.get(at)?);
    let (length, start) = if low & 0x80 == 0 {
        (low, at + 1)
    } else {
        (low & 0x7f | usize::from(*data.get(at + 1)?) << 7, at + 2)
    };
    Some((data.get(start..start + length)?, start + length))
}

/// Where the name is that follows `count` names.
fn skip(data: &[u8], from: usize, count: usize) -> Option<usize> {
    (0..count).try_fold(from, |at, _| Some(name_at(data, at)?.1))
}

/// Offset of what looks like the index of tokens: 256 ascending numbers of 16 bits, the first of them 0.
fn find_index(data: &[u8]) -> Option<usize> {
    let number = |at: usize| Some(u32::from(u16::from_le_bytes(*data.get(at..)?.first_chunk()?)));
    (0..data.len().saturating_sub(TOKENS * 2)).step_by(2).find(|at| {
        let mut last = 0;
        number(*at) == Some(0)
            && (1..TOKENS).all(|index| {
                let next = number(at + 2 * index).unwrap_or_default();
                let ascends = next > last + 1 && next - last < 256;
                last = next;
                ascends
            })
    })
}

/// The offset of each token that the index at `index` tells, if they are in front of it.
fn tokens(data: &[u8], index: usize) -> Option<Vec<usize>> {
    let starts: Vec<usize> = data
        .get(index..index + TOKENS * 2)?
        .as_chunks::<2>()
        .0
        .iter()
        .map(|start| usize::from(u16::from_le_bytes(*start)))
        .collect();
    let last = *starts.last()?;
    (0..GAP).find_map(|gap| {
        // The last token's end: a zero, and what aligns the index.
        let end = index.checked_sub(gap)?;
        let table = data.get(..end)?;
        (*table.last()? == 0).then_some(())?;
        let length = table.iter().rev().skip(1).position(|byte| *byte == 0)?;
        let table = end.checked_sub(length + 1)?.checked_sub(last)?;
        let fits = starts.iter().skip(1).all(|start| {
            let before = start.checked_sub(1).and_then(|before| data.get(table + before));
            before == Some(&0) && data.get(table + start) != Some(&0)
        });
        fits.then(|| starts.iter().map(|start| table + start).collect())
    })
}
