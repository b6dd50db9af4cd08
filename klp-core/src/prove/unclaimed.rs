//! Code that nothing was claimed about.

use super::side::{Range, Side};
use super::walk;
use crate::elf::Place;

/// The stretches at two places, each a section and an offset: those of a symbol where both have one, else as far as
/// control goes.
pub(super) fn stretches(
    (a_side, a): (&Side<'_>, Place),
    (b_side, b): (&Side<'_>, Place),
) -> Option<(Range, Range)> {
    match (of_symbol(a_side, a), of_symbol(b_side, b)) {
        (Some(original), Some(patched)) => Some((original, patched)),
        _ => Some((straight(a_side, a)?, straight(b_side, b)?)),
    }
}

fn of_symbol(side: &Side<'_>, Place { section, offset: at }: Place) -> Option<Range> {
    let symbol = side.sized_symbol(section, at)?;
    let end = symbol.end().min(side.size(section));
    (end > at).then_some(Range { section, start: symbol.value, end })
}

/// From a place as far as control goes on, up to the next unit or symbol.
fn straight(side: &Side<'_>, Place { section, offset: start }: Place) -> Option<Range> {
    if start > side.size(section) {
        return None;
    }
    let units = side.units(section);
    let next = units.get(units.partition_point(|unit| unit.start <= start));
    let limit = next.map_or(u64::MAX, |unit| unit.start).min(side.next_symbol(section, start));
    Some(Range { section, start, end: walk::straight(side, section, start, limit) })
}
