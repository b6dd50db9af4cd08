//! What functions and data objects have in common when they are correlated.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::checksum::{ContentKind, Digest};
use crate::manifest::{ManifestData, ManifestFunction, ManifestObject, ShortDigest};
use crate::meaning::{self, SectionContent};
use crate::name::{self, Stability};

use super::files::{NameHome, NameScope};

/// Something with a name, a scope and a digest.
#[derive(Debug)]
pub(super) struct NamedUnit<'a> {
    /// Its symbol; empty for what has none.
    pub(super) name: &'a str,
    /// The name up to what a compiler numbers or hashes.
    pub(super) base: Cow<'a, str>,
    /// Other names for it, the same way.
    pub(super) aliases: Vec<Cow<'a, str>>,
    /// Where the name holds.
    pub(super) scope: NameScope,
    /// None: it cannot be compared.
    pub(super) digest: Option<Digest>,
    /// Of a function, the digest of its instructions alone.
    pub(super) instructions: Option<ShortDigest>,
    /// It is data that nobody writes, and its place among others says nothing.
    pub(super) is_constant: bool,
}

impl<'a> NamedUnit<'a> {
    pub(super) fn functions(
        object: &'a ManifestObject,
        scope: impl Fn(NameHome) -> NameScope + Sync,
    ) -> Vec<Self> {
        let functions = object.functions.par_iter().with_min_len(1024);
        functions.map(|function| Self::function(function, &scope)).collect()
    }

    pub(super) fn data(
        object: &'a ManifestObject,
        scope: impl Fn(NameHome) -> NameScope + Sync,
    ) -> Vec<Self> {
        let data = object.data.par_iter().with_min_len(1024);
        data.map(|data| Self::data_object(data, &scope)).collect()
    }

    fn function(function: ManifestFunction<'a>, scope: impl Fn(NameHome) -> NameScope) -> Self {
        // Code without a symbol is named after its place, which says nothing.
        let (name, base) = match function.name.split_once('+') {
            Some((section, _)) if section.starts_with('.') => ("", Cow::Borrowed(section)),
            _ => (function.name, base(function.name)),
        };
        Self {
            name,
            base,
            aliases: function.aliases.into_iter().map(self::base).collect(),
            scope: scope(NameHome {
                file: function.file,
                origin: function.origin,
                promoted: name::promoted(function.name).is_some(),
            }),
            digest: function.checksum,
            instructions: function.kind(ContentKind::Instruction),
            is_constant: false,
        }
    }

    fn data_object(data: ManifestData<'a>, scope: impl Fn(NameHome) -> NameScope) -> Self {
        let base = match data.name {
            Some(name) => base(name),
            None => Cow::Owned(format!("{} (unnamed)", section_base(data.section))),
        };
        Self {
            name: data.name.unwrap_or_default(),
            base,
            aliases: data.aliases.into_iter().map(self::base).collect(),
            scope: scope(NameHome {
                file: data.file,
                origin: data.origin,
                promoted: data.name.and_then(name::promoted).is_some(),
            }),
            digest: data.checksum,
            instructions: None,
            is_constant: is_constant(&data),
        }
    }

    /// The name, then the other names, without what a compiler numbers or hashes.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.base).chain(&self.aliases).map(|name| &**name)
    }

    /// Whether LLVM made it global for other units.
    pub(super) fn is_promoted(&self) -> bool {
        name::promoted(self.name).is_some()
    }

    /// Whether a compiler chose a part of the name, or all of it.
    pub(super) fn is_numbered(&self) -> bool {
        self.base != self.name
    }
}

/// Whether nobody writes `data` and no table of the linker lists it.
fn is_constant(data: &ManifestData<'_>) -> bool {
    !data.stand.writable
        && !data.stand.in_table
        && meaning::of_name(data.section.as_bytes(), SectionContent::Constants).is_empty()
}

/// The section's name up to what is put behind it with data sections, where that says nothing:
/// `.rodata` for `.rodata..Lanon.HASH.0`, `.bss` for `.bss.__key.3`, `.data.count` for `.data.count.2`, and the level of an
/// initcall that has a section of its own.
fn section_base(section: &str) -> Cow<'_, str> {
    if let Some(level) = meaning::initcall_level(section.as_bytes()) {
        return String::from_utf8_lossy(level);
    }
    for start in [".rodata", ".data.rel.ro", ".data", ".bss"] {
        let Some(own) = section.strip_prefix(start).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        return match name::stability(own.as_bytes(), true) {
            Stability::Unstable => Cow::Borrowed(start),
            _ => Cow::Owned(format!("{start}.{}", base(own))),
        };
    }
    Cow::Borrowed(section)
}

/// [`name::base`] of text.
pub(super) fn base(name: &str) -> Cow<'_, str> {
    match name::base(name.as_bytes()) {
        Cow::Borrowed(bytes) if bytes.len() == name.len() => Cow::Borrowed(name),
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
