//! One of the two objects, indexed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::elf::{ElfObject, Place, Section, Symbol, SymbolKind};
use crate::places::Places;
use crate::slices::Parts as _;

use super::held;
use super::listing;
use super::names;
use super::sections::{self, Class, Meaning};
use super::sorted::Sorted;
use super::table::Table;
use super::tables::{self, Entry};
use super::target::{self, Target};

/// Bytes of one section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Range {
    pub(super) section: u32,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Range {
    pub(super) fn contains(&self, section: u32, offset: u64) -> bool {
        self.section == section && (self.start..self.end).contains(&offset)
    }

    pub(super) fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// Whose a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The claim of this number.
    Pair(u32),
    /// Nothing of the other object.
    Lone,
}

/// A claimed function or data object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) owner: Owner,
}

/// The units of one section by their start, with how far those up to each reach.
#[derive(Debug, Default)]
struct Units {
    sorted: Vec<Unit>,
    reach: Vec<u64>,
    places: Places,
}

impl Units {
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
pub(super) struct Side<'a> {
    pub(super) object: &'a ElfObject<'a>,
    pub(super) meanings: Vec<Meaning<'a>>,
    /// Of each section, its named symbols by value.
    symbols: Vec<Sorted>,
    units: Vec<Units>,
    /// In the order of the tables.
    pub(super) entries: Vec<Entry<'a>>,
    /// Of each section, which of them describe code of it.
    by_code: Vec<Sorted>,
    pub(super) unread_tables: Vec<u32>,
    pub(super) tables: BTreeSet<Table>,
    /// Places of code that tables name whose entries have no known layout.
    listed: Vec<(u32, u64)>,
    /// Places of code that other code gets hold of.
    held: Vec<(u32, u64)>,
    /// What an index of messages refers to, and nothing else.
    indexed: BTreeSet<(u32, u64)>,
    /// Something stands in front of functions that belongs to them.
    pub(super) has_prefixes: bool,
}

impl<'a> Side<'a> {
    pub(super) fn new(object: &'a ElfObject<'a>) -> Self {
        let mut meanings: Vec<_> = object.sections.iter().map(sections::meaning).collect();
        listing::find(object, &mut meanings);
        let mut symbols = vec![Vec::new(); object.sections.len()];
        for (number, symbol) in (0u32..).zip(&object.symbols) {
            if let Place::Section(section) = symbol.place
                && !matches!(symbol.kind, SymbolKind::Section | SymbolKind::File)
                && !symbol.name.is_empty()
                && let Some(list) = symbols.get_mut(section as usize)
            {
                list.push((symbol.value, number));
            }
        }
        let symbols = symbols.into_iter().map(Sorted::of).collect();
        let (entries, unread_tables) = tables::read(object, &meanings);
        let mut by_code = vec![Vec::new(); object.sections.len()];
        for (number, entry) in (0u32..).zip(&entries) {
            if let Some(list) = by_code.get_mut(entry.section as usize) {
                list.push((entry.offset, number));
            }
        }
        let by_code = by_code.into_iter().map(Sorted::of).collect();
        let tables = meanings.iter().filter_map(|meaning| match meaning.class {
            Class::OfCode(table) => Some(table),
            _ => None,
        });
        let tables = tables.collect();
        let units = Vec::new();
        let (mut listed, mut indexed) = (Vec::new(), BTreeSet::new());
        for (section, meaning) in object.sections.iter().zip(&meanings) {
            let is_index = meaning.class == Class::LeftOut("printk-index");
            let is_table = matches!(meaning.class, Class::Table | Class::OfCode(Table::Places));
            if !is_table && !is_index {
                continue;
            }
            for reloc in section.relocs.iter() {
                if let Target::Place { section, offset, .. } = target::of(object, &reloc, 0)
                    && let Ok(at) = u64::try_from(offset)
                {
                    let is_code = object.section(section).is_some_and(Section::is_code);
                    if is_index {
                        indexed.insert((section, at));
                    } else if is_code {
                        listed.push((section, at));
                    }
                }
            }
        }
        listed.sort_unstable();
        listed.dedup();
        let has_prefixes = entries.iter().any(|entry| entry.table == Table::Patchable)
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

    pub(super) fn set_units(&mut self, units: impl Iterator<Item = (u32, Unit)>) {
        self.units.clear();
        self.units.resize_with(self.object.sections.len(), Units::default);
        for (section, unit) in units {
            if let Some(of_section) = self.units.get_mut(section as usize) {
                of_section.sorted.push(unit);
            }
        }
        for of_section in &mut self.units {
            of_section.sorted.sort_by_key(|unit| (unit.start, unit.end, unit.owner));
            let mut reach = 0;
            for unit in &of_section.sorted {
                reach = unit.end.max(reach);
                of_section.reach.push(reach);
            }
            of_section.places = Places::of(of_section.sorted.iter().map(|unit| unit.start));
        }
    }

    pub(super) fn section(&self, number: u32) -> Option<&'a Section<'a>> {
        self.object.section(number)
    }

    pub(super) fn meaning(&self, section: u32) -> Meaning<'a> {
        let none = Meaning { class: Class::LeftOut("not-loaded"), name: b"" };
        self.meanings.get(section as usize).copied().unwrap_or(none)
    }

