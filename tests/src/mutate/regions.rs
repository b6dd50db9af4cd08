//! Data in pieces that belong together, and who refers to them: found from symbols and relocations
//! alone, without the checksum code.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions};
use klp_core::checksum::Analysis;
use klp_core::elf::{Place, Reloc, RelocKind, SymbolKind};
use klp_core::name::Stability;
use klp_core::rules;

use super::oracle::UnitId;

/// What a piece of data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// A data object with a name of its own.
    Named(usize),
    /// A data object whose name says nothing.
    Unstable,
    /// An entry of a section that linkers merge.
    Merged,
    /// What no symbol covers.
    Gap,
}

/// A piece of a data section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) section: u32,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) nature: Nature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Referrer {
    Unit(UnitId),
    Region(usize),
}

/// All pieces of data of an object.
pub(super) struct Regions {
    all: Vec<Region>,
    sections: BTreeMap<u32, std::ops::Range<usize>>,
    referrers: BTreeMap<usize, BTreeSet<(Referrer, u64)>>,
}

impl Regions {
    pub(super) fn of(analysis: &Analysis<'_>) -> Self {
        let mut regions =
            Self { all: Vec::new(), sections: BTreeMap::new(), referrers: BTreeMap::new() };
        for (section, index) in analysis.elf.sections.iter().zip(0u32..) {
            let attributed =
                rules::is_attributed(section.name) || rules::for_section(section.name).is_some();
            if section.is_allocated() && !section.is_code() && !attributed {
                let from = regions.all.len();
                regions.split(analysis, index);
                regions.sections.insert(index, from..regions.all.len());
            }
        }
        regions.link(analysis);
        regions
    }

