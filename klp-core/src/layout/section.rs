//! The spans of one section.

use rayon::prelude::*;

use super::filler::is_filler;
use super::labels::groups;
use super::{Few, Label, Span};
use crate::arch::{Arch, for_machine};
use crate::elf::{
    ElfObject, RelocKind, Section, SectionClass, SectionId, Symbol, SymbolId, SymbolKind,
};
use crate::name::{self, Stability};
use crate::places::PlaceIndex;
use crate::rules;
use crate::slices::SliceParts as _;

/// What is in one section.
#[derive(Default)]
pub(super) struct LaidOut {
    pub(super) spans: Vec<Span>,
    pub(super) empty: Vec<(SectionId, u64, SymbolId)>,
    pub(super) inner: Vec<Label>,
    pub(super) shared: Vec<(SectionId, u64, Few<SymbolId>)>,
    pub(super) ids: Vec<(SectionId, u64, SymbolId)>,
    pub(super) places: PlaceIndex,
    pub(super) reach: Vec<u64>,
}

impl LaidOut {
    pub(super) fn of(
        elf: &ElfObject<'_>,
        index: SectionId,
        section: &Section<'_>,
        labels: &[(u64, SymbolId)],
    ) -> Self {
        let mut own = Self::default();
        if section.is_allocated() && section.is_code() {
            let spans = &mut own.spans;
            for_machine!(elf.machine, A => code_spans::<A>(elf, index, section, labels, spans));
            let inner = inner_labels(elf, labels, &own.spans);
            own.inner = inner.map(|(at, symbol)| (index, at, Some(symbol))).collect();
        } else if is_data(elf, section, labels) {
            data_spans(elf, index, section, labels, &mut own.spans);
            let inner = names_within(elf, labels, &own.spans);
            own.inner = inner.map(|(at, symbol)| (index, at, Some(symbol))).collect();
            own.shared = shared(elf, index, labels);
            if section.name == b".BTF_ids" {
                let names = |(_, symbol): &&(u64, SymbolId)| {
                    elf.symbol(*symbol).name.starts_with(name::BTF_ID)
                };
                let ids = labels.iter().filter(names);
                own.ids = ids.map(|(at, symbol)| (index, *at, *symbol)).collect();
            }
            let empty = empty_objects(elf, section, labels);
            own.empty = empty.map(|(at, symbol)| (index, at, symbol)).collect();
        }
        let ends = own.spans.iter().map(|span| span.end);
        let reach = ends.scan(0, |reach, end| {
            *reach = end.max(*reach);
            Some(*reach)
        });
        own.reach = reach.collect();
        own.places = PlaceIndex::of(own.spans.iter().map(|span| span.start));
        own
    }
}

/// Whether what is in a section is compared as data. A linker script can load what holds a function, whatever the
/// section is.
fn is_data(elf: &ElfObject<'_>, section: &Section<'_>, labels: &[(u64, SymbolId)]) -> bool {
    let is_function = |symbol: &Symbol<'_>| symbol.kind == SymbolKind::Function;
    let holds_function = || labels.iter().any(|(_, symbol)| is_function(elf.symbol(*symbol)));
    match section.class {
        SectionClass::Container | SectionClass::Unknown(_) => false,
        _ if section.is_allocated() => true,
        SectionClass::Bytes | SectionClass::Zeroed | SectionClass::Note => {
            rules::for_section(section.name).is_none() && holds_function()
        }
    }
}

/// Where each group ends, by its size or at the next. What a size says beyond the end of the section holds nothing.
fn ends<'a>(
    groups: &'a [(u64, u64, SymbolId)],
    section: &'a Section<'_>,
) -> impl Iterator<Item = (u64, u64, SymbolId)> + 'a {
    groups.iter().enumerate().filter_map(move |(position, (start, size, symbol))| {
        let next = groups.get(position.saturating_add(1)).map_or(section.size, |next| next.0);
        let end = if *size == 0 { next } else { start.saturating_add(*size).min(section.size) };
        (*start < end).then_some((*start, end, *symbol))
    })
}

