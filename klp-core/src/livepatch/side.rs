//! One version of an object, with its digests.

use crate::checksum::Analysis;
use crate::diff::compare;
use crate::elf::{ElfError, Section, Symbol, SymbolId};
use crate::ids::List;
use crate::kernel::{Region, is_freed};
use crate::layout::{FunctionId, SpanId};
use crate::manifest::{self, DataId, Manifest};
use crate::name::{self, Stability};
use crate::origin::{self, Definitions};

use super::input::TouchedObject;

/// An object with its digests.
pub(super) struct ObjectSide<'a> {
    pub(super) analysis: Analysis<'a>,
    pub(super) manifest: manifest::ManifestObject,
    /// The span of each data object that the manifest lists.
    pub(super) data: List<DataId, Option<SpanId>>,
}

impl<'a> ObjectSide<'a> {
    pub(super) fn of(
        bytes: &'a [u8],
        input: &TouchedObject<'a>,
        members: Option<&[Definitions]>,
    ) -> Result<Self, ElfError> {
        let analysis = Analysis::of(bytes)?;
        let checksums = analysis.checksums();
        let data = checksums.data.iter().map(|data| data.span).collect();
        let mut manifest = manifest::ManifestObject::from_checksums(
            &analysis.elf,
            &analysis.layout,
            checksums.functions,
            checksums.data,
            input.object,
            Some(input.linked),
        );
        if let Some(members) = members {
            manifest.attribute(&origin::DefinerIndex::of(members));
        }
        Ok(Self { analysis, manifest, data })
    }

    /// The manifest's record of a function.
    pub(super) fn record(&self, number: FunctionId) -> manifest::ManifestFunction<'_> {
        self.manifest.functions.get(number)
    }

    /// The kind of memory that a span is in.
    pub(super) fn region(&self, span: SpanId) -> Region {
        let span = self.analysis.layout.span(span);
        region(self.analysis.elf.section(span.section))
    }

    /// The object that the data at a span comes from: this one, unless it was linked of several.
    pub(super) fn object_of(&self, span: SpanId) -> &str {
        let origin = self.data_at(span).and_then(|id| self.manifest.data.get(id).origin);
        self.manifest.origin(origin)
    }

    /// The data object of the manifest at a span.
    fn data_at(&self, span: SpanId) -> Option<DataId> {
        let mut data = self.data.with_ids();
        data.find(|(own, _)| **own == Some(span)).map(|(_, id)| id)
    }

    /// The span of a data object of the manifest; none of what no section has.
    pub(super) fn span_of(&self, data: DataId) -> Option<SpanId> {
        *self.data.get(data)?
    }

    /// The symbols that name a function.
    pub(super) fn symbols_of(
        &self,
        number: FunctionId,
    ) -> impl Iterator<Item = (SymbolId, &Symbol<'a>)> {
        let symbols = self.analysis.layout.functions[number].symbols.iter();
        symbols.map(|id| (*id, self.analysis.elf.symbol(*id)))
    }

    /// The function that a span is part of.
    pub(super) fn owner(&self, span: SpanId) -> Option<FunctionId> {
        let mut functions = self.analysis.layout.functions.with_ids();
        let owner = functions.find(|(function, _)| function.spans().any(|own| own == span));
        owner.map(|(_, id)| id)
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

    /// The functions that refer to something of that name.
    pub(super) fn users_of(&self, name: &str) -> impl Iterator<Item = FunctionId> {
        let users = self.manifest.functions.with_ids().filter(move |(function, _)| {
            let mut symbols = function.references.iter().filter_map(|it| self.manifest.symbol(*it));
            symbols.any(|(own, _)| own == name)
        });
        users.map(|(_, id)| id)
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
    pub(super) fn records(&self) -> impl Iterator<Item = manifest::ManifestFunction<'_>> {
        self.manifest.functions.iter()
    }

    /// The names that `function`, one of these, refers to.
    pub(super) fn names_in<'s>(
        &'s self,
        function: manifest::ManifestFunction<'s>,
    ) -> impl Iterator<Item = &'s str> {
        let symbols = function.references.iter().filter_map(|it| self.manifest.symbol(*it));
        symbols.map(|(name, _)| name)
    }

    /// Whether a function is in memory that is freed after boot.
    pub(super) fn is_freed(&self, number: FunctionId) -> bool {
        let layout = &self.analysis.layout;
        let body = layout.span(layout.functions[number].body);
        is_freed(self.analysis.elf.section(body.section).name)
    }

    /// Whether the data objects at two spans of two objects have the same content.
    pub(super) fn is_alike(&self, span: SpanId, other: &ObjectSide<'_>, there: SpanId) -> bool {
        let digest =
            |side: &ObjectSide<'_>, span: SpanId| side.manifest.data.checksum(side.data_at(span)?);
        let own = digest(self, span);
        own.is_some() && own == digest(other, there)
    }

    /// The span of the global data object of that name.
    pub(super) fn data_named(&self, name: &[u8]) -> Option<SpanId> {
        let spans = self.data.iter().flatten().copied();
        spans.into_iter().find(|span| {
            let symbol = self.analysis.layout.span(*span).symbol;
            let symbol = symbol.map(|symbol| self.analysis.elf.symbol(symbol));
            symbol.is_some_and(|symbol| !symbol.local && symbol.name == name)
        })
    }

    /// Name and size of the variable at a span, if it can be written and no compiler chose its name.
    pub(super) fn variable(&self, span: SpanId) -> Option<(String, u64)> {
        let place = self.analysis.layout.span(span);
        let symbol = self.analysis.elf.symbol(place.symbol?);
        let section = self.analysis.elf.section(place.section);
        let is_variable = section.is_writable()
            && symbol.stability == Stability::Stable
            && !name::is_own_variable(symbol.name, section.name);
        is_variable.then(|| (symbol.name_lossy().into_owned(), symbol.size))
    }

    /// The function of that name.
    pub(super) fn function_named(&self, name: &str) -> Option<FunctionId> {
        let mut functions = self.manifest.functions.with_ids();
        let found = functions.find(|(it, _)| it.names().any(|known| known == name));
        found.map(|(_, id)| id)
    }
}

/// The region of a section before the last link.
pub(super) fn region(section: &Section<'_>) -> Region {
    Region::of_section(section.name, section.is_code(), section.is_writable())
}

/// The names of functions whose digests are not the same in both.
pub(super) fn differing(one: &ObjectSide<'_>, other: &ObjectSide<'_>) -> Vec<String> {
    let manifest = |side: &ObjectSide<'_>| Manifest::from_iter([side.manifest.clone()]);
    let changes = compare(&manifest(one), &manifest(other));
    let named = changes.functions.into_iter().map(|function| function.name);
    named.chain(changes.refused.into_iter().map(|refused| refused.name)).collect()
}
