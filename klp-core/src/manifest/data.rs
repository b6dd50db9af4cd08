//! The data of an object.

use bitcode::{Decode, Encode};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checksum::Digest;
use crate::ids::{Id, List};
use crate::lists::{Lists, Strings};

use super::SymbolNames;

/// The digest of a data object, or why there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "DataChecksum")]
pub struct ManifestData<'a> {
    /// Its name; none for what neither has one nor is referred to.
    pub name: Option<&'a str>,
    /// Other names for it.
    #[serde(skip_serializing_if = "SymbolNames::is_empty")]
    pub aliases: SymbolNames<'a>,
    /// Name of its section; `COMMON` and `ABS` for what is in none.
    pub section: &'a str,
    /// Where and how it stands there.
    #[serde(flatten)]
    pub stand: Stand,
    /// Index into [`ManifestObject::files`](super::ManifestObject::files); none for global data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<u32>,
    /// Index into [`ManifestObject::origins`](super::ManifestObject::origins).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<u32>,
    /// Over its content and the unnamed data that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Digest>,
    /// Why it has no checksum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'a str>,
    /// Symbols that it and the unnamed data behind it refer to, as [`ManifestObject::symbol`](super::ManifestObject::symbol)
    /// knows them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub references: &'a [u32],
}

/// Where a data object stands, and how.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode,
)]
#[serde(rename_all = "kebab-case")]
pub struct Stand {
    /// Bytes from the start of its section.
    #[serde(default)]
    pub offset: u64,
    /// The alignment that it is known to ask for, as a power of 2.
    #[serde(default)]
    pub asks: u8,
    /// The alignment that its place has, the same way.
    #[serde(default)]
    pub has: u8,
    /// The alignment of its section, the same way, if it may be what asks for it; 0 where that is not known.
    #[serde(default)]
    pub may_ask: u8,
    /// Whether it can be written.
    #[serde(default)]
    pub writable: bool,
    /// Whether it is an entry of a table that the linker puts together: its place among the others counts.
    #[serde(default)]
    pub in_table: bool,
}

/// One of an object's data objects.
pub type DataId = Id<ManifestData<'static>>;

/// Data objects, by place: a column for each field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct DataObjects {
    names: Strings,
    aliases: Strings,
    sections: Strings,
    stands: Vec<Stand>,
    files: Vec<Option<u32>>,
    origins: Vec<Option<u32>>,
    checksums: Vec<Option<Digest>>,
    refused: Strings,
    references: Lists<u32>,
}

impl<'a> ManifestData<'a> {
    /// Its name, then the others.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.name.into_iter().chain(self.aliases)
    }
}

impl DataObjects {
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
    pub fn get(&self, id: DataId) -> ManifestData<'_> {
        self.at(id.position())
    }

    /// Its digest, if it has one.
    pub(crate) fn checksum(&self, id: DataId) -> Option<Digest> {
        self.checksum_at(id.position())
    }

    fn checksum_at(&self, position: usize) -> Option<Digest> {
        self.checksums.get(position).copied().flatten()
    }

    /// Inlined, so that only those columns are read that are asked for.
    #[inline]
    pub(super) fn at(&self, position: usize) -> ManifestData<'_> {
        ManifestData {
            name: self.names.get(position).filter(|name| !name.is_empty()),
            aliases: SymbolNames::new(self.aliases.text(position)),
            section: self.sections.text(position),
            stand: self.stands.get(position).copied().unwrap_or_default(),
            file: self.files.get(position).copied().flatten(),
            origin: self.origins.get(position).copied().flatten(),
            checksum: self.checksum_at(position),
            refused: self.refused(position),
            references: self.references.get(position),
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
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ManifestData<'_>> {
        (0..self.len()).map(|position| self.at(position))
    }

    /// All of them.
    #[must_use]
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = ManifestData<'_>> {
        (0..self.len()).into_par_iter().map(|position| self.at(position))
    }

    /// All of them with their ids.
    #[must_use]
    pub fn with_ids(&self) -> impl ExactSizeIterator<Item = (ManifestData<'_>, DataId)> {
        self.iter().enumerate().map(|(at, data)| (data, DataId::of_position(at)))
    }

    /// A list of something else that has the same ids.
    pub(crate) fn alongside<V: Default>(&self) -> List<DataId, V> {
        (0..self.len()).map(|_| V::default()).collect()
    }

    /// Keeps those for which `keep` says so.
    pub(crate) fn retain(&mut self, keep: impl Fn(ManifestData<'_>) -> bool) {
        *self = self.iter().filter(|data| keep(*data)).collect();
    }

    /// Index into [`ManifestObject::origins`](super::ManifestObject::origins) of each.
    pub(crate) fn set_origins(&mut self, origins: Vec<Option<u32>>) {
        self.origins = origins;
    }

    pub(super) fn push(&mut self, data: ManifestData<'_>) {
        self.names.push(data.name.unwrap_or_default());
        self.aliases.push(data.aliases.text());
        self.sections.push(data.section);
        self.stands.push(data.stand);
        self.files.push(data.file);
        self.origins.push(data.origin);
        self.checksums.push(data.checksum);
        self.refused.push(data.refused.unwrap_or_default());
        self.references.push(data.references);
    }

    /// All of `parts`, one behind the other.
    pub(super) fn concat(parts: &[Self]) -> Self {
        Self {
            names: Strings::concat(parts.iter().map(|part| &part.names)),
            aliases: Strings::concat(parts.iter().map(|part| &part.aliases)),
            sections: Strings::concat(parts.iter().map(|part| &part.sections)),
            stands: parts.iter().flat_map(|part| &part.stands).copied().collect(),
            files: parts.iter().flat_map(|part| &part.files).copied().collect(),
            origins: parts.iter().flat_map(|part| &part.origins).copied().collect(),
            checksums: parts.iter().flat_map(|part| &part.checksums).copied().collect(),
            refused: Strings::concat(parts.iter().map(|part| &part.refused)),
            references: Lists::concat(parts.iter().map(|part| &part.references)),
        }
    }

    /// Whether all columns have the same length.
    pub(super) fn is_whole(&self) -> bool {
        let count = self.len();
        let strings = [&self.names, &self.aliases, &self.sections, &self.refused];
        strings.iter().all(|column| column.are(count))
            && [&self.files, &self.origins].iter().all(|column| column.len() == count)
            && self.checksums.len() == count
            && self.stands.len() == count
            && self.references.are(count)
    }
}

impl<'a> FromIterator<ManifestData<'a>> for DataObjects {
    fn from_iter<I: IntoIterator<Item = ManifestData<'a>>>(data: I) -> Self {
        let mut all = Self::default();
        for data in data {
            all.push(data);
        }
        all
    }
}