fn code_spans<A: Arch>(
    elf: &ElfObject<'_>,
    index: SectionId,
    section: &Section<'_>,
    labels: &[(u64, SymbolId)],
    spans: &mut Vec<Span>,
) {
    let from = spans.len();
    let functions = groups(elf, labels, |symbol| symbol.kind == SymbolKind::Function);
    for (start, end, symbol) in ends(&functions, section) {
        spans.push(Span { section: index, start, end, symbol: Some(symbol) });
    }
    if rules::is_reached_from_code(section.name) {
        return;
    }
    let covered: Vec<(u64, u64)> =
        spans.starting(from).iter().map(|span| (span.start, span.end)).collect();
    let labelled = groups(elf, labels, |symbol| {
        symbol.kind != SymbolKind::Function && !symbol.name.starts_with(b".L")
    });
    let mut label = labelled.iter().peekable();
    let mut open = Vec::new();
    let mut add = |start: u64, end: u64, label: Option<(u64, SymbolId)>| {
        let end = label.map_or(end, |(size, _)| without_traps::<A>(section, start, size, end));
        if start < end {
            open.push(Span { section: index, start, end, symbol: label.map(|(_, symbol)| symbol) });
        }
    };
    for (gap_start, gap_end) in gaps(&covered, section.size) {
        let mut at = gap_start;
        let mut name = None;
        while label.next_if(|(start, ..)| *start < gap_start).is_some() {}
        while let Some((start, size, symbol)) = label.next_if(|(start, ..)| *start < gap_end) {
            add(at, *start, name);
            (at, name) = (*start, Some((*size, *symbol)));
        }
        add(at, gap_end, name);
    }
    // What only fills the room between functions is none of anything. Nobody fills it with addresses.
    spans.par_extend(open.into_par_iter().with_min_len(1024).filter(|span| {
        let code = section.range(span.start, span.end);
        let mut relocs = section.relocs.within(span.start, span.end);
        span.symbol.is_some()
            || !code.is_some_and(is_filler::<A>)
            || relocs.any(|reloc| reloc.kind != RelocKind::None)
    }));
    if let Some(new) = spans.get_mut(from..) {
        new.sort_by_key(|span| (span.start, span.end));
    }
}

/// Where code from `start` to `end` ends whose label has a size: in front of the traps that a linker fills up with.
fn without_traps<A: Arch>(section: &Section<'_>, start: u64, size: u64, end: u64) -> u64 {
    let sized = start.saturating_add(size);
    let rest = section.in_file(sized, end);
    let is_filled = size > 0 && !rest.is_empty() && rest.iter().all(|byte| A::fills(*byte));
    let is_plain = section.relocs.within(sized, end).next().is_none();
    if is_filled && is_plain { sized } else { end }
}

/// Global labels where no span starts.
fn inner_labels<'a>(
    elf: &'a ElfObject<'_>,
    labels: &'a [(u64, SymbolId)],
    spans: &'a [Span],
) -> impl Iterator<Item = (u64, SymbolId)> + 'a {
    labels.iter().filter_map(|(at, index)| {
        let symbol = Some(elf.symbol(*index)).filter(|symbol| !symbol.local)?;
        let starts = spans.binary_search_by_key(at, |span| span.start).is_ok();
        (!starts && !symbol.name.starts_with(b".L")).then_some((*at, *index))
    })
}

