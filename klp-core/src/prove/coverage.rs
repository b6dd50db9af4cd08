//! Which bytes nothing has looked at.

use std::collections::HashSet;

use crate::arch::{Arch as _, for_machine};
use crate::elf::{Definition, Place, SectionId};
use crate::ids::List;

use super::PairId;
use super::align;
use super::exclusions::{DYNDBG_ENTRIES, DYNDBG_NAMES};
use super::extent::{self, EnteredData};
use super::sections::{self, SectionMeaning, SectionPurpose};
use super::side::{ByteRange, Owner, ProofSide};
use super::target::{self, MemoryUse, Target};
use super::{data, names, prefix, walk, x86_64};

/// What was compared of one object, or need not be.
pub(super) struct Covered<'s, 'a> {
    side: &'s ProofSide<'a>,
    ranges: List<SectionId, Vec<(u64, u64)>>,
}

/// Something of a section, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionPiece {
    /// A unit of this claim.
    Pair(PairId),
    /// Bytes that nothing has looked at.
    Left(ByteRange),
}

impl<'s, 'a> Covered<'s, 'a> {
    pub(super) fn new(side: &'s ProofSide<'a>) -> Self {
        let mut covered = Self { side, ranges: side.object.sections.alongside() };
        for (_, number) in side.object.sections.with_ids() {
            for unit in side.units(number) {
                let start = if side.is_code(number) {
                    prefix::range(side, number, unit.start).start
                } else {
                    unit.start
                };
                covered.add(ByteRange { section: number, start, end: unit.end });
            }
        }
        for range in side.indexed() {
            covered.add(range);
        }
        covered.excuse_names_of_messages();
        covered
    }

    /// What only descriptors of debug messages call their module, function or file.
    fn excuse_names_of_messages(&mut self) {
        let side = self.side;
        for section in side.object.sections.iter().filter(|it| it.name == b"__dyndbg") {
            // Of descriptors of no known size, nothing is excused.
            let mut sizes = DYNDBG_ENTRIES.into_iter();
            let Some(entry) = sizes.find(|size| section.size.is_multiple_of(*size)) else {
                continue;
            };
            for reloc in section.relocs.iter().filter(|it| it.offset % entry < DYNDBG_NAMES) {
                if let Target::Place { section, offset, .. } = target::of(side.object, &reloc, 0)
                    && let Ok(at) = u64::try_from(offset)
                    && let Some(symbol) = side.sized_symbol(section, at)
                {
                    let end = symbol.end();
                    self.add(ByteRange { section, start: symbol.value, end });
                }
            }
        }
    }

    pub(super) fn add(&mut self, range: ByteRange) {
        if range.start < range.end {
            self.ranges[range.section].push((range.start, range.end));
        }
    }

