//! Code that nothing was claimed about.

use super::side::{ByteRange, ProofSide};
use super::walk;
use crate::elf::Place;

/// The stretches at two places, each a section and an offset: those of a symbol where both have one, else as far as
/// control goes.
pub(super) fn stretches(
    (a_side, a): (&ProofSide<'_>, Place),
    (b_side, b): (&ProofSide<'_>, Place),
) -> Option<(ByteRange, ByteRange)> {
    match (of_symbol(a_side, a), of_symbol(b_side, b)) {
        (Some(original), Some(patched)) => Some((original, patched)),
        _ => Some((straight(a_side, a)?, straight(b_side, b)?)),
    }
}

fn of_symbol(side: &ProofSide<'_>, Place { section, offset: at }: Place) -> Option<ByteRange> {
    let symbol = side.sized_symbol(section, at)?;
    let end = symbol.end().min(side.size(section));
    (end > at).then_some(ByteRange { section, start: symbol.value, end })
}

/// From a place as far as control goes on, up to the next unit or symbol.
fn straight(side: &ProofSide<'_>, Place { section, offset: start }: Place) -> Option<ByteRange> {
    if start > side.size(section) {
        return None;
    }
    let units = side.units(section);
    let next = units.get(units.partition_point(|unit| unit.start <= start));
    let limit = next.map_or(u64::MAX, |unit| unit.start).min(side.next_symbol(section, start));
    Some(ByteRange { section, start, end: walk::straight(side, section, start, limit) })
}
