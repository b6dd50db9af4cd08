//! What has no claim: assumed to be equal as long as it is looked at, so that cycles need no care.

use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::HashMap;

use crate::elf::{Place, RelocKind, SectionId};
use crate::slices::SliceParts as _;

use super::align::{self, Alignment};
use super::aligned::aligned;
use super::code::{self, CodePair};
use super::common_ends::CommonEnds;
use super::content::DataPair;
use super::correspond::{self, Node, Sink};
use super::data;
use super::difference::{Difference, DifferenceKind};
use super::extent::{self, EnteredData, ReferenceExtent};
use super::side::{ByteRange, Owner, ProofSide};
use super::tables::EntryId;
use super::target::{self, MemoryUse, Target};
use super::world::World;

/// Where a place of data of one object is in the other, as references say that mean the same.
pub(super) type Shifts = [HashMap<Place, Place>; 2];

/// What comparing a node gave.
pub(super) struct NodeOutcome<'a> {
    pub(super) result: Result<(), Difference>,
    pub(super) sink: Sink<'a>,
    /// Which instruction is which, of code.
    pub(super) alignment: Option<Alignment>,
    /// What was compared.
    pub(super) covered: [ByteRange; 2],
}

/// What comparing nodes needs.
pub(super) struct Nodes<'w, 'a> {
    pub(super) world: &'w World<'a>,
    pub(super) entered: [EnteredData; 2],
    pub(super) shifts: Shifts,
    /// So many bytes may still be compared: data whose end is not known could be compared again for each reference
    /// into it.
    pub(super) budget: AtomicU64,
    pub(super) common_ends: CommonEnds,
}

