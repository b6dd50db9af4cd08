//! Whether data is aligned as it was. Where a section holds several objects, nothing tells which of them wants the section's
//! alignment; the others have it by chance, and lose it by chance.

use crate::elf::{Section, SectionClass, SectionId};

use super::align;
use super::difference::{Difference, DifferenceKind};
use super::side::{ByteRange, ClaimedUnit, Owner, ProofSide};
use super::world::World;

/// Who wants a whole line of the cache, or more, means it.
const LINE: u64 = 64;

/// What an offset leaves of an alignment.
fn guaranteed(section: &Section<'_>, offset: u64) -> u64 {
    let align = section.align.max(1);
    if offset == 0 { align } else { align.min(1 << offset.trailing_zeros().min(63)) }
}

/// Whether the patched object is aligned as well as the original one, and wants no more.
pub(super) fn aligned(
    world: &World<'_>,
    original: ByteRange,
    patched: ByteRange,
) -> Result<(), Difference> {
    let [a, b] = &world.sides;
    let (was, is) = (a.section(original.section), b.section(patched.section));
    let alone = |section: &Section<'_>, side: &ProofSide<'_>, range: ByteRange| {
        range.start == 0
            && (range.end == section.size
                || range.end > 0
                    && side.units(range.section).len() == 1
                    && side.is_first_unit(range))
            && section.class != SectionClass::Container
    };
    let (before, after) = (guaranteed(was, original.start), guaranteed(is, patched.start));
    let is_lost = match (alone(was, a, original), alone(is, b, patched)) {
        (true, _) => after < before,
        // Nothing in the whole section is aligned as this was: what else wanted it is not there.
        (false, false) => {
            (original.start == 0 && patched.start == 0 && after < before && is.align < was.align
                || is.align < before && before == was.align && wants(original, before))
                && !has_reason(world, original, before, AlignedVersion::Original)
        }
        (false, true) => false,
    };
    let both_alone = alone(was, a, original) && alone(is, b, patched);
    let is_gained =
        both_alone && after > before && (after >= 4096 || before < LINE && after >= LINE)
            || after > before
                && after >= LINE
                && after == is.align
                && b.object.files.len() < 2
                && !alone(is, b, patched)
                && !has_reason(world, patched, after, AlignedVersion::Patched);
    if is_lost || is_gained {
        let text = format!("aligned to {after} bytes instead of {before}");
        return Err(Difference::new(DifferenceKind::Alignment, 0, text));
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AlignedVersion {
    Original,
    Patched,
}

/// Whether something else in the section of `range` can want the alignment `wanted` that the other version's section has
/// not: what is not there, what is told in any case, what keeps that alignment, and what certainly wants it.
fn has_reason(world: &World<'_>, range: ByteRange, wanted: u64, version: AlignedVersion) -> bool {
    let [a, b] = &world.sides;
    let (side, other) = if version == AlignedVersion::Original { (a, b) } else { (b, a) };
    let units = side.units(range.section).iter();
    let mut others = units.filter(|unit| unit.start != range.start && unit.start < unit.end);
    others.any(|unit| {
        if !unit.start.is_multiple_of(wanted) {
            return false;
        }
        let Owner::Pair(number) = unit.owner else { return true };
        let pair = world.pair(number);
        let there = if version == AlignedVersion::Original { pair.patched } else { pair.original };
        let keeps = guaranteed(other.section(there.section), there.start) >= wanted;
        !pair.equal || keeps || is_asked_for(side, range.section, unit, wanted)
    })
}

/// Whether `unit` stands behind room that nothing fills and that a smaller alignment would not leave.
fn is_asked_for(side: &ProofSide<'_>, section: SectionId, unit: &ClaimedUnit, wanted: u64) -> bool {
    let end = side.reach_before(section, unit.start);
    let room = ByteRange { section, start: end, end: unit.start };
    let smaller = wanted / 2;
    side.object.files.len() < 2
        && end > 0
        && smaller > 0
        && end.checked_next_multiple_of(smaller).is_some_and(|at| at < unit.start)
        && side.bytes(room).is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
        && align::relocs(side, room).next().is_none()
}

/// Whether an object of this size can want an alignment by itself: others have it because they are large.
fn wants(range: ByteRange, align: u64) -> bool {
    align >= 4096 || align <= 16 && range.len().is_multiple_of(align) && range.len() > 0
}