    pub(super) fn find(&self, section: u32, offset: u64) -> Option<usize> {
        let range = self.sections.get(&section)?.clone();
        let all = self.all.get(range.clone())?;
        let index = all.partition_point(|region| region.start <= offset).checked_sub(1)?;
        (offset < all.get(index)?.end).then_some(range.start + index)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Region> {
        self.all.get(index)
    }

    /// Units that reach region `index` at or before `offset`, through regions without a name.
    pub(super) fn reachers(&self, index: usize, offset: u64) -> BTreeSet<UnitId> {
        let mut units = BTreeSet::new();
        let mut seen = BTreeSet::from([index]);
        let mut open = vec![(index, offset)];
        while let Some((region, limit)) = open.pop() {
            for (referrer, at) in self.referrers.get(&region).into_iter().flatten() {
                if *at > limit {
                    continue;
                }
                match referrer {
                    Referrer::Unit(unit) => {
                        units.insert(*unit);
                    }
                    Referrer::Region(other) if seen.insert(*other) => open.push((*other, u64::MAX)),
                    Referrer::Region(_) => {}
                }
            }
        }
        units
    }

    fn split(&mut self, analysis: &Analysis<'_>, index: u32) {
        let Some(section) = analysis.elf.section(index) else { return };
        let mut add = |start, end, nature| {
            if start < end {
                self.all.push(Region { section: index, start, end, nature });
            }
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
        let from = analysis.layout.spans.partition_point(|span| span.section < index);
        for (number, span) in analysis.layout.spans.iter().enumerate().skip(from) {
            if span.section != index {
                break;
            }
            add(at, span.start, Nature::Gap);
            let symbol = span.symbol.and_then(|symbol| analysis.elf.symbol(symbol));
            let nature = match symbol.map(|symbol| symbol.stability) {
                Some(Stability::Stable | Stability::Numbered) => Nature::Named(number),
                _ => Nature::Unstable,
            };
            add(span.start.max(at), span.end, nature);
            at = at.max(span.end);
        }
        add(at, section.size, Nature::Gap);
    }

    fn link(&mut self, analysis: &Analysis<'_>) {
        for (number, function) in analysis.layout.functions.iter().enumerate() {
            let unit = Referrer::Unit(UnitId::Function(number));
            let file = function.symbols.first().and_then(|symbol| file_of(analysis, *symbol));
            for span in function.spans().filter_map(|span| analysis.layout.span(span)) {
                for (reloc, bias) in code_relocs(analysis, span.section, span.start, span.end) {
                    self.refer(analysis, (unit, file), &reloc, bias);
                }
            }
        }
        for index in 0..self.all.len() {
            let Some(region) = self.all.get(index).copied() else { continue };
            let Some(section) = analysis.elf.section(region.section) else { continue };
            let referrer = match region.nature {
                Nature::Named(span) => Referrer::Unit(UnitId::Data(span)),
                _ => Referrer::Region(index),
            };
            let span = analysis.layout.find(region.section, region.start);
            let symbol = span.and_then(|span| analysis.layout.span(span)?.symbol);
            let file = symbol.and_then(|symbol| file_of(analysis, symbol));
            for reloc in section.relocs.within(region.start, region.end) {
                let names_a_place = section.name == b"__dyndbg" && reloc.offset - region.start < 24;
                if !names_a_place {
                    self.refer(analysis, (referrer, file), &reloc, 0);
                }
            }
        }
    }

    /// Links the entries of special sections to the functions that they belong to.
    pub(super) fn link_entry(&mut self, analysis: &Analysis<'_>, unit: UnitId, reloc: &Reloc) {
        self.refer(analysis, (Referrer::Unit(unit), None), reloc, 0);
    }

    /// Notes that `referrer`, which comes from a source file where that is known, refers to something.
    fn refer(
        &mut self,
        analysis: &Analysis<'_>,
        (referrer, file): (Referrer, Option<u32>),
        reloc: &Reloc,
        bias: i64,
    ) {
        let Some((section, offset)) = place(analysis, reloc, bias) else { return };
        let started = analysis.layout.find(section, offset).and_then(|span| {
            let span = analysis.layout.span(span).filter(|span| span.start == offset)?;
            file_of(analysis, span.symbol?)
        });
        if file.is_some() && started.is_some() && file != started {
            // The end of the object before: of another file's data only the address is taken.
            return;
        }
        if let Some(region) = self.find(section, offset) {
            self.referrers.entry(region).or_default().insert((referrer, offset));
        }
    }

    /// Units whose digests may depend on how the data around `place` is cut.
    pub(super) fn around(&self, section: u32, offset: u64) -> BTreeSet<UnitId> {
        let mut units = BTreeSet::from([UnitId::Rest(section)]);
        for index in [offset.checked_sub(1), Some(offset)].into_iter().flatten() {
            if let Some(region) = self.find(section, index) {
                units.extend(self.reachers(region, u64::MAX));
                if let Some(Region { nature: Nature::Named(span), .. }) = self.get(region) {
                    units.insert(UnitId::Data(*span));
                }
            }
        }
        units
    }
}

/// The source file of a local symbol.
fn file_of(analysis: &Analysis<'_>, symbol: u32) -> Option<u32> {
    analysis.elf.symbol(symbol)?.file
}

/// Where a relocation points to, if that is in the object.
pub(super) fn place(analysis: &Analysis<'_>, reloc: &Reloc, bias: i64) -> Option<(u32, u64)> {
    let symbol = analysis.elf.symbol(reloc.symbol)?;
    let Place::Section(section) = symbol.place else { return None };
    let named = symbol.kind != SymbolKind::Section && symbol.stability != Stability::Unstable;
    let is_code = analysis.elf.section(section).is_some_and(klp_core::elf::Section::is_code);
    if named && !is_code {
        return Some((section, symbol.value));
    }
    let addend = reloc.addend.wrapping_add(if reloc.kind.is_relative() { bias } else { 0 });
    Some((section, symbol.value.checked_add_signed(addend)?))
}

/// Where the direct branches without a relocation of a stretch of code go.
pub(super) fn branches(analysis: &Analysis<'_>, section: u32, start: u64, end: u64) -> Vec<u64> {
    let Some(header) = analysis.elf.section(section) else { return Vec::new() };
    let Some(code) = header.bytes(start, end.saturating_sub(start)) else { return Vec::new() };
    let mut decoder = Decoder::with_ip(64, code, start, DecoderOptions::NONE);
    let branches = decoder.iter().filter(|instruction| {
        instruction.is_jmp_short_or_near()
            || instruction.is_jcc_short_or_near()
            || instruction.is_call_near()
    });
    branches
        .filter(|branch| header.relocs.within(branch.ip(), branch.next_ip()).next().is_none())
        .map(|branch| branch.near_branch_target())
        .collect()
}

/// The relocations of a stretch of code, with the distance from the field to the next instruction.
pub(super) fn code_relocs(
    analysis: &Analysis<'_>,
    section: u32,
    start: u64,
    end: u64,
) -> Vec<(Reloc, i64)> {
    let Some(header) = analysis.elf.section(section) else { return Vec::new() };
    let Some(code) = header.bytes(start, end.saturating_sub(start)) else { return Vec::new() };
    let mut relocs = header.relocs.within(start, end).peekable();
    let mut found = Vec::new();
    for instruction in &mut Decoder::with_ip(64, code, start, DecoderOptions::NONE) {
        while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < instruction.next_ip()) {
            if reloc.kind != RelocKind::None {
                found.push((reloc, instruction.next_ip().wrapping_sub(reloc.offset).cast_signed()));
            }
        }
    }
    found
}
