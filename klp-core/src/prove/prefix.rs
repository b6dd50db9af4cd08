//! What stands in front of a function and belongs to it: hashes of its type, room for patching.

use std::borrow::Cow;

use crate::arch::{Arch as _, for_machine};
use crate::elf::{SectionId, SymbolKind};

use super::correspond::Sink;
use super::difference::{Difference, DifferenceKind};
use super::names;
use super::side::{ByteRange, ProofSide};
use super::table::TableKind;
use super::world::World;

/// So many bytes in front of a function are looked at for an entry that describes them.
const LONGEST: u64 = 128;

/// The stretch in front of the function that starts at `start`.
pub(super) fn range(side: &ProofSide<'_>, section: SectionId, start: u64) -> ByteRange {
    if !side.has_prefixes {
        return ByteRange { section, start, end: start };
    }
    let from = start.saturating_sub(LONGEST);
    let all = ByteRange { section, start: from, end: start };
    let symbols = side.symbols(section, from, start);
    let is_padding = |room: Cow<'_, [u8]>| {
        room.len() == for_machine!(side.object.machine, A => A::padding(&room))
    };
    let named = symbols.filter(|(_, symbol)| {
        let behind = ByteRange { start: symbol.end().min(start), ..all };
        symbol.kind == SymbolKind::Function
            && names::is_prefix(symbol.name)
            && side.bytes(behind).is_some_and(is_padding)
    });
    let named = named.map(|(_, symbol)| symbol.value).min();
    let before = side.reach_before(section, start);
    let entries = side.entries_in(all).filter(|(_, it)| it.table == TableKind::Patchable);
    let patched = entries.map(|(_, it)| it.offset).filter(|at| *at >= before.min(start)).min();
    let first = named.into_iter().chain(patched).min().unwrap_or(start);
    ByteRange { start: first, ..all }
}

/// Whether the same stands in front of both functions.
pub(super) fn compare<'a>(
    world: &World<'a>,
    original: ByteRange,
    patched: ByteRange,
    _sink: &mut Sink<'a>,
) -> Result<(), Difference> {
    let [a, b] = &world.sides;
    let ours = range(a, original.section, original.start);
    let theirs = range(b, patched.section, patched.start);
    if ours.len() != theirs.len() || a.bytes(ours) != b.bytes(theirs) {
        let text = format!("{} other bytes in front of it instead of {}", theirs.len(), ours.len());
        return Err(Difference::new(DifferenceKind::Instruction, 0, text));
    }
    let entries = |side: &ProofSide<'_>, range: ByteRange| -> Vec<_> {
        let entries = side.entries_in(range);
        entries.map(|(_, it)| (it.table, it.offset.saturating_sub(range.start))).collect()
    };
    if entries(a, ours) != entries(b, theirs) {
        let text = "other entries describe what is in front of it";
        return Err(Difference::new(DifferenceKind::Entry(TableKind::Patchable.name()), 0, text));
    }
    Ok(())
}
