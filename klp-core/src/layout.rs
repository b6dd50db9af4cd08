//! Which bytes of an object are one function or one data object.

mod filler;
mod functions;
pub(crate) mod label_tables;
mod labels;
mod section;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::elf::{ElfObject, Section};
use crate::meaning;
use crate::places::Places;
use crate::rules;
use crate::slices::Parts as _;

use functions::functions;
use labels::Labels;
use section::LaidOut;

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
    /// Section, offset and symbol of global labels inside functions: places that others jump to, copy from or patch; and of
    /// names inside data objects.
    inner: Vec<(u32, u64, u32)>,
    /// Section, offset and symbols of data objects that have several.
    shared: Vec<(u32, u64, Few)>,
    /// Spans with global names, and the local one that they have besides.
    local: Vec<(u32, u32)>,
    /// Section, offset and symbol of numbers that are filled in by name, in `.BTF_ids`.
    ids: Vec<(u32, u64, u32)>,
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
            layout.inner.extend(section.inner);
            layout.shared.extend(section.shared);
            layout.ids.extend(section.ids);
            layout.reach.extend(section.reach);
            layout.places.push(section.places);
            layout.sections.push(from..layout.spans.len());
        }
        layout.functions = functions(elf, &layout.spans, &labels);
        layout.add_listed(elf);
        layout.local = layout.local_names(elf);
        layout
    }

    fn local_names(&self, elf: &ElfObject<'_>) -> Vec<(u32, u32)> {
        let functions = self.functions.iter().map(|function| (function.body, &function.symbols));
        let data = self.shared.iter().filter_map(|(section, offset, symbols)| {
            let span = self.find(*section, *offset)?;
            Some((span, symbols)).filter(|_| self.span(span).is_some_and(|it| it.start == *offset))
        });
        let several = functions.chain(data).filter(|(_, symbols)| symbols.len() > 1);
        let mut local: Vec<(u32, u32)> = several
            .filter_map(|(span, symbols)| {
                let named = elf.symbol(self.span(span)?.symbol?)?;
                let local = labels::best_local(elf, symbols).filter(|_| !named.local)?;
                Some((span, local))
            })
            .collect();
        local.sort_unstable();
        local
    }

    /// By what name a reference through the section calls the span at `index`. Assemblers refer to global symbols by
    /// name, so it is a local one where there is one, whatever other names come or go.
    #[must_use]
    pub fn called(&self, index: u32) -> Option<u32> {
        let local = self.local.binary_search_by_key(&index, |(span, _)| *span);
        let local = local.ok().and_then(|found| self.local.get(found)).map(|(_, symbol)| *symbol);
        local.or_else(|| self.span(index)?.symbol)
    }

    /// Adds the places inside functions that tables of the kernel's own list: someone does something to what is there.
    fn add_listed(&mut self, elf: &ElfObject<'_>) {
        let mut listed: Vec<(u32, u64, u32)> =
            elf.sections.par_iter().flat_map_iter(|section| listed(elf, section)).collect();
        if listed.is_empty() {
            return;
        }
        listed.retain(|(section, offset, _)| {
            let span = self.find(*section, *offset).and_then(|span| self.span(span));
            span.is_some_and(|span| span.start < *offset)
        });
        self.inner.extend(listed);
        self.inner.sort_unstable();
        self.inner.dedup();
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

    /// All local data objects without a size: section, offset and symbol.
    pub(crate) fn empty_objects(&self) -> &[(u32, u64, u32)] {
        &self.empty
    }

    /// The global labels inside functions, and names inside data objects, from `start` to `end` of `section`.
    #[must_use]
    pub(crate) fn inner_labels(&self, section: u32, start: u64, end: u64) -> &[(u32, u64, u32)] {
        within(&self.inner, section, start, end)
    }

    /// The symbols of numbers that are filled in by name, from `start` to `end` of `section`.
    #[must_use]
    pub(crate) fn ids(&self, section: u32, start: u64, end: u64) -> &[(u32, u64, u32)] {
        within(&self.ids, section, start, end)
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

    /// Where the spans before `offset` of `section` end; none where there is no span before.
    #[must_use]
    pub(crate) fn end_before(&self, section: u32, offset: u64) -> Option<u64> {
        let range = self.sections.get(section as usize)?.clone();
        let spans = self.spans.get(range.clone())?;
        let before = spans.partition_point(|span| span.start < offset).checked_sub(1)?;
        self.reach.get(range)?.get(before).copied()
    }

    /// The symbols that stand at `offset` of the data section `section`, where there are several.
    #[must_use]
    pub(crate) fn data_symbols(&self, section: u32, offset: u64) -> &[u32] {
        let key = (section, offset);
        let found =
            self.shared.binary_search_by_key(&key, |(section, offset, _)| (*section, *offset));
        let found = found.ok().and_then(|index| self.shared.get(index));
        found.map(|(.., symbols)| symbols.as_slice()).unwrap_or_default()
    }

    /// Where the first span or object without a size after `offset` of `section` starts.
    #[must_use]
    pub(crate) fn next_label(&self, section: u32, offset: u64) -> Option<u64> {
        let after = |(of, at, _): &(u32, u64, u32)| (*of, *at) <= (section, offset);
        let empty = self.empty.get(self.empty.partition_point(after));
        let empty = empty.filter(|(of, ..)| *of == section).map(|(_, at, _)| *at);
        self.next_start(section, offset).into_iter().chain(empty).min()
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

/// Those of the sorted `labels` from `start` to `end` of `section`.
fn within(labels: &[(u32, u64, u32)], section: u32, start: u64, end: u64) -> &[(u32, u64, u32)] {
    let below = |at: u64| labels.partition_point(|(of, offset, _)| (*of, *offset) < (section, at));
    labels.between(below(start), below(end))
}

/// What a table of the kernel's own says about code, if the section is one: the places, without a symbol.
fn listed<'a>(
    elf: &'a ElfObject<'_>,
    section: &'a Section<'_>,
) -> impl Iterator<Item = (u32, u64, u32)> + 'a {
    let is_table = meaning::is_linker_table(section)
        && !rules::is_attributed(section.name)
        && rules::for_section(section.name).is_none();
    let relocs = is_table.then(|| section.relocs.iter()).into_iter().flatten();
    relocs.filter_map(|reloc| elf.code_place_of(&reloc)).map(|(code, at)| (code, at, u32::MAX))
}

impl Function {
    fn new(body: u32, symbols: Few) -> Self {
        Self { body, prefix: None, cold: Few::new(), symbols, part_symbols: Few::new() }
    }
}
