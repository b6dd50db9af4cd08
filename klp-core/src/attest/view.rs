//! A relocatable file as the second opinion reads it: which bytes are one thing, and where a field leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::MemoryKind;
use super::names::base;
use super::tables::{AttestedTable, REPLACEMENTS};
use super::x86_64::{self, instructions};
use crate::elf::{
    Definition, ElfError, ElfObject, Reloc, RelocKind, Section, SectionId, Symbol, SymbolId,
    SymbolKind,
};

/// One thing in a section: a function, a variable, an entry of a table, or all of the section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SectionExtent {
    pub(super) section: SectionId,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl SectionExtent {
    pub(super) fn holds(&self, section: SectionId, offset: u64) -> bool {
        self.section == section && (self.start..self.end).contains(&offset)
    }

    pub(super) fn size(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// Where a field leads to: so many bytes behind a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SymbolOffset {
    pub(super) symbol: SymbolId,
    pub(super) offset: i64,
}

impl SymbolOffset {
    /// Where the field of `reloc` leads to.
    pub(super) fn of(reloc: &Reloc, used: FieldUse) -> Self {
        let behind = if reloc.kind.is_relative() { used.behind } else { 0 };
        Self { symbol: reloc.symbol, offset: reloc.addend.saturating_add_unsigned(behind) }
    }
}

/// How an instruction uses a field of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FieldUse {
    /// Bytes from the field to the next instruction.
    pub(super) behind: u64,
    /// A memory operand in the segment of the processor.
    pub(super) per_cpu: bool,
    /// A direct call or jump.
    pub(super) branch: bool,
    /// How many bytes it reads or writes at this very place: no index is added to it.
    pub(super) exact: Option<u64>,
}

/// By function, the names of what its code refers to; all without what compilers append.
pub(super) type References<'a> = BTreeMap<&'a [u8], BTreeSet<&'a [u8]>>;

/// One file.
#[derive(Debug)]
pub(super) struct FileView<'a> {
    pub(super) elf: ElfObject<'a>,
    /// Functions and variables with a size, by section, in the order of their starts.
    extents: BTreeMap<SectionId, Vec<SectionExtent>>,
    /// Defined symbols that have a name, by name.
    names: BTreeMap<&'a [u8], Vec<SymbolId>>,
    /// The same by names without what compilers count.
    bases: BTreeMap<&'a [u8], Vec<SymbolId>>,
    /// These by section.
    placed: BTreeMap<SectionId, Vec<SymbolId>>,
    /// Of a table, the size of its entries.
    entry_sizes: BTreeMap<SectionId, u64>,
}