impl<'w, 'a> Nodes<'w, 'a> {
    pub(super) fn of(world: &'w World<'a>) -> Self {
        let [a, b] = &world.sides;
        let (original, patched) = rayon::join(|| extent::entered(a), || extent::entered(b));
        let sizes = |side: &ProofSide<'_>| -> u64 {
            side.object.sections.iter().map(|section| section.data.len() as u64).sum()
        };
        let total = sizes(a).saturating_add(sizes(b)).saturating_mul(64);
        Self {
            world,
            entered: [original, patched],
            shifts: Shifts::default(),
            budget: AtomicU64::new(total.saturating_add(1 << 24).min(1 << 60)),
            common_ends: CommonEnds::default(),
        }
    }

    /// Compares one.
    pub(super) fn compare(&self, node: Node) -> NodeOutcome<'a> {
        let mut sink = Sink::default();
        let (mut alignment, mut covered) = (None, [ByteRange::default(); 2]);
        let result = match node {
            Node::Code { original, patched } => {
                covered = [original, patched];
                match self.code(original, patched, &mut sink) {
                    Ok(found) => {
                        alignment = Some(found);
                        Ok(())
                    }
                    Err(difference) => Err(difference),
                }
            }
            Node::Data { original, patched, usage } => {
                self.data(original, patched, usage, &mut covered, &mut sink)
            }
            Node::Entry { original, patched } => self.entry(original, patched, &mut sink),
        };
        NodeOutcome { result, sink, alignment, covered }
    }

    fn spend(&self, bytes: u64) -> Result<(), Difference> {
        let left = self.budget.fetch_sub(bytes.min(1 << 40), Ordering::Relaxed);
        if left >> 62 != 0 || left < bytes {
            self.budget.store(0, Ordering::Relaxed);
            return Err(Difference::new(
                DifferenceKind::Unreadable,
                0,
                "it takes too long to compare",
            ));
        }
        Ok(())
    }

    fn code(
        &self,
        original: ByteRange,
        patched: ByteRange,
        sink: &mut Sink<'a>,
    ) -> Result<Alignment, Difference> {
        let [a, b] = &self.world.sides;
        self.spend(original.len().saturating_add(patched.len()))?;
        if a.bytes(original).is_none() || b.bytes(patched).is_none() {
            return Err(Difference::new(
                DifferenceKind::Unreadable,
                0,
                "code that reaches out of its section",
            ));
        }
        if a.meaning(original.section) != b.meaning(patched.section) {
            return Err(Difference::new(
                DifferenceKind::Section,
                0,
                "code in another kind of section",
            ));
        }
        let alignment = align::align(&self.world.sides, original, patched)?;
        let code = CodePair { world: self.world, original, patched, alignment: &alignment };
        code.compare(sink)?;
        Ok(alignment)
    }

    fn entry(
        &self,
        original: EntryId,
        patched: EntryId,
        sink: &mut Sink<'a>,
    ) -> Result<(), Difference> {
        let [a, b] = &self.world.sides;
        let (one, other) = (&a.entries[original], &b.entries[patched]);
        let place = |section: SectionId, offset: u64| Target::Place {
            section,
            offset: offset.cast_signed(),
            symbol: None,
        };
        let refer = |one: &Target<'a>, other: &Target<'a>, sink: &mut Sink<'a>| {
            correspond::correspond(self.world, one, other, MemoryUse::Address, 0, sink)
        };
        let (from, to) = (place(one.section, one.offset), place(other.section, other.offset));
        refer(&from, &to, sink)
            .map_err(|text| Difference::new(DifferenceKind::Entry(other.table.name()), 0, text))?;
        code::compare_fields(one, other, 0, sink, refer)
    }

    fn data(
        &self,
        original: (SectionId, i64),
        patched: (SectionId, i64),
        usage: MemoryUse,
        covered: &mut [ByteRange; 2],
        sink: &mut Sink<'a>,
    ) -> Result<(), Difference> {
        let [a, b] = &self.world.sides;
        let [a_entered, b_entered] = &self.entered;
        let ours = extent::extent(a, a_entered, original.0, original.1, usage);
        let theirs = extent::extent(b, b_entered, patched.0, patched.1, usage);
        if !ours.known && !theirs.known {
            let (ours, theirs) = self.open(ours.range, theirs.range)?;
            *covered = [ours, theirs];
            return self.content(ours, theirs, sink);
        }
        let distance =
            |extent: &ReferenceExtent, at: i64| at.wrapping_sub(extent.range.start.cast_signed());
        let moved = |extent: &ReferenceExtent, at: i64, like: &ReferenceExtent, of: i64| {
            let start = u64::try_from(at.wrapping_sub(distance(like, of))).ok()?;
            let end = start.checked_add(like.range.len())?;
            Some(ByteRange { start, end, section: extent.range.section })
        };
        let outside = || Difference::new(DifferenceKind::Size, 0, "shorter than it was");
        let (ours, theirs) = match (
            ours.known && !theirs.is_outside || ours.is_outside,
            theirs.known && !ours.is_outside || theirs.is_outside,
        ) {
            (true, false) => {
                let theirs = moved(&theirs, patched.1, &ours, original.1).ok_or_else(outside)?;
                (ours.range, theirs)
            }
            (false, true) => {
                let ours = moved(&ours, original.1, &theirs, patched.1).ok_or_else(outside)?;
                (ours, theirs.range)
            }
            _ => {
                if distance(&ours, original.1) != distance(&theirs, patched.1) {
                    let text = "another place of what has no name";
                    return Err(Difference::new(DifferenceKind::Target, 0, text));
                }
                if ours.range.len() != theirs.range.len() {
                    let (is, was) = (theirs.range.len(), ours.range.len());
                    let text = format!("{is} bytes instead of {was}");
                    return Err(Difference::new(DifferenceKind::Size, 0, text));
                }
                (ours.range, theirs.range)
            }
        };
        *covered = [ours, theirs];
        if !matches!(usage, MemoryUse::Load(_)) {
            let is_merged =
                |side: &ProofSide<'_>, range: ByteRange| side.section(range.section).is_merged();
            if !is_merged(a, ours) && !is_merged(b, theirs) {
                aligned(self.world, ours, theirs)?;
            }
        }
        self.content(ours, theirs, sink)
    }

    fn content(
        &self,
        ours: ByteRange,
        theirs: ByteRange,
        sink: &mut Sink<'a>,
    ) -> Result<(), Difference> {
        data::same_section(self.world, ours, theirs)?;
        let [a, b] = &self.world.sides;
        let spend = |bytes| self.spend(bytes);
        if self.common_ends.are_same([a, b], [ours, theirs], spend)? == Some(true) {
            return Ok(());
        }
        self.spend(ours.len().saturating_add(64))?;
        let starts = (ours.start, theirs.start);
        DataPair { original: ours, patched: theirs, starts }.compare(self.world, sink)
    }

    /// How much of two stretches whose ends are not known is meant.
    fn open(
        &self,
        ours: ByteRange,
        theirs: ByteRange,
    ) -> Result<(ByteRange, ByteRange), Difference> {
        let [a, b] = &self.world.sides;
        let [a_entered, b_entered] = &self.entered;
        let first = (jump_table(a, a_entered, ours), jump_table(b, b_entered, theirs));
        if let (Some(was), Some(is)) = first {
            if was != is {
                let text = format!("a jump table of {is} bytes instead of {was}");
                return Err(Difference::new(DifferenceKind::Size, 0, text));
            }
            let part = |range: ByteRange, len: u64| ByteRange { end: range.start + len, ..range };
            return Ok((part(ours, was), part(theirs, is)));
        }
        let [forth, back] = &self.shifts;
        let ours_end = stop(a_entered, ours, theirs, forth);
        let theirs_end = stop(b_entered, theirs, ours, back);
        let was = ours_end.saturating_sub(ours.start);
        let is = theirs_end.saturating_sub(theirs.start);
        let is_memory = a.section(ours.section).is_writable();
        if is_memory && was != is {
            let text = format!("memory without a name of {is} bytes instead of {was}");
            return Err(Difference::new(DifferenceKind::Size, 0, text));
        }
        let len = was.min(is);
        for (side, range, end) in [(a, ours, ours_end), (b, theirs, theirs_end)] {
            let rest = ByteRange { start: range.start.saturating_add(len), end, ..range };
            self.spend(rest.len())?;
            if !data::is_zero(side, rest) {
                return Err(Difference::new(DifferenceKind::Size, len, "more follows on one side"));
            }
        }
        let part = |range: ByteRange| ByteRange { end: range.start.saturating_add(len), ..range };
        Ok((part(ours), part(theirs)))
    }
}