    pub(super) fn size(&self, section: u32) -> u64 {
        self.section(section).map_or(0, |section| section.size)
    }

    pub(super) fn is_code(&self, section: u32) -> bool {
        self.meaning(section).class == Class::Code
    }

    /// All units of a section by their start.
    pub(super) fn units(&self, section: u32) -> &[Unit] {
        self.units.get(section as usize).map_or(&[], |it| it.sorted.as_slice())
    }

    /// All units that the other object does not have.
    pub(super) fn lone(&self) -> impl Iterator<Item = Range> + '_ {
        (0u32..).zip(&self.units).flat_map(|(section, of_section)| {
            let lone = of_section.sorted.iter().filter(|unit| unit.owner == Owner::Lone);
            lone.map(move |unit| Range { section, start: unit.start, end: unit.end })
        })
    }

    /// The units that start at a place, else the innermost one around it.
    pub(super) fn units_at(&self, section: u32, offset: u64) -> SmallVec<[Unit; 2]> {
        let mut found = SmallVec::new();
        let Some(of_section) = self.units.get(section as usize) else { return found };
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
    pub(super) fn is_first_unit(&self, range: Range) -> bool {
        self.units(range.section).first().is_some_and(|unit| unit.start == range.start)
    }

    /// The unit that ends at a place.
    pub(super) fn unit_before(&self, section: u32, offset: u64) -> Option<Unit> {
        let of_section = self.units.get(section as usize)?;
        let before = of_section.sorted.get(..of_section.below(offset))?.iter().rev().take(OVERLAPS);
        before.copied().find(|unit| unit.end == offset)
    }

    /// The units next to a place: the last two that start before it and the first two that start behind.
    pub(super) fn units_near(&self, section: u32, offset: i64) -> impl Iterator<Item = &Unit> {
        let units = self.units(section);
        let behind = units.partition_point(|unit| unit.start.cast_signed() <= offset);
        let from = behind.saturating_sub(2);
        units.between(from, units.len().min(behind.saturating_add(2))).iter()
    }

    /// The symbols of a section with `start <= value < end`.
    pub(super) fn symbols(
        &self,
        section: u32,
        start: u64,
        end: u64,
    ) -> impl Iterator<Item = (u32, &'a Symbol<'a>)> + '_ {
        let list = self.symbols.get(section as usize).map(|list| list.within(start, end));
        let numbers = list.unwrap_or_default().iter();
        numbers.filter_map(|number| Some((*number, self.object.symbol(*number)?)))
    }

    /// Where the next symbol that is not the assembler's own stands behind `offset`, or the section ends.
    pub(super) fn next_symbol(&self, section: u32, offset: u64) -> u64 {
        let behind = self.symbols.get(section as usize).map(|list| list.behind(offset));
        let mut behind = behind.unwrap_or_default().iter().filter_map(|it| self.object.symbol(*it));
        let next = behind.find(|symbol| !names::is_temporary(symbol.name));
        next.map_or(u64::MAX, |symbol| symbol.value).min(self.size(section))
    }

    /// The last symbol at or in front of a place that is not the assembler's own.
    pub(super) fn label_before(&self, section: u32, at: u64) -> Option<&'a Symbol<'a>> {
        let before = self.symbols.get(section as usize)?.up_to(at).iter().rev().take(OVERLAPS);
        let mut before = before.filter_map(|number| self.object.symbol(*number));
        before.find(|symbol| !names::is_temporary(symbol.name))
    }

    /// Whether a table names this place of code.
    pub(super) fn is_listed(&self, section: u32, at: u64) -> bool {
        self.listed.binary_search(&(section, at)).is_ok()
    }

    /// The places of a stretch of code that tables name.
    pub(super) fn listed(&self, range: Range) -> impl Iterator<Item = u64> + '_ {
        let from = self.listed.partition_point(|it| *it < (range.section, range.start));
        let rest = self.listed.starting(from).iter();
        rest.take_while(move |it| range.contains(it.0, it.1)).map(|(_, at)| *at)
    }

    /// Whether only an index of messages refers to this object.
    pub(super) fn is_indexed(&self, section: u32, at: u64) -> bool {
        self.indexed.contains(&(section, at))
            && self.symbols(section, at, at.saturating_add(1)).any(|(_, symbol)| {
                let base = names::base(symbol.name);
                &*base == b"_entry" || base.ends_with(b"._entry")
            })
    }

    /// All that only an index of messages refers to.
    pub(super) fn indexed(&self) -> impl Iterator<Item = Range> + '_ {
        let named = self.indexed.iter().filter(|(section, at)| self.is_indexed(*section, *at));
        named.filter_map(|(section, at)| {
            let symbol = self.sized_symbol(*section, *at)?;
            let end = symbol.end();
            Some(Range { section: *section, start: symbol.value, end })
        })
    }

    /// How far the units reach that start in front of a place.
    pub(super) fn reach_before(&self, section: u32, at: u64) -> u64 {
        let Some(of_section) = self.units.get(section as usize) else { return 0 };
        let behind = of_section.below(at);
        behind.checked_sub(1).and_then(|last| of_section.reach.get(last)).copied().unwrap_or(0)
    }

    /// The symbol with a size around a place.
    pub(super) fn sized_symbol(&self, section: u32, offset: u64) -> Option<&'a Symbol<'a>> {
        let before = self.symbols.get(section as usize)?.up_to(offset).iter().rev().take(OVERLAPS);
        let around = before.filter_map(|number| self.object.symbol(*number));
        around
            .filter(|symbol| symbol.end() > offset)
            .min_by_key(|symbol| (symbol.value.abs_diff(offset), std::cmp::Reverse(symbol.size)))
    }

    /// The entries that describe code in a range, by place and then in the order of their tables.
    pub(super) fn entries_in(&self, range: Range) -> impl Iterator<Item = (u32, &Entry<'a>)> {
        let list = self.by_code.get(range.section as usize);
        let numbers = list.map(|list| list.within(range.start, range.end)).unwrap_or_default();
        numbers.iter().filter_map(|number| Some((*number, self.entries.get(*number as usize)?)))
    }

    /// Whether what is named at the start of a range is data, wherever it is.
    pub(super) fn is_object(&self, range: Range) -> bool {
        let symbols = self.symbols(range.section, range.start, range.start.saturating_add(1));
        let kinds: Vec<SymbolKind> = symbols.map(|(_, symbol)| symbol.kind).collect();
        kinds.contains(&SymbolKind::Object) && !kinds.contains(&SymbolKind::Function)
    }

    /// Places from the start of a range on, short of its end, that other code gets hold of.
    pub(super) fn held(&self, range: Range) -> impl Iterator<Item = u64> {
        let from = self.held.partition_point(|place| *place < (range.section, range.start));
        let rest = self.held.starting(from).iter();
        rest.take_while(move |(of, at)| range.contains(*of, *at)).map(|(_, at)| *at)
    }

    /// The entry that begins at a place of a table.
    pub(super) fn entry_at(&self, section: u32, offset: u64) -> Option<u32> {
        let found = self.entries.binary_search_by_key(&(section, offset), |entry| entry.at).ok()?;
        u32::try_from(found).ok()
    }

    /// The bytes of a range; those that the file does not hold are zero.
    pub(super) fn bytes(&self, range: Range) -> Option<Cow<'a, [u8]>> {
        let section = self.section(range.section)?;
        if range.start > range.end || range.end > section.size {
            return None;
        }
        if section.data.is_empty() {
            return Some(Cow::Owned(vec![0; usize::try_from(range.len()).ok()?]));
        }
        section.bytes(range.start, range.len()).map(Cow::Borrowed)
    }

    /// A place for people.
    pub(super) fn describe(&self, section: u32, offset: i64) -> String {
        let Some(of) = self.section(section) else { return format!("section {section}") };
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
        match symbol {
            Some(symbol) => {
                let distance = offset.wrapping_sub(symbol.value.cast_signed());
                plus(symbol.name_lossy(), distance)
            }
            None => plus(of.name_lossy(), offset),
        }
    }
}