impl<'a> FileView<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ElfError> {
        let elf = ElfObject::parse(bytes)?;
        let mut extents: BTreeMap<SectionId, Vec<SectionExtent>> = BTreeMap::new();
        let mut names: BTreeMap<&[u8], Vec<SymbolId>> = BTreeMap::new();
        let mut bases: BTreeMap<&[u8], Vec<SymbolId>> = BTreeMap::new();
        let mut placed: BTreeMap<SectionId, Vec<SymbolId>> = BTreeMap::new();
        for (symbol, index) in elf.symbols.with_ids() {
            let Definition::Section(section) = symbol.place else { continue };
            if matches!(symbol.kind, SymbolKind::Section | SymbolKind::File) {
                continue;
            }
            if !symbol.name.is_empty() {
                names.entry(symbol.name).or_default().push(index);
                bases.entry(base(symbol.name)).or_default().push(index);
                placed.entry(section).or_default().push(index);
            }
            if symbol.size > 0 && symbol.kind != SymbolKind::None {
                let (start, end) = (symbol.value, symbol.end());
                extents.entry(section).or_default().push(SectionExtent { section, start, end });
            }
        }
        for extents in extents.values_mut() {
            extents.sort_unstable();
            extents.dedup();
        }
        let mut view = Self { elf, extents, names, bases, placed, entry_sizes: BTreeMap::new() };
        view.entry_sizes = AttestedTable::sizes(&view.elf);
        Ok(view)
    }

    pub(super) fn section(&self, id: SectionId) -> &Section<'a> {
        self.elf.section(id)
    }

    pub(super) fn symbol(&self, id: SymbolId) -> &Symbol<'a> {
        self.elf.symbol(id)
    }

    /// Defined symbols of that name.
    pub(super) fn named(&self, name: &[u8]) -> &[SymbolId] {
        self.names.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Defined symbols of that name, with and without what compilers count.
    pub(super) fn based(&self, name: &[u8]) -> &[SymbolId] {
        self.bases.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// All defined symbols with a name, in the order of the names.
    pub(super) fn names(&self) -> impl Iterator<Item = (&'a [u8], &[SymbolId])> {
        self.names.iter().map(|(name, symbols)| (*name, symbols.as_slice()))
    }

    /// The size of the entries of a table.
    pub(super) fn entry_size(&self, section: SectionId) -> Option<u64> {
        self.entry_sizes.get(&section).copied()
    }

    /// The things of a section that have a symbol with a size.
    pub(super) fn extents(&self, section: SectionId) -> &[SectionExtent] {
        self.extents.get(&section).map(Vec::as_slice).unwrap_or_default()
    }

    /// The one thing to which the place belongs.
    pub(super) fn extent(&self, section: SectionId, offset: u64) -> Option<SectionExtent> {
        let header = self.section(section);
        if let Some(size) = self.entry_size(section) {
            let start = offset.checked_div(size)?.checked_mul(size)?;
            // The last one can lack the padding at its end (paravirt sites).
            let end = start.checked_add(size)?.min(header.size);
            return (start < end).then_some(SectionExtent { section, start, end });
        }
        if header.is_strings() {
            let rest = header.data.get(usize::try_from(offset).ok()?..)?;
            let mut letters = rest.chunks_exact(usize::try_from(header.entsize).ok()?);
            let before = letters.position(|letter| letter.iter().all(|byte| *byte == 0))?;
            let length = u64::try_from(before).ok()?.checked_add(1)?.checked_mul(header.entsize)?;
            return Some(SectionExtent {
                section,
                start: offset,
                end: offset.checked_add(length)?,
            });
        }
        if header.is_merged() {
            let start = offset.checked_div(header.entsize)?.checked_mul(header.entsize)?;
            let end = start.checked_add(header.entsize)?;
            return (end <= header.size).then_some(SectionExtent { section, start, end });
        }
        let whole = SectionExtent { section, start: 0, end: header.size };
        let extents = self.extents(section);
        if is_single(extents) {
            return Some(whole);
        }
        let inside = extents.iter().filter(|extent| extent.holds(section, offset));
        inside.min_by_key(|extent| extent.size()).copied()
    }

    /// Code in a section without any symbol of a function, where the branches of several are taken out of line
    /// (`.altinstr_aux`): from where it is entered up to the first instruction that control does not leave forwards.
    pub(super) fn unnamed_code(&self, section: SectionId, offset: u64) -> Option<SectionExtent> {
        let header = Some(self.section(section)).filter(|section| section.is_code())?;
        if !self.extents(section).is_empty() || header.name == REPLACEMENTS {
            return None;
        }
        let code = header.bytes(offset, header.size.checked_sub(offset)?)?;
        let last = instructions(code, offset).find(|instruction| instruction.ends)?;
        Some(SectionExtent { section, start: offset, end: last.next })
    }

    /// The symbol with which the thing starts: a global one before a local one.
    pub(super) fn symbol_of(&self, extent: SectionExtent) -> Option<SymbolId> {
        let placed = self.placed.get(&extent.section).map(Vec::as_slice).unwrap_or_default();
        let range = extent.start..extent.end.max(extent.start.saturating_add(1));
        let symbols = placed
            .iter()
            .map(|index| (self.symbol(*index), *index))
            .filter(|(symbol, _)| range.contains(&symbol.value));
        // What a weak name means is decided elsewhere; what stands here is the same by its other names.
        let rank = |symbol: &Symbol<'_>| {
            let is_weak = symbol.weak && !symbol.local;
            let is_label = symbol.size == 0 || symbol.kind == SymbolKind::None;
            (is_label, symbol.value, is_weak, symbol.local)
        };
        symbols.min_by_key(|(symbol, index)| (rank(symbol), *index)).map(|(_, index)| index)
    }

    /// The place in this file that `aim` means, which can be outside of its section.
    pub(super) fn place(&self, aim: SymbolOffset) -> Option<(SectionId, i64)> {
        let symbol = self.symbol(aim.symbol);
        let Definition::Section(section) = symbol.place else { return None };
        let value = i64::try_from(symbol.value).ok()?;
        Some((section, value.checked_add(aim.offset)?))
    }

    /// How the instructions of `extent` use their fields, by offset of the field in the section.
    pub(super) fn uses(&self, extent: SectionExtent) -> BTreeMap<u64, FieldUse> {
        let Some(section) = Some(self.section(extent.section)).filter(|section| section.is_code())
        else {
            return BTreeMap::new();
        };
        let Some(bytes) = section.bytes(extent.start, extent.size()) else {
            return BTreeMap::new();
        };
        let distances = self.distances(extent, bytes);
        let mut uses = BTreeMap::new();
        for instruction in instructions(bytes, extent.start) {
            let distant = distances.get(&instruction.start).copied();
            for reloc in section.relocs.within(instruction.start, instruction.next) {
                let inside = reloc.offset.saturating_sub(instruction.start);
                let is_memory = instruction.displacement == Some(inside);
                let per_cpu = instruction.is_per_cpu && is_memory;
                let behind = instruction.next.saturating_sub(reloc.offset);
                let branch = instruction.is_branch;
                let distant = distant.filter(|_| self.is_of_processor(&reloc));
                let exact = instruction.exact.or(distant).filter(|_| is_memory);
                uses.insert(reloc.offset, FieldUse { behind, per_cpu, branch, exact });
            }
        }
        uses
    }

    /// The instructions of `code`, which is that of `extent`, whose register holds nothing but how far a processor's
    /// variables are away, and how many bytes they use (arch/x86/include/asm/percpu.h).
    fn distances(&self, extent: SectionExtent, code: &[u8]) -> BTreeMap<u64, u64> {
        let section = self.section(extent.section);
        let loads = |from: u64, to: u64| {
            section.relocs.within(from, to).any(|reloc| {
                let name = self.symbol(reloc.symbol).name;
                [&b"this_cpu_off"[..], b"__per_cpu_offset"].contains(&name)
            })
        };
        if !loads(extent.start, extent.end) {
            return BTreeMap::new();
        }
        x86_64::of_processors(code, extent.start, loads)
    }

    fn is_of_processor(&self, reloc: &Reloc) -> bool {
        let place = self.symbol(reloc.symbol).place;
        let Definition::Section(section) = place else { return false };
        MemoryKind::of(self.section(section)) == MemoryKind::PerCpu
    }
}

