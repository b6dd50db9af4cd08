//! One of the two objects, indexed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::elf::{Definition, ElfObject, Place, Section, SectionId, Symbol, SymbolId, SymbolKind};
use crate::ids::List;
use crate::places::PlaceIndex;
use crate::slices::SliceParts as _;

use super::sections::{self, SectionMeaning, SectionPurpose};
use super::sorted::Sorted;
use super::table::TableKind;
use super::tables::{self, EntryId, ProvedEntry};
use super::target::{self, Target};
use super::{PairId, held, listing, names};

/// Bytes of one section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct ByteRange {
    pub(super) section: SectionId,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl ByteRange {
    pub(super) fn contains(&self, section: SectionId, offset: u64) -> bool {
        self.section == section && (self.start..self.end).contains(&offset)
    }

    pub(super) fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// Whose a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Owner {
    /// This claim.
    Pair(PairId),
    /// Nothing of the other object.
    Lone,
}

/// A claimed function or data object.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClaimedUnit {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) owner: Owner,
}

/// The units of one section by their start, with how far those up to each reach.
#[derive(Debug, Default)]
struct ClaimedUnits {
    sorted: Vec<ClaimedUnit>,
    reach: Vec<u64>,
    places: PlaceIndex,
}

impl ClaimedUnits {
    /// How many start in front of `offset`.
    fn below(&self, offset: u64) -> usize {
        self.places.below(offset, |index| self.sorted.get(index).map_or(u64::MAX, |it| it.start))
    }

    /// How many start at or in front of `offset`.
    fn up_to(&self, offset: u64) -> usize {
        offset.checked_add(1).map_or(self.sorted.len(), |next| self.below(next))
    }
}

/// At most so many units are looked through for one that contains a place: they overlap in assembly only.
const OVERLAPS: usize = 32;

/// One object.
pub(super) struct ProofSide<'a> {
    pub(super) object: &'a ElfObject<'a>,
    pub(super) meanings: List<SectionId, SectionMeaning<'a>>,
    /// Of each section, its named symbols by value.
    symbols: List<SectionId, Sorted<SymbolId>>,
    units: List<SectionId, ClaimedUnits>,
    /// In the order of the tables.
    pub(super) entries: List<EntryId, ProvedEntry<'a>>,
    /// Of each section, which of them describe code of it.
    by_code: List<SectionId, Sorted<EntryId>>,
    pub(super) unread_tables: Vec<SectionId>,
    pub(super) tables: BTreeSet<TableKind>,
    /// Places of code that tables name whose entries have no known layout.
    listed: Vec<Place>,
    /// Places of code that other code gets hold of.
    held: Vec<Place>,
    /// What an index of messages refers to, and nothing else.
    indexed: BTreeSet<Place>,
    /// Something stands in front of functions that belongs to them.
    pub(super) has_prefixes: bool,
}

impl<'a> ProofSide<'a> {
    pub(super) fn new(object: &'a ElfObject<'a>) -> Self {
        let mut meanings: List<_, _> = object.sections.iter().map(sections::meaning).collect();
        listing::find(object, &mut meanings);
        let mut symbols: List<SectionId, Vec<_>> = object.sections.alongside();
        for (symbol, id) in object.symbols.with_ids() {
            if let Definition::Section(section) = symbol.place
                && !matches!(symbol.kind, SymbolKind::Section | SymbolKind::File)
                && !symbol.name.is_empty()
            {
                symbols[section].push((symbol.value, id));
            }
        }
        let symbols = symbols.iter().map(|list| Sorted::of(list)).collect();
        let (entries, unread_tables) = tables::read(object, &meanings);
        let mut by_code: List<SectionId, Vec<_>> = object.sections.alongside();
        for (entry, id) in entries.with_ids() {
            by_code[entry.section].push((entry.offset, id));
        }
        let by_code = by_code.iter().map(|list| Sorted::of(list)).collect();
        let table = |meaning: &SectionMeaning| match meaning.class {
            SectionPurpose::OfCode(table) => Some(table),
            _ => None,
        };
        let tables = meanings.iter().filter_map(table).collect();
        let units = object.sections.alongside();
        let (mut listed, mut indexed) = (Vec::new(), BTreeSet::new());
        for (section, meaning) in object.sections.iter().zip(&meanings) {
            let is_index = meaning.class == SectionPurpose::LeftOut("printk-index");
            let is_table = matches!(
                meaning.class,
                SectionPurpose::Table | SectionPurpose::OfCode(TableKind::Places)
            );
            if !is_table && !is_index {
                continue;
            }
            for reloc in section.relocs.iter() {
                if let Target::Place { section, offset, .. } = target::of(object, &reloc, 0)
                    && let Ok(at) = u64::try_from(offset)
                {
                    let is_code = object.section(section).is_code();
                    if is_index {
                        indexed.insert(section.at(at));
                    } else if is_code {
                        listed.push(section.at(at));
                    }
                }
            }
        }
        listed.sort_unstable();
        listed.dedup();
        let has_prefixes = entries.iter().any(|entry| entry.table == TableKind::Patchable)
            || object.symbols.iter().any(|symbol| names::is_prefix(symbol.name));
        Self {
            object,
            meanings,
            symbols,
            units,
            entries,
            by_code,
            unread_tables,
            tables,
            listed,
            held: held::places(object),
            indexed,
            has_prefixes,
        }
    }

