//! Data in pieces that belong together, and who refers to them: found from symbols and relocations
//! alone, without the checksum code.

use std::collections::{BTreeMap, BTreeSet};

use klp_core::checksum::Analysis;
use klp_core::elf::{Reloc, SectionId, SymbolId};
use klp_core::layout::SpanId;
use klp_core::name::Stability;
use klp_core::rules;

use super::decode::{Use, place, uses};
use super::owners::{Owners, Stretch};
use super::tables;
use super::unit::{self, UnitId};

/// What a piece of data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// A data object with a name of its own.
    Named(SpanId),
    /// A data object whose name says nothing.
    Unstable,
    /// An entry of a section that linkers merge.
    Merged,
    /// What no symbol covers, from one place that is referred to up to the next.
    Gap,
}

/// A piece of a data section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) section: SectionId,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) nature: Nature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Referrer {
    Unit(UnitId),
    Region(usize),
}

/// Who refers to a piece: where, and to how many bytes of it if not to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    referrer: Referrer,
    at: u64,
    accessed: Option<u64>,
}

/// All pieces of data of an object.
#[derive(Default)]
pub(super) struct Regions {
    all: Vec<Region>,
    sections: BTreeMap<SectionId, std::ops::Range<usize>>,
    references: BTreeMap<usize, BTreeSet<Reference>>,
}

impl Regions {
    pub(super) fn of(analysis: &Analysis<'_>, owners: &Owners) -> Self {
        let mut regions = Self::default();
        let cuts = cuts(analysis, owners);
        for (section, index) in analysis.elf.sections.with_ids() {
            let attributed =
                rules::is_attributed(section.name) || rules::for_section(section.name).is_some();
            if section.is_allocated() && !section.is_code() && !attributed {
                let from = regions.all.len();
                regions.split(analysis, index, &cuts);
                regions.sections.insert(index, from..regions.all.len());
            }
        }
        regions.link_code(analysis, owners);
        regions.link_data(analysis);
        regions
    }