/// The names of places in the middle of a data object.
fn names_within<'a>(
    elf: &'a ElfObject<'_>,
    labels: &'a [(u64, SymbolId)],
    spans: &'a [Span],
) -> impl Iterator<Item = (u64, SymbolId)> + 'a {
    let mut spans = spans.iter().peekable();
    let mut reach = 0;
    labels.iter().filter_map(move |(at, index)| {
        while let Some(span) = spans.next_if(|span| span.start < *at) {
            reach = reach.max(span.end);
        }
        let symbol = elf.symbol(*index);
        let is_name = symbol.stability == Stability::Stable
            && !symbol.name.starts_with(b".L")
            && name::btf_id(symbol.name).is_none()
            && (symbol.kind != SymbolKind::Object || symbol.size > 0);
        (is_name && *at < reach).then_some((*at, *index))
    })
}

/// The stretches of `0..size` that the sorted `covered` leaves open.
fn gaps(covered: &[(u64, u64)], size: u64) -> Vec<(u64, u64)> {
    let mut gaps = Vec::new();
    let mut at = 0;
    for (start, end) in covered {
        if at < *start {
            gaps.push((at, *start));
        }
        at = at.max(*end);
    }
    if at < size {
        gaps.push((at, size));
    }
    gaps
}

fn data_spans(
    elf: &ElfObject<'_>,
    index: SectionId,
    section: &Section<'_>,
    labels: &[(u64, SymbolId)],
    spans: &mut Vec<Span>,
) {
    let groups = groups(elf, labels, |symbol| {
        !symbol.name.starts_with(b".L")
            && name::btf_id(symbol.name).is_none()
            && !is_empty(elf, section, labels, symbol)
            && !name::is_empty_of_rust(symbol.name, symbol.size)
    });
    for (start, end, symbol) in ends(&groups, section) {
        spans.push(Span { section: index, start, end, symbol: Some(symbol) });
    }
}

/// The symbols of each place that has several with a size.
fn shared(
    elf: &ElfObject<'_>,
    section: SectionId,
    labels: &[(u64, SymbolId)],
) -> Vec<(SectionId, u64, Few<SymbolId>)> {
    let has_size = |index: &SymbolId| elf.symbol(*index).size > 0;
    labels
        .chunk_by(|(one, _), (other, _)| one == other)
        .filter(|same| same.len() > 1)
        .filter_map(|same| {
            let (at, _) = same.first()?;
            let symbols: Few<SymbolId> =
                same.iter().map(|(_, index)| *index).filter(has_size).collect();
            (symbols.len() > 1).then_some((section, *at, symbols))
        })
        .collect()
}

/// Whether it is an object without a size and with nothing up to the next label but what can align that. Assemblers give no
/// size to what has no `.size`, and that can hold something.
fn is_empty(
    elf: &ElfObject<'_>,
    section: &Section<'_>,
    labels: &[(u64, SymbolId)],
    symbol: &Symbol<'_>,
) -> bool {
    let behind = labels.partition_point(|(at, _)| *at <= symbol.value);
    let next = labels.get(behind);
    let end = next.map_or(section.size, |(at, _)| *at);
    let room = end.saturating_sub(symbol.value);
    let holds = || {
        // Another object that starts there is what has the room.
        let mut here = labels.ending(behind).iter().rev().take_while(|(at, _)| *at == symbol.value);
        let is_shared = here.any(|(_, index)| elf.symbol(*index).size > 0);
        if room >= section.align.max(8) && !is_shared {
            return true;
        }
        let bytes = section.in_file(symbol.value, end);
        bytes.iter().any(|byte| *byte != 0)
            || section.relocs.within(symbol.value, end).next().is_some()
    };
    symbol.kind == SymbolKind::Object && symbol.size == 0 && !holds()
}

fn empty_objects<'a>(
    elf: &'a ElfObject<'_>,
    section: &'a Section<'_>,
    labels: &'a [(u64, SymbolId)],
) -> impl Iterator<Item = (u64, SymbolId)> + 'a {
    labels.iter().filter_map(|(_, index)| {
        let symbol = elf.symbol(*index);
        (is_empty(elf, section, labels, symbol) && symbol.local).then_some((symbol.value, *index))
    })
}
