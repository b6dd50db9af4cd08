//! Which bytes of an object are one function or one data object.

mod filler;
mod functions;
mod labels;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::elf::{ElfObject, Section, SectionClass, Symbol, SymbolKind};
use crate::places::Places;
use crate::rules;

use filler::is_filler;
use functions::functions;
use labels::{Labels, groups};

/// A stretch of one section that belongs together.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Section header index.
    pub section: u32,
    /// First byte, as an offset in the section.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// The symbol that names it; none for code that no symbol covers.
    pub symbol: Option<u32>,
}

/// A function: its body and the stretches that live and die with it.
#[derive(Debug)]
pub struct Function {
    /// Index of the body's span.
    pub body: u32,
    /// The `__cfi_`/`__pfx_` stretch in front of it.
    pub prefix: Option<u32>,
    /// Cold parts that the compiler moved away.
    pub cold: Few,
    /// All symbols at the body's first byte, the one of the span first.
    pub symbols: Few,
    /// Function symbols of the prefix and the cold parts.
    pub part_symbols: Few,
}

/// Nearly always one, or none.
pub type Few = SmallVec<[u32; 2]>;

impl Function {
    /// The spans of the function: prefix, body, cold parts.
    pub fn spans(&self) -> impl Iterator<Item = u32> + '_ {
        self.prefix.into_iter().chain([self.body]).chain(self.cold.iter().copied())
    }
}

/// All spans of an object, found by place.
#[derive(Debug, Default)]
pub struct Layout {
    /// Spans by section and start. What fills the room between functions is in none.
    pub spans: Vec<Span>,
    /// Functions in the order of their bodies.
    pub functions: Vec<Function>,
    /// Section, offset and symbol of data objects without a size, such as lock class keys.
    empty: Vec<(u32, u64, u32)>,
    sections: Vec<std::ops::Range<usize>>,
    /// For each section, the starts of its spans.
    places: Vec<Places>,
    /// For each span, where it and all before it in its section end.
    reach: Vec<u64>,
}

impl Layout {
    /// Finds the spans of `elf`.
    #[must_use]
    pub fn of(elf: &ElfObject<'_>) -> Self {
        let labels = Labels::of(elf);
        let sections = elf.sections.par_iter().enumerate();
        let laid_out: Vec<LaidOut> = sections
            .map(|(index, section)| {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                LaidOut::of(elf, index, section, labels.of_section(index))
            })
            .collect();
        let mut layout = Self::default();
        layout.spans.reserve(laid_out.iter().map(|section| section.spans.len()).sum());
        for section in laid_out {
            let from = layout.spans.len();
            layout.spans.extend(section.spans);
            layout.empty.extend(section.empty);
            layout.reach.extend(section.reach);
            layout.places.push(section.places);
            layout.sections.push(from..layout.spans.len());
        }
        layout.functions = functions(elf, &layout.spans, &labels);
        layout
    }

    /// The innermost span that holds `offset` of `section`.
    #[must_use]
    pub fn find(&self, section: u32, offset: u64) -> Option<u32> {
        let range = self.sections.get(section as usize)?.clone();
        let spans = self.spans.get(range.clone())?;
        let reach = self.reach.get(range.clone())?;
        let after = self.after(section, spans, offset)?;
        let before = spans.get(..after)?.iter().zip(reach).enumerate().rev();
        let mut near = before.take_while(|(_, (_, reach))| offset < **reach);
        let (index, _) = near.find(|(_, (span, _))| offset < span.end)?;
        u32::try_from(range.start.checked_add(index)?).ok()
    }

    /// A local data object without a size at exactly `offset` of `section`.
    #[must_use]
    pub fn empty_at(&self, section: u32, offset: u64) -> Option<u32> {
        let from = self.empty.partition_point(|(other, at, _)| (*other, *at) < (section, offset));
        self.empty
            .get(from)
            .filter(|(other, at, _)| (*other, *at) == (section, offset))
            .map(|(.., symbol)| *symbol)
    }

    /// The span that ends at exactly `offset` of `section`.
    #[must_use]
    pub fn ending_at(&self, section: u32, offset: u64) -> Option<u32> {
        let index = self.find(section, offset.checked_sub(1)?)?;
        self.span(index).is_some_and(|span| span.end == offset).then_some(index)
    }

    /// Where the first span after `offset` of `section` starts.
    #[must_use]
    pub fn next_start(&self, section: u32, offset: u64) -> Option<u64> {
        let spans = self.spans.get(self.sections.get(section as usize)?.clone())?;
        spans.get(self.after(section, spans, offset)?).map(|span| span.start)
    }

    /// How many of `spans`, those of `section`, start at or before `offset`.
    fn after(&self, section: u32, spans: &[Span], offset: u64) -> Option<usize> {
        let start = |number: usize| spans.get(number).map_or(u64::MAX, |span| span.start);
        Some(self.places.get(section as usize)?.below(offset.saturating_add(1), start))
    }

