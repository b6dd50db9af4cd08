//! Who refers to what is left of a function.

use super::Whereabouts;
use super::copies::{FunctionSymbolKind, is_of};
use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::checksum::{Analysis, distance};
use crate::demangle::spoken;
use crate::elf::{
    Definition, ElfError, Place, Reloc, RelocKind, Section, SectionId, SymbolId, SymbolKind,
};
use crate::layout::Span;
use crate::rules;

/// What refers to a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// A function, or a data object.
    pub name: String,
    /// What it does.
    pub how: CallerKind,
}

/// What is done with a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallerKind {
    /// A direct call.
    Calls,
    /// A jump in place of a call at the end of a function.
    Jumps,
    /// Code that has its address.
    Address,
    /// Data that has its address, such as a table of operations.
    Data,
    /// An export of the kernel or a module.
    Export,
}

/// A reference: to a symbol that is elsewhere, or to a place.
enum CallTarget {
    Symbol(SymbolId),
    Place(Place),
}

/// Adds to each of `all` who refers to it in the object with these `bytes`.
pub(super) fn add(bytes: &[u8], all: &mut [Whereabouts]) -> Result<(), ElfError> {
    let analysis = Analysis::of(bytes)?;
    let search = CallerSearch { analysis: &analysis };
    for function in &analysis.layout.functions {
        let symbol = function.symbols.first().map(|symbol| analysis.elf.symbol(*symbol));
        let Some(symbol) = symbol else { continue };
        let name = spoken(&symbol.name_lossy());
        for span in function.spans().map(|span| analysis.layout.span(span)) {
            search.code(span, |target, how| {
                for went in all.iter_mut().filter(|went| search.is_meant(went, target)) {
                    went.callers.insert(Caller { name: name.clone(), how });
                }
            });
        }
    }
    for (section, index) in analysis.elf.sections.with_ids() {
        if !section.is_allocated() || section.is_code() {
            continue;
        }
        for reloc in section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None) {
            let Some((name, how)) = search.data(index, section, &reloc) else { continue };
            let Some(target) = search.target(&reloc, reloc.addend) else { continue };
            for went in all.iter_mut().filter(|went| search.is_meant(went, &target)) {
                went.callers.insert(Caller { name: name.clone(), how });
            }
        }
    }
    // What a function does with itself, and with its own parts, says nothing.
    for went in all {
        let own: Vec<String> = went.copies.iter().map(|copy| spoken(&copy.symbol)).collect();
        went.callers.retain(|caller| {
            !own.contains(&caller.name)
                || matches!(caller.how, CallerKind::Data | CallerKind::Export)
        });
    }
    Ok(())
}

struct CallerSearch<'a, 'data> {
    analysis: &'a Analysis<'data>,
}

impl CallerSearch<'_, '_> {
    /// Tells all references to code or to something elsewhere in `span`.
    fn code(&self, span: &Span, tell: impl FnMut(&CallTarget, CallerKind)) {
        for_machine!(self.analysis.elf.machine, A => self.instructions::<A>(span, tell));
    }

    fn instructions<A: Arch>(&self, span: &Span, mut tell: impl FnMut(&CallTarget, CallerKind)) {
        let section = self.analysis.elf.section(span.section);
        let Some(code) = section.range(span.start, span.end) else { return };
        let mut relocs = section.relocs.within(span.start, span.end).peekable();
        let mut instructions = A::Instructions::new(code, span.start);
        while let Some(decoded) = instructions.next() {
            let next = instructions.place().end;
            let (branch, how) = match decoded.map(|decoded| decoded.form) {
                Ok(Form::Branch { call: true, target }) => (Some(target), CallerKind::Calls),
                Ok(Form::Branch { call: false, target }) => (Some(target), CallerKind::Jumps),
                _ => (None, CallerKind::Address),
            };
            let mut is_linked = false;
            while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < next) {
                if reloc.kind == RelocKind::None {
                    continue;
                }
                is_linked = true;
                let addend = distance(&reloc, next).unwrap_or(reloc.addend);
                if let Some(target) = self.target(&reloc, addend) {
                    tell(&target, how);
                }
            }
            if let Some(target) = branch.filter(|_| !is_linked)
                && !(span.start..span.end).contains(&target)
            {
                tell(&CallTarget::Place(span.section.at(target)), how);
            }
        }
    }

    /// What has the relocation, if that is data which says something about a function.
    fn data(
        &self,
        index: SectionId,
        section: &Section<'_>,
        reloc: &Reloc,
    ) -> Option<(String, CallerKind)> {
        let span = self.analysis.layout.find(index, reloc.offset);
        let span = span.map(|span| self.analysis.layout.span(span));
        let symbol = span.and_then(|span| Some(self.analysis.elf.symbol(span.symbol?)));
        if section.name.starts_with(b"__ksymtab") || section.name.starts_with(b".export_symbol") {
            return Some((section.name_lossy().into_owned(), CallerKind::Export));
        }
        let is_told = rules::for_section(section.name).is_none()
            && !rules::is_attributed(section.name)
            && !section.is_unwind_table();
        let symbol = symbol.filter(|_| is_told)?;
        Some((spoken(&symbol.name_lossy()), CallerKind::Data))
    }

    fn target(&self, reloc: &Reloc, addend: i64) -> Option<CallTarget> {
        let symbol = self.analysis.elf.symbol(reloc.symbol);
        match symbol.place {
            Definition::Section(section) => {
                Some(CallTarget::Place(section.at(symbol.value.checked_add_signed(addend)?)))
            }
            Definition::Undefined if symbol.kind != SymbolKind::Section => {
                Some(CallTarget::Symbol(reloc.symbol))
            }
            _ => None,
        }
    }

    /// Whether `target` is the function.
    fn is_meant(&self, went: &Whereabouts, target: &CallTarget) -> bool {
        match target {
            CallTarget::Symbol(symbol) => {
                let symbol = self.analysis.elf.symbol(*symbol);
                is_of(&symbol.name_lossy(), &went.function)
            }
            CallTarget::Place(place) => went.copies.iter().any(|copy| {
                copy.how != FunctionSymbolKind::ColdPart && copy.section.at(copy.offset) == *place
            }),
        }
    }
}
