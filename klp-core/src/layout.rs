//! Which bytes of an object are one function or one data object.

mod filler;
mod functions;
pub(crate) mod label_tables;
mod labels;
mod section;

use std::ops::Range;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::elf::{ElfObject, Section, SectionId, SymbolId};
use crate::ids::{Id, List};
use crate::meaning;
use crate::places::PlaceIndex;
use crate::rules;
use crate::slices::SliceParts as _;

use functions::functions;
use labels::LabelIndex;
use section::LaidOut;

/// A stretch of one section that belongs together.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The section.
    pub section: SectionId,
    /// First byte, as an offset in the section.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// The symbol that names it; none for code that no symbol covers.
    pub symbol: Option<SymbolId>,
}

/// A function: its body and the stretches that live and die with it.
#[derive(Debug)]
pub struct Function {
    /// The span of the body.
    pub body: SpanId,
    /// The `__cfi_`/`__pfx_` stretch in front of it.
    pub prefix: Option<SpanId>,
    /// Cold parts that the compiler moved away.
    pub cold: Few<SpanId>,
    /// All symbols at the body's first byte, the one of the span first.
    pub symbols: Few<SymbolId>,
    /// Function symbols of the prefix and the cold parts.
    pub part_symbols: Few<SymbolId>,
}

/// Nearly always one, or none.
pub type Few<I> = SmallVec<[I; 2]>;

/// One of an object's spans.
pub type SpanId = Id<Span>;
/// One of an object's functions.
pub type FunctionId = Id<Function>;

impl Function {
    /// The spans of the function: prefix, body, cold parts.
    pub fn spans(&self) -> impl Iterator<Item = SpanId> + '_ {
        self.prefix.into_iter().chain([self.body]).chain(self.cold.iter().copied())
    }
}

/// Section, offset and symbol of a place that is marked inside of something; none where the kernel's own tables mark it.
pub(crate) type Label = (SectionId, u64, Option<SymbolId>);

/// All spans of an object, found by place.
#[derive(Debug, Default)]
pub struct Layout {
    /// Spans by section and start. What fills the room between functions is in none.
    pub spans: List<SpanId, Span>,
    /// Functions in the order of their bodies.
    pub functions: List<FunctionId, Function>,
    /// Section, offset and symbol of data objects without a size, such as lock class keys.
    empty: Vec<(SectionId, u64, SymbolId)>,
    /// Section, offset and symbol of global labels inside functions: places that others jump to, copy from or patch; and of
    /// names inside data objects.
    inner: Vec<Label>,
    /// Section, offset and symbols of data objects that have several.
    shared: Vec<(SectionId, u64, Few<SymbolId>)>,
    /// Spans with global names, and the local one that they have besides.
    local: Vec<(SpanId, SymbolId)>,
    /// Section, offset and symbol of numbers that are filled in by name, in `.BTF_ids`.
    ids: Vec<(SectionId, u64, SymbolId)>,
    /// For each section, which spans are its own.
    sections: List<SectionId, Range<usize>>,
    /// For each section, the starts of its spans.
    places: List<SectionId, PlaceIndex>,
    /// For each span, where it and all before it in its section end.
    reach: Vec<u64>,
}

impl Layout {
    /// Finds the spans of `elf`.
    #[must_use]
    pub fn of(elf: &ElfObject<'_>) -> Self {
        let labels = LabelIndex::of(elf);
        let sections = elf.sections.par_with_ids();
        let laid_out: Vec<LaidOut> = sections
            .map(|(section, id)| LaidOut::of(elf, id, section, labels.of_section(id)))
            .collect();
        let mut layout = Self::default();
        let mut spans = Vec::with_capacity(laid_out.iter().map(|it| it.spans.len()).sum());
        for section in laid_out {
            let from = spans.len();
            spans.extend(section.spans);
            layout.empty.extend(section.empty);
            layout.inner.extend(section.inner);
            layout.shared.extend(section.shared);
            layout.ids.extend(section.ids);
            layout.reach.extend(section.reach);
            layout.places.push(section.places);
            layout.sections.push(from..spans.len());
        }
        layout.spans = spans.into();
        layout.functions = functions(elf, &layout.spans, &labels);
        layout.add_listed(elf);
        layout.local = layout.local_names(elf);
        layout
    }