/// Where an object that begins at the start of `range` ends at most: where another address is taken; or where something
/// is indexed from that is not as far away in the other object, because an object moves as a whole.
fn stop(
    entered: &EnteredData,
    range: ByteRange,
    other: ByteRange,
    shifts: &HashMap<Place, Place>,
) -> u64 {
    let list = &entered[range.section];
    let from = list.partition_point(|(at, _)| *at <= range.start);
    for (at, is_taken) in list.starting(from) {
        if *at >= range.end {
            break;
        }
        let distance = at.saturating_sub(range.start);
        let expected = other.section.at(other.start.saturating_add(distance));
        let moved = shifts.get(&range.section.at(*at)).is_some_and(|is| *is != expected);
        if *is_taken || moved {
            return *at;
        }
    }
    range.end
}

/// The length of the jump table at the start of `range`, if one is there: places of one function.
fn jump_table(side: &ProofSide<'_>, entered: &EnteredData, range: ByteRange) -> Option<u64> {
    let section = side.section(range.section);
    let list = &entered[range.section];
    let first = section.relocs.at(range.start)?;
    let width = first.kind.width();
    if !matches!(first.kind, RelocKind::Abs64 | RelocKind::Relative32 | RelocKind::Abs32Signed) {
        return None;
    }
    let owner_of = |at: u64| -> Option<Option<Owner>> {
        let reloc = section.relocs.at(at).filter(|reloc| reloc.kind == first.kind)?;
        let back = if reloc.kind.is_relative() { at.saturating_sub(range.start) } else { 0 };
        let target = target::of(side.object, &reloc, back.cast_signed().wrapping_neg());
        let Target::Place { section, offset, .. } = target else { return None };
        let place = u64::try_from(offset).ok().filter(|_| side.is_code(section))?;
        Some(side.units_at(section, place).first().map(|unit| unit.owner))
    };
    let of = owner_of(range.start)?;
    let mut end = range.start.checked_add(width)?;
    let is_entry = |at: u64| {
        let starts = list.binary_search_by_key(&at, |(at, _)| *at).is_ok();
        let owner = if at < range.end && !starts { owner_of(at) } else { None };
        owner.is_some_and(|owner| owner.is_none() || of.is_none() || owner == of)
    };
    while is_entry(end) {
        end = end.checked_add(width)?;
    }
    Some(end.saturating_sub(range.start))
}
