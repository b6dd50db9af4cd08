//! A mutator that knows ELF: it changes a field of a header, a symbol or a relocation, or an instruction's bytes,
//! and leaves the file one that is read.

use crate::random::Random;

/// Size of a section header, and of what sections of some types hold.
const HEADER: usize = 64;
const SYMBOL: usize = 24;
const RELA: usize = 24;

const SYMTAB: u64 = 2;
const RELA_TYPE: u64 = 4;

/// Fields of a section header, by offset and size.
const OF_HEADER: &[(usize, usize)] =
    &[(0, 4), (4, 4), (8, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)];
/// Those of a symbol: name, info, other, section, value, size.
const OF_SYMBOL: &[(usize, usize)] = &[(0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)];
/// Those of a relocation: offset, type, symbol, addend.
const OF_RELA: &[(usize, usize)] = &[(0, 8), (8, 4), (12, 4), (16, 8)];

/// Changes a field of the ELF file in the first `size` bytes; none where they are none, or where other bytes should
/// be changed than an ELF file's.
pub fn mutate(data: &mut [u8], size: usize, seed: u32) -> Option<usize> {
    let mut random = Random::new(seed.into());
    if random.one_in(4) {
        return None;
    }
    let file = data.get_mut(..size)?;
    let headers = usize::try_from(read(file, 40, 8)?).ok()?;
    let count = usize::try_from(read(file, 60, 2)?).ok()?;
    let header = headers.checked_add(random.below(count).checked_mul(HEADER)?)?;
    let kind = read(file, header.checked_add(4)?, 4)?;
    let start = usize::try_from(read(file, header.checked_add(24)?, 8)?).ok()?;
    let length = usize::try_from(read(file, header.checked_add(32)?, 8)?).ok()?;
    let (base, fields) = match kind {
        _ if random.one_in(6) => (header, OF_HEADER),
        SYMTAB => (entry(&mut random, start, length, SYMBOL)?, OF_SYMBOL),
        RELA_TYPE => (entry(&mut random, start, length, RELA)?, OF_RELA),
        _ => (start.checked_add(random.below(length))?, &[(0, 1), (0, 4)][..]),
    };
    let (offset, width) = *fields.get(random.below(fields.len()))?;
    let place = base.checked_add(offset)?;
    let old = read(file, place, width)?;
    let new = match random.below(7) {
        0 => 0,
        1 => u64::MAX,
        2 => old.wrapping_add(1),
        3 => old.wrapping_sub(1),
        4 => old ^ 1u64.checked_shl(u32::try_from(random.below(64)).ok()?)?,
        5 => u64::try_from(random.below(size)).ok()?,
        _ => random.next() & 0xff,
    };
    let target = file.get_mut(place..place.checked_add(width)?)?;
    target.copy_from_slice(new.to_le_bytes().get(..width)?);
    Some(size)
}

/// Where one of the entries starts.
fn entry(random: &mut Random, start: usize, length: usize, size: usize) -> Option<usize> {
    start.checked_add(random.below(length.checked_div(size)?).checked_mul(size)?)
}

fn read(file: &[u8], place: usize, width: usize) -> Option<u64> {
    let bytes = file.get(place..place.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
