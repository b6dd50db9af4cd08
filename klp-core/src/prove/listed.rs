//! The order of entries in tables of places.

use std::collections::BTreeMap;

use super::PairId;
use super::correspond::Sink;
use super::difference::{Difference, DifferenceKind};
use super::left::UnpairedResult;
use super::side::{ByteRange, Owner, ProofSide};
use super::table::TableKind;
use super::world::World;
use crate::elf::Place;

/// Tables of which entries of different functions stand in another order.
pub(super) fn order<'a>(world: &World<'a>) -> Vec<UnpairedResult<'a>> {
    let [a, b] = &world.sides;
    let (ours, theirs) = (by_table(a), by_table(b));
    let mut found = Vec::new();
    for (name, entries) in &theirs {
        let before: BTreeMap<(PairId, usize), usize> = ours
            .get(name)
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(number, (function, _))| (*function, number))
            .collect();
        let numbers = entries.iter().filter_map(|(it, range)| Some((before.get(it)?, *range)));
        let pairs = numbers.clone().zip(numbers.skip(1));
        let moved = pairs.into_iter().find(|((one, _), (next, _))| one > next);
        found.extend(moved.map(|(_, (_, range))| {
            let text = "an entry of a table comes behind one that it was in front of";
            let result = Err(Difference::new(DifferenceKind::Order, 0, text));
            UnpairedResult { range, is_original: false, name: None, result, sink: Sink::default() }
        }));
    }
    found
}

/// An entry: the function that it is for, its number among those of this function, and where it is.
type OfFunction = ((PairId, usize), ByteRange);

/// The entries of each table, in their order.
fn by_table<'a>(side: &ProofSide<'a>) -> BTreeMap<&'a [u8], Vec<OfFunction>> {
    let mut found: BTreeMap<&[u8], Vec<OfFunction>> = BTreeMap::new();
    let mut counts: BTreeMap<(&[u8], PairId), usize> = BTreeMap::new();
    for entry in side.entries.iter().filter(|entry| entry.table == TableKind::Places) {
        let units = side.units_at(entry.section, entry.offset);
        // Code that is on one side only is told for itself, and so is what it does to a table.
        let Some(Owner::Pair(function)) = units.first().map(|unit| unit.owner) else { continue };
        let name = entry.table_name();
        let count = counts.entry((name, function)).or_default();
        let Place { section, offset: start } = entry.at;
        let range = ByteRange { section, start, end: start.saturating_add(1) };
        found.entry(name).or_default().push(((function, *count), range));
        *count = count.saturating_add(1);
    }
    found
}