    /// What only changed code refers to is changed with it: adds all that is reached from `starts`.
    pub(super) fn excuse(&mut self, starts: Vec<ByteRange>, entered: &EnteredData) {
        let side = self.side;
        let mut seen: HashSet<Place> = HashSet::new();
        let mut waiting = starts;
        let blocks = blocks(side, &waiting);
        waiting.extend(blocks);
        // Stretches can overlap. Where they do so too often, the rest is reported.
        let total: u64 = side.object.sections.iter().map(|it| it.data.len() as u64).sum();
        let mut budget = total.saturating_mul(64);
        while let Some(range) = waiting.pop() {
            if !seen.insert(range.section.at(range.start)) {
                continue;
            }
            budget = budget.saturating_sub(range.len());
            if budget == 0 {
                return;
            }
            self.add(range);
            let mut reach = |target: &Target<'_>, usage: MemoryUse| {
                let Target::Place { section, offset, .. } = *target else { return };
                let whole = side.size(section);
                let Some(at) = u64::try_from(offset).ok().filter(|at| *at <= whole) else {
                    // From outside, all that the section holds can be meant.
                    let all = ByteRange { section, start: 0, end: whole };
                    waiting.extend((!side.is_code(section)).then_some(all));
                    return;
                };
                if !side.units_at(section, at).is_empty() || seen.contains(&section.at(at)) {
                    return;
                }
                if side.is_code(section) {
                    let symbol = side.sized_symbol(section, at);
                    let known = symbol.map(|it| (it.value, it.end()));
                    let limit = side.next_symbol(section, at);
                    let (start, end) =
                        known.unwrap_or_else(|| (at, walk::straight(side, section, at, limit)));
                    waiting.push(ByteRange { section, start, end });
                } else {
                    let usage = if matches!(usage, MemoryUse::Load(_)) {
                        MemoryUse::Indexed
                    } else {
                        usage
                    };
                    let found = extent::extent(side, entered, section, offset, usage);
                    let list = &entered[section];
                    let next = list.get(list.partition_point(|(next, _)| *next <= at));
                    let next = next.filter(|_| !found.known).map_or(u64::MAX, |(next, _)| *next);
                    waiting.push(ByteRange { end: found.range.end.min(next), ..found.range });
                }
            };
            if side.is_code(range.section) {
                for inst in walk::counted(side, range) {
                    for operand in walk::operands(side, range.section, &inst) {
                        reach(&operand.target, operand.usage);
                    }
                }
                for (_, entry) in side.entries_in(range) {
                    for one in entry.targets() {
                        reach(one, MemoryUse::Address);
                    }
                }
            } else {
                for reloc in align::relocs(side, range) {
                    reach(&target::of(side.object, &reloc, 0), MemoryUse::Address);
                }
            }
        }
    }

    /// What is left of sections of each meaning, in order. Of tables, their units too.
    pub(super) fn left(mut self) -> Vec<(SectionMeaning<'a>, SectionPiece)> {
        let mut found = Vec::new();
        let all = self.side.object.sections.with_ids();
        let mut sections: Vec<SectionId> = all.map(|(_, id)| id).collect();
        // The linker sorts some by what they are linked to.
        sections.sort_by_key(|number| self.side.section(*number).link);
        for number in sections {
            let meaning = self.side.meaning(number);
            let section = self.side.section(number);
            let unread = self.side.unread_tables.contains(&number);
            let is_table = match meaning.class {
                SectionPurpose::LeftOut(_) => continue,
                SectionPurpose::OfCode(_) if !unread => continue,
                // Whatever it describes, its bytes stand for themselves.
                SectionPurpose::OfCode(_) | SectionPurpose::Table => true,
                SectionPurpose::Code if meaning.name.starts_with(b".altinstr") => continue,
                // What nothing refers to in these does not exist for anybody.
                SectionPurpose::Constant
                    if section.is_merged() && !sections::is_gathered(section) =>
                {
                    continue;
                }
                SectionPurpose::Code
                | SectionPurpose::Variable
                | SectionPurpose::Constant
                | SectionPurpose::Special => false,
            };
            let mut list = std::mem::take(&mut self.ranges[number]);
            list.sort_unstable();
            list.push((section.size, section.size));
            let mut gaps = Vec::new();
            let mut from = 0;
            for (start, end) in list {
                if start > from {
                    gaps.push(ByteRange { section: number, start: from, end: start });
                }
                from = from.max(end);
            }
            let mut pieces: Vec<(u64, SectionPiece)> = Vec::new();
            for gap in gaps {
                let split = self.split(gap, meaning, is_table);
                pieces.extend(
                    split.into_iter().map(|range| (range.start, SectionPiece::Left(range))),
                );
            }
            if is_table {
                for unit in self.side.units(number) {
                    if let Owner::Pair(pair) = unit.owner {
                        pieces.push((unit.start, SectionPiece::Pair(pair)));
                    }
                }
            }
            pieces.sort_by_key(|(start, _)| *start);
            found.extend(pieces.into_iter().map(|(_, piece)| (meaning, piece)));
        }
        found
    }

    /// Parts of a gap that are more than padding, by the symbols there.
    fn split(&self, gap: ByteRange, meaning: SectionMeaning<'_>, is_table: bool) -> Vec<ByteRange> {
        let side = self.side;
        let symbols = side.symbols(gap.section, gap.start.saturating_add(1), gap.end);
        let named = symbols.filter(|(_, it)| !names::is_temporary(it.name));
        let mut borders: Vec<u64> = named.map(|(_, it)| it.value).collect();
        borders.dedup();
        borders.push(gap.end);
        let mut found = Vec::new();
        let mut start = gap.start;
        for end in borders {
            let part = ByteRange { start, end, ..gap };
            start = end;
            let is_padding = if meaning.class == SectionPurpose::Code {
                is_padding(side, part)
            } else if is_table {
                // Between entries the assembler aligns.
                let align = side.section(gap.section).align;
                let follows = part.end < side.size(gap.section) && part.start > 0;
                follows && part.len() < align && data::is_zero(side, part)
            } else {
                data::is_zero(side, part)
            };
            if is_padding {
                continue;
            }
            let keeps_zeros = is_table || meaning.class == SectionPurpose::Code;
            found.push(if keeps_zeros { part } else { without_zeros(side, part) });
        }
        found
    }
}

/// The blocks of the functions in `ranges` that LLVM puts into sections of their own and calls by the function's name. To
/// some of them leads nothing but what changed.
fn blocks(side: &ProofSide<'_>, ranges: &[ByteRange]) -> Vec<ByteRange> {
    let functions = ranges.iter().filter(|range| side.is_code(range.section)).flat_map(|range| {
        let named = side.symbols(range.section, range.start, range.start.saturating_add(1));
        named.map(|(_, symbol)| (symbol.name, symbol.file))
    });
    let functions: HashSet<(&[u8], Option<u32>)> = functions.collect();
    let symbols = side.object.symbols.iter().filter_map(|symbol| {
        let Definition::Section(section) = symbol.place else { return None };
        let function = names::function_of_block(symbol.name)?;
        let is_one =
            functions.contains(&(function, symbol.file)) || functions.contains(&(function, None));
        let end = side.next_symbol(section, symbol.value).min(side.size(section));
        is_one.then_some(ByteRange { section, start: symbol.value, end })
    });
    symbols.filter(|range| side.is_code(range.section)).collect()
}

/// A range without the zeros at its end: what follows is aligned in another way where it is in a section of its own.
fn without_zeros(side: &ProofSide<'_>, range: ByteRange) -> ByteRange {
    let Some(bytes) = side.bytes(range) else { return range };
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
    let fields = align::relocs(side, range);
    let end = fields.map(|it| it.end()).max();
    let end = range.start.saturating_add(used).max(end.unwrap_or(0));
    ByteRange { end: end.min(range.end), ..range }
}

/// Whether all of some code is what assemblers and linkers put between functions.
fn is_padding(side: &ProofSide<'_>, range: ByteRange) -> bool {
    let Some(bytes) = side.bytes(range) else { return false };
    let relocs = align::relocs(side, range).next().is_some();
    if relocs || side.entries_in(range).next().is_some() {
        return false;
    }
    let padding = || for_machine!(side.object.machine, A => A::padding(&bytes));
    if side.listed(range).next().is_none() && padding() == bytes.len() {
        return true;
    }
    bytes.iter().copied().all(x86_64::is_filler)
        || walk::counted(side, range).iter().all(|it| {
            let inst = side.bytes(it.range(range.section));
            inst.is_some_and(|bytes| bytes.iter().copied().all(x86_64::is_filler))
        })
}