    fn local_names(&self, elf: &ElfObject<'_>) -> Vec<(SpanId, SymbolId)> {
        let functions = self.functions.iter().map(|function| (function.body, &function.symbols));
        let data = self.shared.iter().filter_map(|(section, offset, symbols)| {
            let span = self.find(*section, *offset)?;
            Some((span, symbols)).filter(|_| self.span(span).start == *offset)
        });
        let several = functions.chain(data).filter(|(_, symbols)| symbols.len() > 1);
        let mut local: Vec<(SpanId, SymbolId)> = several
            .filter_map(|(span, symbols)| {
                let named = elf.symbol(self.span(span).symbol?);
                let local = labels::best_local(elf, symbols).filter(|_| !named.local)?;
                Some((span, local))
            })
            .collect();
        local.sort_unstable();
        local
    }

    /// By what name a reference through the section calls a span. Assemblers refer to global symbols by
    /// name, so it is a local one where there is one, whatever other names come or go.
    #[must_use]
    pub fn called(&self, id: SpanId) -> Option<SymbolId> {
        let local = self.local.binary_search_by_key(&id, |(span, _)| *span);
        let local = local.ok().and_then(|found| self.local.get(found)).map(|(_, symbol)| *symbol);
        local.or(self.span(id).symbol)
    }

    /// Adds the places inside functions that tables of the kernel's own list: someone does something to what is there.
    fn add_listed(&mut self, elf: &ElfObject<'_>) {
        let sections = elf.sections.par_with_ids();
        let mut listed: Vec<Label> =
            sections.flat_map_iter(|(section, _)| listed(elf, section)).collect();
        if listed.is_empty() {
            return;
        }
        listed.retain(|(section, offset, _)| {
            let span = self.find(*section, *offset);
            span.is_some_and(|span| self.span(span).start < *offset)
        });
        self.inner.extend(listed);
        // Of several at one place, those with a symbol are first.
        self.inner.sort_unstable_by_key(|(section, at, symbol)| {
            (*section, *at, symbol.is_none(), *symbol)
        });
        self.inner.dedup();
    }

    /// The innermost span that holds `offset` of `section`.
    #[must_use]
    pub fn find(&self, section: SectionId, offset: u64) -> Option<SpanId> {
        let range = &self.sections[section];
        let spans = self.of_section(section);
        let reach = self.reach.get(range.clone())?;
        let after = self.after(section, spans, offset);
        let before = spans.get(..after)?.iter().zip(reach).enumerate().rev();
        let mut near = before.take_while(|(_, (_, reach))| offset < **reach);
        let (index, _) = near.find(|(_, (span, _))| offset < span.end)?;
        self.spans.checked(range.start.checked_add(index)?)
    }

    /// A local data object without a size at exactly `offset` of `section`.
    #[must_use]
    pub fn empty_at(&self, section: SectionId, offset: u64) -> Option<SymbolId> {
        let from = self.empty.partition_point(|(other, at, _)| (*other, *at) < (section, offset));
        self.empty
            .get(from)
            .filter(|(other, at, _)| (*other, *at) == (section, offset))
            .map(|(.., symbol)| *symbol)
    }

    /// All local data objects without a size: section, offset and symbol.
    pub(crate) fn empty_objects(&self) -> &[(SectionId, u64, SymbolId)] {
        &self.empty
    }

    /// The global labels inside functions, and names inside data objects, from `start` to `end` of `section`.
    #[must_use]
    pub(crate) fn inner_labels(&self, section: SectionId, start: u64, end: u64) -> &[Label] {
        within(&self.inner, section, start, end)
    }

    /// The symbols of numbers that are filled in by name, from `start` to `end` of `section`.
    #[must_use]
    pub(crate) fn ids(
        &self,
        section: SectionId,
        start: u64,
        end: u64,
    ) -> &[(SectionId, u64, SymbolId)] {
        within(&self.ids, section, start, end)
    }

