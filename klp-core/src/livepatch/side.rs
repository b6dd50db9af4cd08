//! One version of an object, with its digests.

use crate::checksum::Analysis;
use crate::diff::compare;
use crate::elf::{ElfError, Section, Symbol};
use crate::kernel::{Region, is_freed};
use crate::manifest::{self, Manifest};
use crate::name::{self, Stability};
use crate::origin::{self, Definitions};

use super::input::Input;

/// An object with its digests.
pub(super) struct Side<'a> {
    pub(super) analysis: Analysis<'a>,
    pub(super) manifest: manifest::Object,
    /// The span of each data object that the manifest lists.
    pub(super) data: Vec<Option<u32>>,
}

impl<'a> Side<'a> {
    pub(super) fn of(
        bytes: &'a [u8],
        input: &Input<'a>,
        members: Option<&[Definitions]>,
    ) -> Result<Self, ElfError> {
        let analysis = Analysis::of(bytes)?;
        let checksums = analysis.checksums();
        let data = checksums.data.iter().map(|data| data.span).collect();
        let mut manifest = manifest::Object::from_checksums(
            &analysis.elf,
            &analysis.layout,
            checksums.functions,
            checksums.data,
            input.object,
            Some(input.linked),
        );
        if let Some(members) = members {
            manifest.attribute(&origin::Index::of(members));
        }
        Ok(Self { analysis, manifest, data })
    }

    /// The manifest's record of the function of that number.
    pub(super) fn record(&self, number: usize) -> Option<manifest::Function<'_>> {
        self.manifest.functions.get(number)
    }

    /// The kind of memory that a span is in.
    pub(super) fn region(&self, span: u32) -> Region {
        let span = self.analysis.layout.span(span);
        let section = span.and_then(|span| self.analysis.elf.section(span.section));
        section.map_or(Region::Data, region)
    }

    /// The object that the data at a span comes from: this one, unless it was linked of several.
    pub(super) fn object_of(&self, span: u32) -> &str {
        let index = self.data.iter().position(|own| *own == Some(span));
        let origin = index.and_then(|index| self.manifest.data.get(index)?.origin);
        self.manifest.origin(origin)
    }

    /// The symbols that name a function.
    pub(super) fn symbols_of(&self, number: usize) -> impl Iterator<Item = (u32, &Symbol<'a>)> {
        let function = self.analysis.layout.functions.get(number);
        let symbols = function.into_iter().flat_map(|function| function.symbols.iter());
        symbols.filter_map(|index| Some((*index, self.analysis.elf.symbol(*index)?)))
    }

    /// The function that a span is part of.
    pub(super) fn owner(&self, span: u32) -> Option<usize> {
        let functions = self.analysis.layout.functions.iter();
        functions.into_iter().position(|function| function.spans().any(|own| own == span))
    }

    /// The names of the functions that refer to something else than themselves of such a name.
    pub(super) fn callers_of<'n>(
        &'n self,
        is_it: impl Fn(&str) -> bool + 'n,
    ) -> impl Iterator<Item = String> + 'n {
        let functions = self.manifest.functions.iter();
        let callers = functions.filter(move |function| {
            let mut symbols = function.references.iter().filter_map(|it| self.manifest.symbol(*it));
            !is_it(function.name) && symbols.any(|(name, _)| is_it(name))
        });
        callers.map(|function| function.name.to_owned())
    }

    /// The names of variables and constants that refer to something of such a name.
    pub(super) fn tables_of<'n>(
        &'n self,
        is_it: impl Fn(&str) -> bool + 'n,
    ) -> impl Iterator<Item = String> + 'n {
        let tables = self.manifest.data.iter().filter(move |data| {
            let mut symbols = data.references.iter().filter_map(|it| self.manifest.symbol(*it));
            symbols.any(|(name, _)| is_it(name))
        });
        tables.filter_map(|data| data.name.map(ToOwned::to_owned))
    }

    /// All functions.
    pub(super) fn records(&self) -> impl Iterator<Item = manifest::Function<'_>> {
        self.manifest.functions.iter()
    }

    /// The names that `function`, one of these, refers to.
    pub(super) fn names_in<'s>(
        &'s self,
        function: manifest::Function<'s>,
    ) -> impl Iterator<Item = &'s str> {
        let symbols = function.references.iter().filter_map(|it| self.manifest.symbol(*it));
        symbols.map(|(name, _)| name)
    }

    /// Whether a function is in memory that is freed after boot.
    pub(super) fn is_freed(&self, number: usize) -> bool {
        let body = self.analysis.layout.functions.get(number).map(|function| function.body);
        let span = body.and_then(|body| self.analysis.layout.span(body));
        let section = span.and_then(|span| self.analysis.elf.section(span.section));
        section.is_some_and(|section| is_freed(section.name))
    }

    /// Whether the data objects at two spans of two objects have the same content.
    pub(super) fn is_alike(&self, span: u32, other: &Side<'_>, there: u32) -> bool {
        let digest = |side: &Side<'_>, span: u32| {
            let index = side.data.iter().position(|known| *known == Some(span))?;
            side.manifest.data.get(index)?.checksum
        };
        let own = digest(self, span);
        own.is_some() && own == digest(other, there)
    }

    /// The span of the global data object of that name.
    pub(super) fn data_named(&self, name: &[u8]) -> Option<u32> {
        let spans = self.data.iter().flatten().copied();
        spans.into_iter().find(|span| {
            let symbol = self.analysis.layout.span(*span).and_then(|span| span.symbol);
            let symbol = symbol.and_then(|symbol| self.analysis.elf.symbol(symbol));
            symbol.is_some_and(|symbol| !symbol.local && symbol.name == name)
        })
    }

    /// Name and size of the variable at a span, if it can be written and no compiler chose its name.
    pub(super) fn variable(&self, span: u32) -> Option<(String, u64)> {
        let place = self.analysis.layout.span(span)?;
        let symbol = self.analysis.elf.symbol(place.symbol?)?;
        let section = self.analysis.elf.section(place.section)?;
        let is_variable = section.is_writable()
            && symbol.stability == Stability::Stable
            && !name::is_own_variable(symbol.name, section.name);
        is_variable.then(|| (symbol.name_lossy().into_owned(), symbol.size))
    }

    /// The number of the function of that name.
    pub(super) fn function_named(&self, name: &str) -> Option<usize> {
        self.manifest
            .functions
            .iter()
            .position(|function| function.names().any(|known| known == name))
    }
}

/// The region of a section before the last link.
pub(super) fn region(section: &Section<'_>) -> Region {
    Region::of_section(section.name, section.is_code(), section.is_writable())
}

/// The names of functions whose digests are not the same in both.
pub(super) fn differing(one: &Side<'_>, other: &Side<'_>) -> Vec<String> {
    let manifest = |side: &Side<'_>| Manifest::from_iter([side.manifest.clone()]);
    let changes = compare(&manifest(one), &manifest(other));
    let named = changes.functions.into_iter().map(|function| function.name);
    named.chain(changes.refused.into_iter().map(|refused| refused.name)).collect()
}