    pub(super) fn find(&self, section: SectionId, offset: u64) -> Option<usize> {
        let range = self.sections.get(&section)?.clone();
        let all = self.all.get(range.clone())?;
        let index = all.partition_point(|region| region.start <= offset).checked_sub(1)?;
        (offset < all.get(index)?.end).then_some(range.start + index)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Region> {
        self.all.get(index)
    }

    /// Units whose digests depend on the byte at `offset` of region `index`, through regions without a
    /// name.
    pub(super) fn readers(&self, index: usize, offset: u64) -> BTreeSet<UnitId> {
        self.reached(index, |reference| {
            let behind = offset.checked_sub(reference.at);
            behind.is_some_and(|behind| reference.accessed.is_none_or(|size| behind < size))
        })
    }

    /// Units that refer to anything in region `index`, through regions without a name.
    pub(super) fn reachers(&self, index: usize) -> BTreeSet<UnitId> {
        self.reached(index, |_| true)
    }

    fn reached(&self, index: usize, counts: impl Fn(&Reference) -> bool) -> BTreeSet<UnitId> {
        let mut units = BTreeSet::new();
        let mut seen = BTreeSet::from([index]);
        let mut open = vec![index];
        while let Some(region) = open.pop() {
            let all = self.references.get(&region).into_iter().flatten();
            for reference in all.filter(|reference| region != index || counts(reference)) {
                match reference.referrer {
                    Referrer::Unit(unit) => {
                        units.insert(unit);
                    }
                    Referrer::Region(other) if seen.insert(other) => open.push(other),
                    Referrer::Region(_) => {}
                }
            }
        }
        units
    }

    fn split(
        &mut self,
        analysis: &Analysis<'_>,
        index: SectionId,
        cuts: &BTreeSet<(SectionId, u64)>,
    ) {
        let section = analysis.elf.section(index);
        let mut add = |start, end, nature| {
            if start >= end {
                return;
            }
            let mut from = start;
            if nature == Nature::Gap {
                for (_, cut) in cuts.range((index, start + 1)..(index, end)) {
                    self.all.push(Region { section: index, start: from, end: *cut, nature });
                    from = *cut;
                }
            }
            self.all.push(Region { section: index, start: from, end, nature });
        };
        if section.is_merged() && section.relocs.is_empty() {
            let width = usize::try_from(section.entsize).unwrap_or(1).max(1);
            let mut start = 0;
            for (number, unit) in section.data.chunks(width).enumerate() {
                let end = ((number + 1) * width) as u64;
                if !section.is_strings() || unit.iter().all(|byte| *byte == 0) {
                    add(start, end, Nature::Merged);
                    start = end;
                }
            }
            return;
        }
        let mut at = 0;
        for (span, number) in analysis.layout.with_ids_of_section(index) {
            add(at, span.start, Nature::Gap);
            let symbol = span.symbol.map(|symbol| analysis.elf.symbol(symbol));
            let nature = match symbol.map(|symbol| symbol.stability) {
                Some(Stability::Stable | Stability::Numbered) => Nature::Named(number),
                _ => Nature::Unstable,
            };
            add(span.start.max(at), span.end, nature);
            at = at.max(span.end);
        }
        add(at, section.size, Nature::Gap);
    }

    fn link_code(&mut self, analysis: &Analysis<'_>, owners: &Owners) {
        for stretch in owners.stretches() {
            let unit = Referrer::Unit(UnitId::Function(stretch.function));
            let function = unit::function(analysis, stretch.function);
            let symbol = function.and_then(|function| function.symbols.first());
            let file = symbol.and_then(|symbol| file_of(analysis, *symbol));
            for used in uses(analysis, stretch.section, stretch.start, stretch.end) {
                self.refer(analysis, (unit, file), &used);
            }
            for entry in owners.entries_of(*stretch) {
                let table = analysis.elf.section(entry.table);
                for reloc in table.relocs.within(entry.start, entry.start + entry.size) {
                    if !tables::is_left_out(table, entry.size, reloc.offset - entry.start) {
                        self.refer(analysis, (unit, None), &plain(reloc));
                    }
                }
            }
        }
    }

    fn link_data(&mut self, analysis: &Analysis<'_>) {
        for index in 0..self.all.len() {
            let Some(region) = self.all.get(index).copied() else { continue };
            let section = analysis.elf.section(region.section);
            let referrer = match region.nature {
                Nature::Named(span) => Referrer::Unit(UnitId::Data(span)),
                _ => Referrer::Region(index),
            };
            let span = analysis.layout.find(region.section, region.start);
            let symbol = span.and_then(|span| analysis.layout.span(span).symbol);
            let file = symbol.and_then(|symbol| file_of(analysis, symbol));
            for reloc in section.relocs.within(region.start, region.end) {
                let names_a_place = section.name == b"__dyndbg" && reloc.offset - region.start < 24;
                if !names_a_place {
                    self.refer(analysis, (referrer, file), &plain(reloc));
                }
            }
        }
    }

    /// Notes that `referrer`, which comes from a source file where that is known, refers to something.
    fn refer(
        &mut self,
        analysis: &Analysis<'_>,
        (referrer, file): (Referrer, Option<u32>),
        used: &Use,
    ) {
        let Some((section, offset)) = place(analysis, &used.reloc, used.bias) else { return };
        let started = analysis.layout.find(section, offset).and_then(|span| {
            let span = Some(analysis.layout.span(span)).filter(|span| span.start == offset)?;
            file_of(analysis, span.symbol?)
        });
        if file.is_some() && started.is_some() && file != started {
            // The end of the object before: of another file's data only the address is taken.
            return;
        }
        if let Some(region) = self.find(section, offset) {
            let accessed = match self.get(region) {
                Some(Region { nature: Nature::Gap, .. }) => accessed(analysis, used),
                Some(Region { nature: Nature::Merged, start, .. }) => {
                    let strings = analysis.elf.section(section).is_strings();
                    accessed(analysis, used).filter(|_| strings || *start == offset)
                }
                _ => None,
            };
            let reference = Reference { referrer, at: offset, accessed };
            self.references.entry(region).or_default().insert(reference);
        }
    }

    /// Units whose digests may depend on how a stretch of code cuts the data that it refers to.
    pub(super) fn cut_by(&self, analysis: &Analysis<'_>, stretch: &Stretch) -> BTreeSet<UnitId> {
        let all = uses(analysis, stretch.section, stretch.start, stretch.end);
        let places = all.iter().filter_map(|used| place(analysis, &used.reloc, used.bias));
        let cut = places.filter(|(section, offset)| {
            let region = self.find(*section, *offset).and_then(|region| self.get(region));
            region.is_some_and(|region| region.nature == Nature::Gap)
        });
        cut.flat_map(|(section, offset)| self.around(section, offset)).collect()
    }

    /// Units whose digests may depend on how the data around `place` is cut.
    pub(super) fn around(&self, section: SectionId, offset: u64) -> BTreeSet<UnitId> {
        let mut units = BTreeSet::from([UnitId::Rest(section)]);
        for index in [offset.checked_sub(1), Some(offset)].into_iter().flatten() {
            if let Some(region) = self.find(section, index) {
                units.extend(self.reachers(region));
                if let Some(Region { nature: Nature::Named(span), .. }) = self.get(region) {
                    units.insert(UnitId::Data(*span));
                }
            }
        }
        units
    }
}

/// The source file of a local symbol.
fn file_of(analysis: &Analysis<'_>, symbol: SymbolId) -> Option<u32> {
    analysis.elf.symbol(symbol).file
}

/// A relocation outside of code.
fn plain(reloc: Reloc) -> Use {
    Use { reloc, bias: 0, accessed: None }
}

/// How many bytes an access of known size depends on: not where they hold addresses, or none yet.
fn accessed(analysis: &Analysis<'_>, used: &Use) -> Option<u64> {
    let size = used.accessed?;
    let (section, offset) = place(analysis, &used.reloc, used.bias)?;
    let section = analysis.elf.section(section);
    section.bytes(offset, size)?;
    let mut relocs = section.relocs.within(offset.saturating_sub(7), offset + size);
    relocs.next().is_none().then_some(size)
}

/// All places that anything refers to, but for accesses of known size.
fn cuts(analysis: &Analysis<'_>, owners: &Owners) -> BTreeSet<(SectionId, u64)> {
    let from_code = owners.stretches().iter().flat_map(|stretch| {
        let all = uses(analysis, stretch.section, stretch.start, stretch.end);
        all.into_iter().filter(|used| accessed(analysis, used).is_none())
    });
    let data =
        analysis.elf.sections.iter().filter(|section| section.is_allocated() && !section.is_code());
    let from_data = data.flat_map(|section| section.relocs.iter().map(plain));
    from_code.chain(from_data).filter_map(|used| place(analysis, &used.reloc, used.bias)).collect()
}
