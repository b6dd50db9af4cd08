//! Compares stretches of data.

use crate::elf::RelocKind;

use super::align;
use super::correspond::{self, Sink};
use super::difference::{Difference, DifferenceKind};
use super::exclusions::{DYNDBG_ENTRIES, DYNDBG_LINE, DYNDBG_NAMES, DYNDBG_WORD};
use super::sections::SectionPurpose;
use super::side::{ByteRange, ProofSide};
use super::target::{self, MemoryUse, Target};
use super::world::World;

/// How a distance in data is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Distance {
    /// From its own place.
    FromItself,
    /// From the start of the table that it is in.
    FromTable,
}

/// Two stretches of data of one length.
#[derive(Clone, Copy)]
pub(super) struct DataPair {
    pub(super) original: ByteRange,
    pub(super) patched: ByteRange,
    /// Where the objects begin that these are parts of.
    pub(super) starts: (u64, u64),
}

impl DataPair {
    /// Whether bytes and references are the same. Offsets of differences count from `start` of the patched object.
    pub(super) fn compare<'a>(
        &self,
        world: &World<'a>,
        sink: &mut Sink<'a>,
    ) -> Result<(), Difference> {
        self.compare_bytes(world, sink)?;
        self.compare_names(world)?;
        let [a, b] = &world.sides;
        let readings: &[Distance] = if is_table_of_places(a, self.original, self.starts.0)
            && is_table_of_places(b, self.patched, self.starts.1)
        {
            &[Distance::FromTable, Distance::FromItself]
        } else {
            &[Distance::FromItself]
        };
        let mut first = None;
        for reading in readings {
            let mut found = Sink::default();
            match self.compare_references(world, *reading, &mut found) {
                Ok(()) => {
                    sink.edges.append(&mut found.edges);
                    sink.renames.append(&mut found.renames);
                    sink.shared.append(&mut found.shared);
                    found.rules.into_keys().for_each(|rule| sink.count(rule));
                    return Ok(());
                }
                // In a table of code, the second reading is what can be said of it.
                Err(difference) => first = Some(difference),
            }
        }
        first.map_or(Ok(()), Err)
    }

    fn offset(&self, patched: u64) -> u64 {
        patched.saturating_sub(self.starts.1)
    }

    fn compare_references<'a>(
        &self,
        world: &World<'a>,
        reading: Distance,
        sink: &mut Sink<'a>,
    ) -> Result<(), Difference> {
        let [a, b] = &world.sides;
        let mut theirs = align::relocs(b, self.patched);
        for one in align::relocs(a, self.original) {
            // There are as many: `compare_bytes` has counted them.
            let Some(other) = theirs.next() else { break };
            let offset = self.offset(other.offset);
            let is_like = one.kind == other.kind
                && one.offset.saturating_sub(self.original.start)
                    == other.offset.saturating_sub(self.patched.start);
            if !is_like {
                return Err(Difference::new(
                    DifferenceKind::Content,
                    offset,
                    "other fields are relocated",
                ));
            }
            if self.in_dyndbg(world, other.offset).is_some_and(|at| at < DYNDBG_NAMES) {
                sink.count("line-number");
                continue;
            }
            if world.keys.mean_one(&one, &other) {
                continue;
            }
            let bias = |at: u64, start: u64| match reading {
                Distance::FromTable if one.kind.is_relative() => {
                    start.cast_signed().wrapping_sub(at.cast_signed())
                }
                _ => 0,
            };
            let was = target::of(a.object, &one, bias(one.offset, self.starts.0));
            let is = target::of(b.object, &other, bias(other.offset, self.starts.1));
            correspond::correspond(world, &was, &is, MemoryUse::Address, offset, sink)
                .map_err(|text| Difference::new(DifferenceKind::Target, offset, text))?;
        }
        Ok(())
    }

    /// Compares what relocations do not write.
    fn compare_bytes<'a>(&self, world: &World<'a>, sink: &mut Sink<'a>) -> Result<(), Difference> {
        let [a, b] = &world.sides;
        let fail = |at: u64, text: &str| {
            let at = self.offset(self.patched.start.saturating_add(at));
            Err(Difference::new(DifferenceKind::Content, at, text))
        };
        let is_empty =
            |side: &ProofSide<'_>, range: ByteRange| side.section(range.section).data.is_empty();
        let count = |side, range| align::relocs(side, range).count();
        if count(a, self.original) != count(b, self.patched) {
            return fail(0, "another number of fields is relocated");
        }
        if is_empty(a, self.original) && is_empty(b, self.patched) {
            return Ok(());
        }
        let (Some(ours), Some(theirs)) = (a.bytes(self.original), b.bytes(self.patched)) else {
            return fail(0, "it reaches out of its section");
        };
        let mut from = 0;
        let fields = align::relocs(a, self.original).map(|reloc| {
            let at = reloc.offset.saturating_sub(self.original.start);
            (at, at.saturating_add(reloc.kind.width()))
        });
        let end = self.original.len();
        for (at, behind) in fields.chain([(end, end)]) {
            let (Ok(start), Ok(stop)) = (usize::try_from(from), usize::try_from(at)) else {
                return fail(from, "it is larger than memory");
            };
            // Fields that share bytes leave none between them.
            let bytes = ours.get(start..stop).zip(theirs.get(start..stop));
            if let Some((ours, theirs)) = bytes.filter(|(ours, theirs)| ours != theirs) {
                let bytes = (from..).zip(ours.iter().zip(theirs));
                for (at, _) in bytes.filter(|(_, (a, b))| a != b) {
                    match self.line_at(world, at) {
                        Some(rule) => sink.count(rule),
                        None => return fail(at, "other bytes"),
                    }
                }
            }
            from = from.max(behind);
        }
        Ok(())
    }

    /// Where a place of the patched object is in a descriptor of a debug message, if it is in one.
    fn in_dyndbg(&self, world: &World<'_>, at: u64) -> Option<u64> {
        let [a, b] = &world.sides;
        let is_dyndbg = |side: &ProofSide<'_>, range: ByteRange| {
            side.section(range.section).name == b"__dyndbg"
        };
        if !is_dyndbg(a, self.original) || !is_dyndbg(b, self.patched) {
            return None;
        }
        let fits = |size: &u64| self.patched.len().is_multiple_of(*size) && self.patched.len() > 0;
        let size = DYNDBG_ENTRIES.into_iter().find(fits)?;
        Some(self.offset(at) % size)
    }

    /// What `resolve_btfids` writes into a list of types follows from names in it.
    fn compare_names(&self, world: &World<'_>) -> Result<(), Difference> {
        let [a, b] = &world.sides;
        if b.section(self.patched.section).name != b".BTF_ids" {
            return Ok(());
        }
        let names = |side: &ProofSide<'_>, range: ByteRange| -> Vec<(u64, Vec<u8>)> {
            let symbols = side.symbols(range.section, range.start, range.end);
            let ids = symbols.filter(|(_, it)| it.name.starts_with(b"__BTF_ID__"));
            let name = |name: &[u8]| {
                let end = name.iter().rposition(|byte| !byte.is_ascii_digit()).unwrap_or(0);
                name.get(..=end).unwrap_or_default().to_vec()
            };
            ids.map(|(_, it)| (it.value.saturating_sub(range.start), name(it.name))).collect()
        };
        if names(a, self.original) == names(b, self.patched) {
            return Ok(());
        }
        Err(Difference::new(
            DifferenceKind::Content,
            self.offset(self.patched.start),
            "other types",
        ))
    }

    /// The rule that says that the byte at `at` is a line of the source only.
    fn line_at(&self, world: &World<'_>, at: u64) -> Option<&'static str> {
        let [a, b] = &world.sides;
        if self.in_dyndbg(world, self.patched.start).is_some() {
            let field = at.checked_sub(at % 4)?;
            let in_entry = self.in_dyndbg(world, self.patched.start.checked_add(field)?)?;
            let read = |side: &ProofSide<'_>, range: ByteRange| {
                let bytes =
                    side.section(range.section).bytes(range.start.checked_add(field)?, 4)?;
                Some(u32::from_le_bytes(*bytes.first_chunk()?) & !DYNDBG_LINE)
            };
            let same = read(a, self.original)? == read(b, self.patched)?;
            return (in_entry == DYNDBG_WORD && same).then_some("line-number");
        }
        let is_location = is_location(a, self.original) && is_location(b, self.patched);
        (is_location && at >= 16).then_some("panic-location")
    }
}