    /// Takes more places that somebody has the address of.
    pub(super) fn hold(&mut self, places: Vec<Place>) {
        self.held.extend(places);
        self.held.sort_unstable();
    }

    pub(super) fn set_units(&mut self, units: impl Iterator<Item = (SectionId, ClaimedUnit)>) {
        self.units = self.object.sections.alongside();
        for (section, unit) in units {
            self.units[section].sorted.push(unit);
        }
        for of_section in &mut self.units {
            of_section.sorted.sort_by_key(|unit| (unit.start, unit.end, unit.owner));
            let mut reach = 0;
            for unit in &of_section.sorted {
                reach = unit.end.max(reach);
                of_section.reach.push(reach);
            }
            of_section.places = PlaceIndex::of(of_section.sorted.iter().map(|unit| unit.start));
        }
    }

    pub(super) fn section(&self, id: SectionId) -> &'a Section<'a> {
        self.object.section(id)
    }

    pub(super) fn meaning(&self, section: SectionId) -> SectionMeaning<'a> {
        self.meanings[section]
    }

    pub(super) fn size(&self, section: SectionId) -> u64 {
        self.section(section).size
    }

    pub(super) fn is_code(&self, section: SectionId) -> bool {
        self.meaning(section).class == SectionPurpose::Code
    }

    /// All units of a section by their start.
    pub(super) fn units(&self, section: SectionId) -> &[ClaimedUnit] {
        &self.units[section].sorted
    }

    /// All units that the other object does not have.
    pub(super) fn lone(&self) -> impl Iterator<Item = ByteRange> + '_ {
        self.units.with_ids().flat_map(|(of_section, section)| {
            let lone = of_section.sorted.iter().filter(|unit| unit.owner == Owner::Lone);
            lone.map(move |unit| ByteRange { section, start: unit.start, end: unit.end })
        })
    }

    /// The units that start at a place, else the innermost one around it.
    pub(super) fn units_at(&self, section: SectionId, offset: u64) -> SmallVec<[ClaimedUnit; 2]> {
        let mut found = SmallVec::new();
        let of_section = &self.units[section];
        let before = of_section.sorted.ending(of_section.up_to(offset));
        let starts = before.iter().rev().take_while(|unit| unit.start == offset);
        found.extend(starts.take(OVERLAPS).copied());
        if !found.is_empty() {
            return found;
        }
        for (unit, reach) in before.iter().zip(&of_section.reach).rev().take(OVERLAPS) {
            if unit.end > offset {
                found.push(*unit);
                break;
            }
            if *reach <= offset {
                break;
            }
        }
        found
    }

    /// Whether the first unit of the section starts where `range` does.
    pub(super) fn is_first_unit(&self, range: ByteRange) -> bool {
        self.units(range.section).first().is_some_and(|unit| unit.start == range.start)
    }

    /// The unit that ends at a place.
    pub(super) fn unit_before(&self, section: SectionId, offset: u64) -> Option<ClaimedUnit> {
        let of_section = &self.units[section];
        let before = of_section.sorted.get(..of_section.below(offset))?.iter().rev().take(OVERLAPS);
        before.copied().find(|unit| unit.end == offset)
    }

    /// The units next to a place: the last two that start before it and the first two that start behind.
    pub(super) fn units_near(
        &self,
        section: SectionId,
        offset: i64,
    ) -> impl Iterator<Item = &ClaimedUnit> {
        let units = self.units(section);
        let behind = units.partition_point(|unit| unit.start.cast_signed() <= offset);
        let from = behind.saturating_sub(2);
        units.between(from, units.len().min(behind.saturating_add(2))).iter()
    }

    /// The symbols of a section with `start <= value < end`.
    pub(super) fn symbols(
        &self,
        section: SectionId,
        start: u64,
        end: u64,
    ) -> impl Iterator<Item = (SymbolId, &'a Symbol<'a>)> + '_ {
        let symbols = self.symbols[section].within(start, end).iter();
        symbols.map(|id| (*id, self.object.symbol(*id)))
    }

    /// Where the next symbol that is not the assembler's own stands behind `offset`, or the section ends.
    pub(super) fn next_symbol(&self, section: SectionId, offset: u64) -> u64 {
        let behind = self.symbols[section].behind(offset).iter();
        let mut behind = behind.map(|id| self.object.symbol(*id));
        let next = behind.find(|symbol| !names::is_temporary(symbol.name));
        next.map_or(u64::MAX, |symbol| symbol.value).min(self.size(section))
    }

    /// The last symbol at or in front of a place that is not the assembler's own.
    pub(super) fn label_before(&self, section: SectionId, at: u64) -> Option<&'a Symbol<'a>> {
        let before = self.symbols[section].up_to(at).iter().rev().take(OVERLAPS);
        let mut before = before.map(|id| self.object.symbol(*id));
        before.find(|symbol| !names::is_temporary(symbol.name))
    }

    /// Whether a table names this place of code.
    pub(super) fn is_listed(&self, section: SectionId, at: u64) -> bool {
        self.listed.binary_search(&section.at(at)).is_ok()
    }

    /// The places of a stretch of code that tables name.
    pub(super) fn listed(&self, range: ByteRange) -> impl Iterator<Item = u64> + '_ {
        let from = self.listed.partition_point(|it| *it < range.section.at(range.start));
        let rest = self.listed.starting(from).iter();
        rest.take_while(move |it| range.contains(it.section, it.offset)).map(|it| it.offset)
    }

    /// Whether only an index of messages refers to this object.
    pub(super) fn is_indexed(&self, section: SectionId, at: u64) -> bool {
        self.indexed.contains(&section.at(at))
            && self.symbols(section, at, at.saturating_add(1)).any(|(_, symbol)| {
                let base = names::base(symbol.name);
                &*base == b"_entry" || base.ends_with(b"._entry")
            })
    }

    /// All that only an index of messages refers to.
    pub(super) fn indexed(&self) -> impl Iterator<Item = ByteRange> + '_ {
        let named = self.indexed.iter().filter(|it| self.is_indexed(it.section, it.offset));
        named.filter_map(|it| {
            let symbol = self.sized_symbol(it.section, it.offset)?;
            let end = symbol.end();
            Some(ByteRange { section: it.section, start: symbol.value, end })
        })
    }

    /// How far the units reach that start in front of a place.
    pub(super) fn reach_before(&self, section: SectionId, at: u64) -> u64 {
        let of_section = &self.units[section];
        let behind = of_section.below(at);
        behind.checked_sub(1).and_then(|last| of_section.reach.get(last)).copied().unwrap_or(0)
    }

    /// The symbol with a size around a place.
    pub(super) fn sized_symbol(&self, section: SectionId, offset: u64) -> Option<&'a Symbol<'a>> {
        let before = self.symbols[section].up_to(offset).iter().rev().take(OVERLAPS);
        let around = before.map(|id| self.object.symbol(*id));
        around
            .filter(|symbol| symbol.end() > offset)
            .min_by_key(|symbol| (symbol.value.abs_diff(offset), std::cmp::Reverse(symbol.size)))
    }

    /// The entries that describe code in a range, by place and then in the order of their tables.
    pub(super) fn entries_in(
        &self,
        range: ByteRange,
    ) -> impl Iterator<Item = (EntryId, &ProvedEntry<'a>)> {
        let entries = self.by_code[range.section].within(range.start, range.end).iter();
        entries.map(|id| (*id, &self.entries[*id]))
    }

    /// Whether what is named at the start of a range is data, wherever it is.
    pub(super) fn is_object(&self, range: ByteRange) -> bool {
        let symbols = self.symbols(range.section, range.start, range.start.saturating_add(1));
        let kinds: Vec<SymbolKind> = symbols.map(|(_, symbol)| symbol.kind).collect();
        kinds.contains(&SymbolKind::Object) && !kinds.contains(&SymbolKind::Function)
    }

    /// Places from the start of a range on, short of its end, that other code gets hold of.
    pub(super) fn held(&self, range: ByteRange) -> impl Iterator<Item = u64> {
        let from = self.held.partition_point(|place| *place < range.section.at(range.start));
        let rest = self.held.starting(from).iter();
        rest.take_while(move |it| range.contains(it.section, it.offset)).map(|it| it.offset)
    }

    /// The entry that begins at a place of a table.
    pub(super) fn entry_at(&self, section: SectionId, offset: u64) -> Option<EntryId> {
        let entries = self.entries.as_slice();
        let found = entries.binary_search_by_key(&section.at(offset), |entry| entry.at).ok()?;
        self.entries.checked(found)
    }

    /// The bytes of a range; those that the file does not hold are zero.
    pub(super) fn bytes(&self, range: ByteRange) -> Option<Cow<'a, [u8]>> {
        let section = self.section(range.section);
        if range.start > range.end || range.end > section.size {
            return None;
        }
        if section.data.is_empty() {
            return Some(Cow::Owned(vec![0; usize::try_from(range.len()).ok()?]));
        }
        section.bytes(range.start, range.len()).map(Cow::Borrowed)
    }

    /// A place for people.
    pub(super) fn describe(&self, section: SectionId, offset: i64) -> String {
        let of = self.section(section);
        let plus = |name: Cow<'_, str>, distance: i64| match distance {
            0 => name.into_owned(),
            1.. => format!("{name}+{distance:#x}"),
            _ => format!("{name}-{:#x}", distance.unsigned_abs()),
        };
        let at = u64::try_from(offset).ok();
        let symbol = at.and_then(|at| {
            let exact = self.symbols(section, at, at.saturating_add(1)).next();
            exact.map(|(_, symbol)| symbol).or_else(|| self.sized_symbol(section, at))
        });
        symbol.map_or_else(
            || plus(of.name_lossy(), offset),
            |it| plus(it.name_lossy(), offset.wrapping_sub(it.value.cast_signed())),
        )
    }
}