impl FileView<'_> {
    /// Whether the thing refers to a symbol of that name, or to a place that has it.
    pub(super) fn refers_to(&self, extent: SectionExtent, name: &[u8]) -> bool {
        let decoded = self.uses(extent);
        let section = self.section(extent.section);
        section.relocs.within(extent.start, extent.end).any(|reloc| {
            let used = decoded.get(&reloc.offset).copied().unwrap_or_default();
            let aim = SymbolOffset::of(&reloc, used);
            let direct = self.symbol(aim.symbol).name == name;
            direct
                || reloc.kind != RelocKind::None
                    && self.place(aim).is_some_and(|(section, offset)| {
                        let place = u64::try_from(offset).ok();
                        let extent = place.and_then(|place| self.extent(section, place));
                        let symbol = extent.and_then(|extent| self.symbol_of(extent));
                        symbol
                            .map(|index| self.symbol(index))
                            .is_some_and(|symbol| symbol.name == name)
                    })
        })
    }

    /// The first place in a thing from where it leads to another one of its section, and neither a relocation nor
    /// [`FileView::escapes`] says which.
    pub(super) fn strays(&self, extent: SectionExtent) -> Option<u64> {
        let is_data = |index: SymbolId| self.symbol(index).kind == SymbolKind::Object;
        let is_data = self.symbol_of(extent).is_some_and(is_data);
        let section = Some(self.section(extent.section)).filter(|it| it.is_code() && !is_data)?;
        let said: BTreeSet<u64> = self.escapes(extent).iter().map(|reloc| reloc.offset).collect();
        let is_said = |at: u64| said.contains(&at) || section.relocs.at(at).is_some();
        let code = section.in_file(extent.start, extent.end);
        let mut strays = instructions(code, extent.start).filter(|it| {
            let leaves = |to: u64| !extent.holds(extent.section, to);
            let field = |within: u64| it.start.saturating_add(within);
            let jumps = it.target.is_some_and(leaves) && !is_said(field(it.immediate));
            let uses = it.near.is_some_and(leaves);
            jumps || uses && it.displacement.is_some_and(|within| !is_said(field(within)))
        });
        strays.next().map(|it| it.start)
    }

    /// Direct calls and jumps from a thing to others of its section, which assemblers resolve without a relocation: those
    /// that there would be.
    pub(super) fn escapes(&self, extent: SectionExtent) -> Vec<Reloc> {
        let Some(section) = Some(self.section(extent.section)).filter(|section| section.is_code())
        else {
            return Vec::new();
        };
        let code = section.in_file(extent.start, extent.end);
        let mut found = Vec::new();
        for instruction in instructions(code, extent.start).filter(|it| it.is_branch) {
            let next = instruction.next;
            let Some(target) = instruction.target else { continue };
            if extent.holds(extent.section, target)
                || section.relocs.within(instruction.start, next).next().is_some()
            {
                continue;
            }
            let to = self.extent(extent.section, target).and_then(|to| self.symbol_of(to));
            let Some((index, symbol)) = to.map(|index| (index, self.symbol(index))) else {
                continue;
            };
            let field = instruction.start.saturating_add(instruction.immediate);
            let width = next.saturating_sub(field);
            found.push(Reloc {
                offset: next.saturating_sub(width),
                kind: RelocKind::Relative32,
                symbol: index,
                addend: target.wrapping_sub(symbol.value).wrapping_sub(width).cast_signed(),
                raw: x86_64::BRANCH,
            });
        }
        found
    }
}

/// Whether the extents of a section are names of one thing, or there are none.
fn is_single(extents: &[SectionExtent]) -> bool {
    match extents {
        [] | [_] => true,
        [first, rest @ ..] => rest.iter().all(|other| other.start == first.start),
    }
}