/// Whether all of `range` is distances of places of one function from the start of the table.
fn is_table_of_places(side: &ProofSide<'_>, range: ByteRange, start: u64) -> bool {
    let mut owner = None;
    let mut next = range.start;
    for reloc in align::relocs(side, range) {
        if reloc.kind != RelocKind::Relative32 || reloc.offset != next {
            return false;
        }
        next = next.saturating_add(4);
        let bias = start.cast_signed().wrapping_sub(reloc.offset.cast_signed());
        let Target::Place { section, offset, .. } = target::of(side.object, &reloc, bias) else {
            return false;
        };
        let Ok(at) = u64::try_from(offset) else { return false };
        let unit = side.units_at(section, at).first().map(|unit| (section, unit.start));
        let symbol = || side.sized_symbol(section, at).map(|symbol| (section, symbol.value));
        let of = unit.or_else(symbol);
        if !side.is_code(section) || of.is_none() {
            return false;
        }
        // A cold part is a function of its own.
        if owner.is_some() && owner != of && unit.is_some() {
            return false;
        }
        owner = if unit.is_some() { of } else { owner };
    }
    next >= range.end && next > range.start
}

/// Whether `range` is a `core::panic::Location` of Rust: the text of a file name, its length, line and column.
fn is_location(side: &ProofSide<'_>, range: ByteRange) -> bool {
    let name = || {
        let mut relocs = align::relocs(side, range);
        let first = relocs.next().filter(|it| it.kind == RelocKind::Abs64)?;
        if relocs.next().is_some() || first.offset != range.start || range.len() != 24 {
            return None;
        }
        if !side.units_at(range.section, range.start).is_empty()
            || side.meaning(range.section).class != SectionPurpose::Constant
        {
            return None;
        }
        let Target::Place { section, offset, .. } = target::of(side.object, &first, 0) else {
            return None;
        };
        let bytes =
            side.bytes(ByteRange { start: range.start + 8, end: range.start + 16, ..range })?;
        let len = u64::from_le_bytes(*bytes.first_chunk()?);
        let text = side.section(section).bytes(u64::try_from(offset).ok()?, len)?;
        text.ends_with(b".rs").then_some(())
    };
    name().is_some()
}
