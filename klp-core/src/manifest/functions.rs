//! The functions of an object.

use std::borrow::Cow;

use bitcode::{Decode, Encode};
use rayon::prelude::*;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use crate::checksum::{ContentKind, Digest, ShortDigest};
use crate::ids::List;
use crate::layout::FunctionId;
use crate::lists::{Lists, Strings};

/// The digest of a function, or why there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "FunctionChecksum")]
pub struct ManifestFunction<'a> {
    /// Its preferred name.
    pub name: &'a str,
    /// Index into [`ManifestObject::files`](super::ManifestObject::files); none for global functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<u32>,
    /// Index into [`ManifestObject::origins`](super::ManifestObject::origins).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<u32>,
    /// Other names for the same code.
    #[serde(skip_serializing_if = "SymbolNames::is_empty")]
    pub aliases: SymbolNames<'a>,
    /// Symbols of its cold parts and its prefix.
    #[serde(skip_serializing_if = "SymbolNames::is_empty")]
    pub parts: SymbolNames<'a>,
    /// Over everything it does and reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Digest>,
    /// Why it has no checksum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'a str>,
    /// Short digests of each kind of content, to tell which kind differs.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub kinds: &'a [(ContentKind, ShortDigest)],
    /// Symbols that it refers to, as [`ManifestObject::symbol`](super::ManifestObject::symbol) knows them, in the order of
    /// their first use.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub references: &'a [u32],
    /// Symbols that the unnamed data behind it refers to.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub behind: &'a [u32],
}

impl<'a> ManifestFunction<'a> {
    /// Its preferred name, then the others.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        std::iter::once(self.name).chain(self.aliases)
    }

    /// The short digest of its content of that kind.
    #[must_use]
    pub fn kind(&self, wanted: ContentKind) -> Option<ShortDigest> {
        self.kinds.iter().find(|(kind, _)| *kind == wanted).map(|(_, digest)| *digest)
    }
}

/// Names of symbols, each with a NUL behind it, as in an object's string table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SymbolNames<'a>(&'a str);

impl<'a> SymbolNames<'a> {
    /// Those in `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(self) -> &'a str {
        self.0
    }
}

impl<'a> IntoIterator for SymbolNames<'a> {
    type Item = &'a str;
    type IntoIter = std::str::SplitTerminator<'a, char>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.split_terminator('\0')
    }
}

impl JsonSchema for SymbolNames<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

impl Serialize for SymbolNames<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(*self)
    }
}

/// Functions, by place: a column for each field, since there are many and most fields are short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Functions {
    pub(super) names: Strings,
    pub(super) files: Vec<Option<u32>>,
    pub(super) origins: Vec<Option<u32>>,
    pub(super) aliases: Strings,
    pub(super) parts: Strings,
    pub(super) checksums: Vec<Option<Digest>>,
    pub(super) refused: Strings,
    pub(super) kinds: Lists<(ContentKind, ShortDigest)>,
    pub(super) references: Lists<u32>,
    pub(super) behind: Lists<u32>,
}

impl Functions {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// That one of this object.
    #[must_use]
    pub fn get(&self, id: FunctionId) -> ManifestFunction<'_> {
        self.at(id.position())
    }

    /// Its digest, if it has one.
    pub(crate) fn checksum(&self, id: FunctionId) -> Option<Digest> {
        self.checksum_at(id.position())
    }

    fn checksum_at(&self, position: usize) -> Option<Digest> {
        self.checksums.get(position).copied().flatten()
    }

    /// Inlined, so that only those columns are read that are asked for.
    #[inline]
    pub(super) fn at(&self, position: usize) -> ManifestFunction<'_> {
        ManifestFunction {
            name: self.names.text(position),
            file: self.files.get(position).copied().flatten(),
            origin: self.origins.get(position).copied().flatten(),
            aliases: SymbolNames(self.aliases.text(position)),
            parts: SymbolNames(self.parts.text(position)),
            checksum: self.checksum_at(position),
            refused: self.refused(position),
            kinds: self.kinds.get(position),
            references: self.references.get(position),
            behind: self.behind.get(position),
        }
    }

    /// What has no digest is refused, with or without a reason.
    #[inline]
    fn refused(&self, position: usize) -> Option<&str> {
        let has_digest = self.checksums.get(position).is_some_and(Option::is_some);
        let why = self.refused.text(position);
        (!has_digest || !why.is_empty()).then_some(why)
    }

    /// All of them.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ManifestFunction<'_>> {
        self.starting(0)
    }

    /// All from a position on.
    #[must_use]
    pub fn starting(&self, from: usize) -> impl ExactSizeIterator<Item = ManifestFunction<'_>> {
        (from..self.len()).map(|position| self.at(position))
    }

    /// All of them.
    #[must_use]
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = ManifestFunction<'_>> {
        (0..self.len()).into_par_iter().map(|position| self.at(position))
    }

    /// All of them with their ids.
    #[must_use]
    pub fn with_ids(&self) -> impl ExactSizeIterator<Item = (ManifestFunction<'_>, FunctionId)> {
        self.iter().enumerate().map(|(at, function)| (function, FunctionId::of_position(at)))
    }

    /// The same, for several threads.
    pub(crate) fn par_with_ids(
        &self,
    ) -> impl IndexedParallelIterator<Item = (ManifestFunction<'_>, FunctionId)> {
        let functions = self.par_iter().enumerate();
        functions.map(|(at, function)| (function, FunctionId::of_position(at)))
    }

    /// A list of something else that has the same ids.
    pub(crate) fn alongside<V: Default>(&self) -> List<FunctionId, V> {
        (0..self.len()).map(|_| V::default()).collect()
    }

    /// Keeps those for which `keep` says so.
    pub(crate) fn retain(&mut self, keep: impl Fn(ManifestFunction<'_>) -> bool) {
        *self = self.iter().filter(|function| keep(*function)).collect();
    }

    /// Index into [`ManifestObject::origins`](super::ManifestObject::origins) of each.
    pub(crate) fn set_origins(&mut self, origins: Vec<Option<u32>>) {
        self.origins = origins;
    }

    pub(super) fn push(&mut self, function: ManifestFunction<'_>) {
        self.names.push(function.name);
        self.files.push(function.file);
        self.origins.push(function.origin);
        self.aliases.push(function.aliases.0);
        self.parts.push(function.parts.0);
        self.checksums.push(function.checksum);
        self.refused.push(function.refused.unwrap_or_default());
        self.kinds.push(function.kinds);
        self.references.push(function.references);
        self.behind.push(function.behind);
    }

    /// Whether all columns have the same length.
    pub(super) fn is_whole(&self) -> bool {
        let count = self.len();
        let strings = [&self.names, &self.aliases, &self.parts, &self.refused];
        strings.iter().all(|column| column.are(count))
            && [&self.files, &self.origins].iter().all(|column| column.len() == count)
            && self.checksums.len() == count
            && self.kinds.are(count)
            && self.references.are(count)
            && self.behind.are(count)
    }
}

impl<'a> FromIterator<ManifestFunction<'a>> for Functions {
    fn from_iter<I: IntoIterator<Item = ManifestFunction<'a>>>(functions: I) -> Self {
        let mut all = Self::default();
        for function in functions {
            all.push(function);
        }
        all
    }
}