    /// The span that ends at exactly `offset` of `section`.
    #[must_use]
    pub fn ending_at(&self, section: SectionId, offset: u64) -> Option<SpanId> {
        let id = self.find(section, offset.checked_sub(1)?)?;
        (self.span(id).end == offset).then_some(id)
    }

    /// Where the first span after `offset` of `section` starts.
    #[must_use]
    pub fn next_start(&self, section: SectionId, offset: u64) -> Option<u64> {
        let spans = self.of_section(section);
        spans.get(self.after(section, spans, offset)).map(|span| span.start)
    }

    /// Where the spans before `offset` of `section` end; none where there is no span before.
    #[must_use]
    pub(crate) fn end_before(&self, section: SectionId, offset: u64) -> Option<u64> {
        let spans = self.of_section(section);
        let before = spans.partition_point(|span| span.start < offset).checked_sub(1)?;
        self.reach.get(self.sections[section].clone())?.get(before).copied()
    }

    /// The symbols that stand at `offset` of the data section `section`, where there are several.
    #[must_use]
    pub(crate) fn data_symbols(&self, section: SectionId, offset: u64) -> &[SymbolId] {
        let key = (section, offset);
        let found =
            self.shared.binary_search_by_key(&key, |(section, offset, _)| (*section, *offset));
        let found = found.ok().and_then(|index| self.shared.get(index));
        found.map(|(.., symbols)| symbols.as_slice()).unwrap_or_default()
    }

    /// Where the first span or object without a size after `offset` of `section` starts.
    #[must_use]
    pub(crate) fn next_label(&self, section: SectionId, offset: u64) -> Option<u64> {
        let after = |(of, at, _): &(SectionId, u64, SymbolId)| (*of, *at) <= (section, offset);
        let empty = self.empty.get(self.empty.partition_point(after));
        let empty = empty.filter(|(of, ..)| *of == section).map(|(_, at, _)| *at);
        self.next_start(section, offset).into_iter().chain(empty).min()
    }

    /// How many of `spans`, those of `section`, start at or before `offset`.
    fn after(&self, section: SectionId, spans: &[Span], offset: u64) -> usize {
        let start = |number: usize| spans.get(number).map_or(u64::MAX, |span| span.start);
        self.places[section].below(offset.saturating_add(1), start)
    }

    /// The spans of one section.
    #[must_use]
    pub fn of_section(&self, section: SectionId) -> &[Span] {
        let Range { start, end } = self.sections[section];
        self.spans.as_slice().between(start, end)
    }

    /// The same with their ids.
    #[must_use]
    pub fn with_ids_of_section(
        &self,
        section: SectionId,
    ) -> impl ExactSizeIterator<Item = (&Span, SpanId)> {
        let Range { start, end } = self.sections[section];
        self.spans.between(start, end)
    }

    /// That span of this object.
    #[must_use]
    pub fn span(&self, id: SpanId) -> &Span {
        &self.spans[id]
    }
}

/// Those of the sorted `labels` from `start` to `end` of `section`.
fn within<T>(
    labels: &[(SectionId, u64, T)],
    section: SectionId,
    start: u64,
    end: u64,
) -> &[(SectionId, u64, T)] {
    let below = |at: u64| labels.partition_point(|(of, offset, _)| (*of, *offset) < (section, at));
    labels.between(below(start), below(end))
}

/// What a table of the kernel's own says about code, if the section is one: the places, without a symbol.
fn listed<'a>(
    elf: &'a ElfObject<'_>,
    section: &'a Section<'_>,
) -> impl Iterator<Item = Label> + 'a {
    let is_table = meaning::is_linker_table(section)
        && !rules::is_attributed(section.name)
        && rules::for_section(section.name).is_none();
    let relocs = is_table.then(|| section.relocs.iter()).into_iter().flatten();
    relocs
        .filter_map(|reloc| elf.code_place_of(&reloc))
        .map(|place| (place.section, place.offset, None))
}

impl Function {
    fn new(body: SpanId, symbols: Few<SymbolId>) -> Self {
        Self { body, prefix: None, cold: Few::new(), symbols, part_symbols: Few::new() }
    }
}