    /// The spans of one section.
    #[must_use]
    pub fn of_section(&self, section: u32) -> &[Span] {
        self.sections
            .get(section as usize)
            .and_then(|range| self.spans.get(range.clone()))
            .unwrap_or_default()
    }

    /// Index of the first span of one section.
    #[must_use]
    pub fn first_of_section(&self, section: u32) -> Option<u32> {
        u32::try_from(self.sections.get(section as usize)?.start).ok()
    }

    /// The span at `index`.
    #[must_use]
    pub fn span(&self, index: u32) -> Option<&Span> {
        self.spans.get(index as usize)
    }
}

/// What is in one section.
#[derive(Default)]
struct LaidOut {
    spans: Vec<Span>,
    empty: Vec<(u32, u64, u32)>,
    places: Places,
    reach: Vec<u64>,
}

impl LaidOut {
    fn of(elf: &ElfObject<'_>, index: u32, section: &Section<'_>, labels: &[(u64, u32)]) -> Self {
        let mut own = Self::default();
        if section.is_allocated() && section.is_code() {
            code_spans(elf, index, section, labels, &mut own.spans);
        } else if section.is_allocated()
            && matches!(section.class, SectionClass::Bytes | SectionClass::Zeroed)
        {
            data_spans(elf, index, section, labels, &mut own.spans);
            let empty = empty_objects(elf, labels);
            own.empty = empty.map(|(at, symbol)| (index, at, symbol)).collect();
        }
        let ends = own.spans.iter().map(|span| span.end);
        let reach = ends.scan(0, |reach, end| {
            *reach = end.max(*reach);
            Some(*reach)
        });
        own.reach = reach.collect();
        own.places = Places::of(own.spans.iter().map(|span| span.start));
        own
    }
}

fn ends<'a>(
    groups: &'a [(u64, u64, u32)],
    section: &'a Section<'_>,
) -> impl Iterator<Item = (u64, u64, u32)> + 'a {
    groups.iter().enumerate().filter_map(move |(position, (start, size, symbol))| {
        let next = groups.get(position.saturating_add(1)).map_or(section.size, |next| next.0);
        let end = if *size == 0 { next } else { start.saturating_add(*size).min(section.size) };
        (*start < end).then_some((*start, end, *symbol))
    })
}

fn code_spans(
    elf: &ElfObject<'_>,
    index: u32,
    section: &Section<'_>,
    labels: &[(u64, u32)],
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
        spans.get(from..).unwrap_or_default().iter().map(|span| (span.start, span.end)).collect();
    let labelled = groups(elf, labels, |symbol| {
        symbol.kind != SymbolKind::Function && !symbol.name.starts_with(b".L")
    });
    let mut label = labelled.iter().peekable();
    let mut open = Vec::new();
    let mut add = |start: u64, end: u64, symbol: Option<u32>| {
        if start < end {
            open.push(Span { section: index, start, end, symbol });
        }
    };
    for (gap_start, gap_end) in gaps(&covered, section.size) {
        let mut at = gap_start;
        let mut name = None;
        while label.next_if(|(start, ..)| *start < gap_start).is_some() {}
        while let Some((start, _, symbol)) = label.next_if(|(start, ..)| *start < gap_end) {
            add(at, *start, name);
            (at, name) = (*start, Some(*symbol));
        }
        add(at, gap_end, name);
    }
    // What only fills the room between functions is none of anything.
    spans.par_extend(open.into_par_iter().with_min_len(1024).filter(|span| {
        let code = section.bytes(span.start, span.end.saturating_sub(span.start));
        span.symbol.is_some() || !code.is_some_and(is_filler)
    }));
    if let Some(new) = spans.get_mut(from..) {
        new.sort_by_key(|span| (span.start, span.end));
    }
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
    index: u32,
    section: &Section<'_>,
    labels: &[(u64, u32)],
    spans: &mut Vec<Span>,
) {
    let groups = groups(elf, labels, |symbol| !symbol.name.starts_with(b".L") && !is_empty(symbol));
    for (start, end, symbol) in ends(&groups, section) {
        spans.push(Span { section: index, start, end, symbol: Some(symbol) });
    }
}

fn is_empty(symbol: &Symbol<'_>) -> bool {
    symbol.kind == SymbolKind::Object && symbol.size == 0
}

fn empty_objects<'a>(
    elf: &'a ElfObject<'_>,
    labels: &'a [(u64, u32)],
) -> impl Iterator<Item = (u64, u32)> + 'a {
    labels.iter().filter_map(|(_, index)| {
        let symbol = elf.symbol(*index)?;
        (is_empty(symbol) && symbol.local).then_some((symbol.value, *index))
    })
}

impl Function {
    fn new(body: u32, symbols: Few) -> Self {
        Self { body, prefix: None, cold: Few::new(), symbols, part_symbols: Few::new() }
    }
}
