//! Bytes of constants that no instruction reads any more.
//!
//! Compilers write what a function fills its own variables with into the instructions, and leave the constant behind that
//! it came from. LLVM does so with all of it or with the end of it. Such bytes change together with their function, and
//! nobody else can read them: they are no data that changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::checksum::{Analysis, Constant};
use crate::elf::{Place, Reloc, RelocKind, SectionClass, SymbolKind};
use crate::meaning::{self, Holds};
use crate::name::Stability;

use super::uses::Uses;

/// An object, and who has changed in it.
pub(crate) struct Unread<'a, 'data> {
    object: &'a Analysis<'data>,
    constants: Vec<Constant>,
    /// By number.
    functions: BTreeMap<usize, usize>,
    /// Where the code of those is that have changed, and of those that have not.
    changed: Vec<(u32, u64, u64)>,
    others: Vec<(u32, u64, u64)>,
}

impl<'a, 'data> Unread<'a, 'data> {
    /// `changed` are functions of `object` by number.
    pub(crate) fn of(object: &'a Analysis<'data>, changed: &BTreeSet<usize>) -> Self {
        let (mut own, mut others, mut functions) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (number, function) in object.layout.functions.iter().enumerate() {
            let has_changed = changed.contains(&number);
            let spans = function.spans().filter_map(|span| object.layout.span(span));
            let spans = spans.map(|span| (span.section, span.start, span.end));
            if has_changed {
                own.extend(spans);
            } else {
                functions.insert(number, number);
                others.extend(spans);
            }
        }
        own.sort_unstable();
        others.sort_unstable();
        Self { object, constants: object.constants(), functions, changed: own, others }
    }

    /// Whether what starts at `start` of `section`, and has no name, is nobody's but the changed functions'.
    pub(crate) fn has(&self, section: u32, start: u64) -> bool {
        let Analysis { elf, layout, .. } = self.object;
        let Some(header) = elf.section(section) else { return false };
        let is_plain = header.is_allocated()
            && !header.is_code()
            && !header.is_writable()
            && !header.is_merged()
            && header.class == SectionClass::Bytes
            && meaning::of_name(header.name, Holds::Constants).is_empty();
        let next = layout.next_start(section, start).unwrap_or(header.size);
        let known = self.constants.iter().find(|it| (it.section, it.start) == (section, start));
        let end = known.map_or(next, |constant| constant.end);
        let first = layout.end_before(section, start).unwrap_or(0);
        if !is_plain || self.changed.is_empty() || layout.find(section, start).is_some() {
            return false;
        }
        let is_named = elf.symbols.iter().any(|symbol| {
            symbol.place == Place::Section(section)
                && symbol.kind != SymbolKind::Section
                && symbol.stability != Stability::Unstable
                && (start..end).contains(&symbol.value)
        });
        if is_named || self.is_referred_to_from_elsewhere(section, (first, end)) {
            return false;
        }
        let origin = self.object.origin(section, start);
        if !self.changed.iter().any(|(code, at, _)| self.object.origin(*code, *at).may_be(origin)) {
            return false;
        }
        let stretch = (section, start, end);
        let (indexing, beside) =
            Uses::strictly(self.object, stretch, self.functions.clone()).find();
        indexing.is_empty() && beside.is_empty()
    }

    /// Whether data, or code that belongs to no function, refers to the constants without names of `range`.
    fn is_referred_to_from_elsewhere(&self, section: u32, range: (u64, u64)) -> bool {
        let elf = &self.object.elf;
        let leads_there = |is_code: bool, reloc: &Reloc| {
            let Some(symbol) = elf.symbol(reloc.symbol) else { return false };
            let at = symbol.value.checked_add_signed(reloc.addend);
            // What an instruction means lies some bytes behind.
            let first = range.0.saturating_sub(if is_code { 16 } else { 0 });
            reloc.kind != RelocKind::None
                && symbol.place == Place::Section(section)
                && at.is_none_or(|at| (first..=range.1).contains(&at))
        };
        let sections = elf.sections.iter().zip(0u32..).filter(|(from, _)| from.is_allocated());
        let mut relocs = sections.flat_map(|(from, number)| {
            let relocs = from.relocs.iter();
            relocs.map(move |reloc| (from.is_code(), number, reloc))
        });
        relocs.any(|(is_code, from, reloc)| {
            leads_there(is_code, &reloc)
                && !(is_code
                    && [&self.changed, &self.others]
                        .into_iter()
                        .any(|spans| is_within(spans, from, reloc.offset)))
        })
    }
}

fn is_within(spans: &[(u32, u64, u64)], section: u32, offset: u64) -> bool {
    let behind = spans.partition_point(|(of, start, _)| (*of, *start) <= (section, offset));
    let last = behind.checked_sub(1).and_then(|last| spans.get(last));
    last.is_some_and(|(of, _, end)| *of == section && offset < *end)
}
