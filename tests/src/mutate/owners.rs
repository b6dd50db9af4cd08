//! Which functions a place in code belongs to, and who counts their instructions: found from symbols,
//! branches and relocations alone, without the checksum code.

use std::collections::{BTreeMap, BTreeSet};

use klp_core::checksum::Analysis;
use klp_core::elf::SectionId;
use klp_core::ids::List;
use klp_core::layout::SpanId;

use super::decode::{branches, end_of_flow, place, uses};
use super::tables::{self, Entry};
use super::unit::UnitId;

/// Why a stretch of code belongs to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nature {
    /// A symbol says so.
    Own,
    /// It has no symbol, and the function goes there.
    Outlined,
    /// It takes the place of the function's code.
    Replacement,
}

/// A stretch of code that belongs to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stretch {
    pub(super) section: SectionId,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) function: SpanId,
    pub(super) nature: Nature,
}

/// All code of an object.
pub(super) struct Owners {
    stretches: Vec<Stretch>,
    longest: u64,
    entries: Vec<Entry>,
    /// For each function the units that refer to places inside of it.
    inside: BTreeMap<SpanId, BTreeSet<UnitId>>,
}

impl Owners {
    pub(super) fn of(analysis: &Analysis<'_>) -> Self {
        let mut stretches = Vec::new();
        let spans = analysis.layout.spans.with_ids();
        let mut owners: List<SpanId, SpanId> = spans.map(|(_, span)| span).collect();
        for function in &analysis.layout.functions {
            for span in function.spans() {
                owners[span] = function.body;
            }
        }
        // Room between functions is nobody's, but a mutation can make code of it.
        for (span, function) in analysis.layout.spans.iter().zip(owners) {
            if analysis.elf.section(span.section).is_code() {
                let (section, start, end) = (span.section, span.start, span.end);
                stretches.push(Stretch { section, start, end, function, nature: Nature::Own });
            }
        }
        let entries = tables::entries(analysis);
        let mut owners = Self { stretches, longest: 0, entries, inside: BTreeMap::new() };
        let mut next = 0;
        let mut known: BTreeSet<Stretch> = owners.stretches.iter().copied().collect();
        while let Some(stretch) = owners.stretches.get(next).copied() {
            let found: Vec<Stretch> = owners.leads_to(analysis, stretch);
            owners.stretches.extend(found.into_iter().filter(|found| known.insert(*found)));
            next += 1;
        }
        owners.stretches.sort_unstable();
        owners.longest =
            owners.stretches.iter().map(|stretch| stretch.end - stretch.start).max().unwrap_or(0);
        owners.find_counters(analysis);
        owners
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// The stretches that hold `offset` of `section`.
    pub(super) fn covering(
        &self,
        section: SectionId,
        offset: u64,
    ) -> impl Iterator<Item = &Stretch> {
        let after = self
            .stretches
            .partition_point(|stretch| (stretch.section, stretch.start) <= (section, offset));
        let near = self.stretches.get(..after).unwrap_or_default().iter().rev();
        near.take_while(move |stretch| {
            stretch.section == section && offset - stretch.start <= self.longest
        })
        .filter(move |stretch| offset < stretch.end)
    }

    /// Functions with code at `offset` of `section`.
    pub(super) fn at(&self, section: SectionId, offset: u64) -> BTreeSet<UnitId> {
        self.covering(section, offset).map(|stretch| UnitId::Function(stretch.function)).collect()
    }

    /// Units that refer to a place inside of one of `units` and so count its instructions.
    pub(super) fn counters<'a>(
        &'a self,
        units: &'a BTreeSet<UnitId>,
    ) -> impl Iterator<Item = UnitId> + 'a {
        let functions = units.iter().filter_map(|unit| match unit {
            UnitId::Function(function) => self.inside.get(function),
            _ => None,
        });
        functions.flatten().copied()
    }

    /// The relocations of the entries about a stretch.
    pub(super) fn entries_of(&self, stretch: Stretch) -> &[Entry] {
        let place = |entry: &Entry, offset| entry.code < (stretch.section, offset);
        let from = self.entries.partition_point(|entry| place(entry, stretch.start));
        let rest = self.entries.get(from..).unwrap_or_default();
        rest.get(..rest.partition_point(|entry| place(entry, stretch.end))).unwrap_or_default()
    }

    /// Code without a name that a stretch leads to.
    fn leads_to(&self, analysis: &Analysis<'_>, from: Stretch) -> Vec<Stretch> {
        let mut found = Vec::new();
        if from.nature != Nature::Replacement {
            for entry in self.entries_of(from) {
                found.extend(replacement(analysis, entry, from.function));
            }
        }
        for (section, offset) in self.targets(analysis, from) {
            found.extend(outlined(analysis, section, offset, from.function));
        }
        found
    }

    /// Places in code that a stretch, or an entry about it, refers to.
    fn targets(&self, analysis: &Analysis<'_>, from: Stretch) -> Vec<(SectionId, u64)> {
        let Stretch { section, start, end, .. } = from;
        let mut targets: Vec<(SectionId, u64)> = uses(analysis, section, start, end)
            .into_iter()
            .filter_map(|used| place(analysis, &used.reloc, used.bias))
            .collect();
        if from.nature != Nature::Replacement {
            let branches = branches(analysis, section, start, end);
            let outside = branches.into_iter().filter(|target| !(start..end).contains(target));
            targets.extend(outside.map(|target| (section, target)));
            for entry in self.entries_of(from) {
                let table = analysis.elf.section(entry.table);
                let fields = table.relocs.within(entry.start + 1, entry.start + entry.size);
                if table.name != b".altinstructions" {
                    targets.extend(fields.filter_map(|reloc| place(analysis, &reloc, 0)));
                }
            }
        }
        targets.retain(|(section, _)| analysis.elf.section(*section).is_code());
        targets
    }

    fn find_counters(&mut self, analysis: &Analysis<'_>) {
        let mut found: Vec<(SpanId, UnitId)> = Vec::new();
        for stretch in &self.stretches {
            for (section, offset) in self.targets(analysis, *stretch) {
                let own = self
                    .covering(section, offset)
                    .filter(|owner| owner.nature == Nature::Own && owner.start != offset);
                found.extend(own.map(|own| (own.function, UnitId::Function(stretch.function))));
            }
        }
        self.add_counters(found);
    }

    /// Notes that each unit refers to a place inside of a function.
    pub(super) fn add_counters(&mut self, found: Vec<(SpanId, UnitId)>) {
        for (function, unit) in found {
            self.inside.entry(function).or_default().insert(unit);
        }
    }
}

/// The replacement that an alternative has.
fn replacement(analysis: &Analysis<'_>, entry: &Entry, function: SpanId) -> Option<Stretch> {
    let table = analysis.elf.section(entry.table);
    let (field, length) = tables::replacement(table, entry)?;
    let (section, start) = place(analysis, &table.relocs.at(field)?, 0)?;
    let end = start + length;
    let nature = Nature::Replacement;
    (length > 0).then_some(Stretch { section, start, end, function, nature })
}

/// The code at `offset`, if no symbol names it, as far as control goes.
fn outlined(
    analysis: &Analysis<'_>,
    section: SectionId,
    offset: u64,
    function: SpanId,
) -> Option<Stretch> {
    let header = analysis.elf.section(section);
    let limit = match analysis.layout.find(section, offset) {
        Some(span) => {
            let span = Some(analysis.layout.span(span)).filter(|span| span.symbol.is_none())?;
            span.end
        }
        None => analysis.layout.next_start(section, offset).unwrap_or(header.size),
    };
    let end = end_of_flow(header, offset, limit);
    let nature = Nature::Outlined;
    (offset < end).then_some(Stretch { section, start: offset, end, function, nature })
}
