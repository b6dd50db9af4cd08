//! The digests of one or many objects, as they are kept in a file.

mod data;
mod facts;
mod file;
mod functions;
mod kept;
mod records;

use std::sync::Arc;

use bitcode::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checksum::{Analysis, Digest, DigestedObject, ObjectDigests};
use crate::elf::ElfError;
use crate::input::Input;
use crate::lists::Strings;

pub use crate::checksum::ShortDigest;
pub use crate::layout::FunctionId;
pub use data::{DataId, DataObjects, ManifestData, Stand};
pub use facts::Fact;
pub use file::{FORMAT_VERSION, ManifestError, is_manifest, schema};
pub use functions::{Functions, ManifestFunction, SymbolNames};

/// The digests of a set of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// In the order in which they were given. Those that a patch leaves alone are shared by both builds.
    pub objects: Vec<Arc<ManifestObject>>,
}

impl FromIterator<ManifestObject> for Manifest {
    fn from_iter<T: IntoIterator<Item = ManifestObject>>(objects: T) -> Self {
        Self { objects: objects.into_iter().map(Arc::new).collect() }
    }
}

/// The digests of one object.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ObjectChecksums")]
pub struct ManifestObject {
    /// Its path in the build, `fs/proc/meminfo.o`, or the path it was given by.
    pub object: String,
    /// What it is linked into: `vmlinux`, or a module such as `fs/ext4/ext4`.
    pub linked: Option<String>,
    /// How many function symbols it defines, aliases and parts of functions included.
    pub function_symbols: usize,
    /// Source files that its local symbols come from, in symbol-table order. Base names only.
    pub files: Vec<String>,
    /// Global symbols that its functions refer to, then the local ones; see [`ManifestObject::symbol`].
    pub globals: Strings,
    /// See `globals`.
    pub locals: Strings,
    /// Index into `files` of each of `locals`.
    #[serde(default)]
    pub local_files: Vec<Option<u32>>,
    /// Of each of `locals` 0 where it is the only one of its name and file, else its number among them by place, from
    /// 1; empty where all are the only ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub local_ranks: Vec<u32>,
    /// What it says about its symbols to others than code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The objects that it was linked from, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// The digest of the whole file, if something in it was refused: in the same file nothing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// Its functions, by place.
    #[serde(skip)]
    pub functions: Functions,
    /// Its data, by place.
    #[serde(skip)]
    pub data: DataObjects,
}

impl ManifestObject {
    /// Index into [`ManifestObject::files`] of the symbol behind one of [`ManifestFunction::references`]; none for
    /// global ones.
    #[must_use]
    pub fn symbol_file(&self, reference: u32) -> Option<u32> {
        let local = (reference as usize).checked_sub(self.globals.len())?;
        self.local_files.get(local).copied().flatten()
    }

    /// The number of the symbol behind one of [`ManifestFunction::references`] among the local ones of its name and file,
    /// from 0; none where it is the only one.
    #[must_use]
    pub fn symbol_rank(&self, reference: u32) -> Option<usize> {
        let local = (reference as usize).checked_sub(self.globals.len())?;
        let rank = self.local_ranks.get(local).copied().unwrap_or(0);
        usize::try_from(rank.checked_sub(1)?).ok()
    }

    /// The Kbuild object that something of this object comes from: itself, unless it was linked.
    #[must_use]
    pub fn origin(&self, origin: Option<u32>) -> &str {
        let origin = origin.and_then(|origin| self.origins.get(origin as usize));
        origin.unwrap_or(&self.object)
    }

    /// The name and scope (true: local) behind one of [`ManifestFunction::references`].
    #[must_use]
    pub fn symbol(&self, reference: u32) -> Option<(&str, bool)> {
        let reference = reference as usize;
        match reference.checked_sub(self.globals.len()) {
            None => Some((self.globals.get(reference)?, false)),
            Some(local) => Some((self.locals.get(local)?, true)),
        }
    }
}

impl ManifestObject {
    /// Digests the object in `data`. `object` and `linked` are taken over as they are.
    pub fn of(data: &[u8], object: &str, linked: Option<&str>) -> Result<Self, ElfError> {
        Ok(Self::digested(data, object, linked, || ())?.0)
    }

    /// Digests an object file, and keeps what it takes to tell later where a function differs from another
    /// version. It has less of it in memory than [`ManifestObject::of`].
    pub fn of_input<'data>(
        input: &'data Input,
        object: &str,
        linked: Option<&str>,
    ) -> Result<(Self, DigestedObject<'data>), ElfError> {
        Self::digested(input, object, linked, || input.give_back())
    }

    fn digested<'data>(
        data: &'data [u8],
        object: &str,
        linked: Option<&str>,
        give_back: impl Fn() + Sync,
    ) -> Result<(Self, DigestedObject<'data>), ElfError> {
        let analysis = Analysis::of(data)?;
        give_back();
        let ObjectDigests { functions, data: of_data, boundaries } =
            analysis.checksums_and_rests(&give_back);
        // What only digests need is given back before there is a record of each.
        let Analysis { mut elf, layout, .. } = analysis;
        let facts = Fact::of(&elf);
        elf.forget_relocs();
        give_back();
        let object = Self::from_checksums(&elf, &layout, functions, of_data, object, linked);
        let object = Self { facts, ..object };
        Ok((object.with_content(data), DigestedObject::known(data, boundaries)))
    }

    /// The same as [`ManifestObject::of_input`], for one that will be asked: it keeps the analysis, too.
    pub fn digest<'data>(
        data: &'data [u8],
        object: &str,
        linked: Option<&str>,
    ) -> Result<(Self, DigestedObject<'data>), ElfError> {
        let analysis = Analysis::of(data)?;
        let ObjectDigests { functions, data: of_data, boundaries } =
            analysis.checksums_and_closure();
        let Analysis { elf, layout, .. } = &analysis;
        let object = Self::from_checksums(elf, layout, functions, of_data, object, linked);
        let object = Self { facts: Fact::of(elf), ..object };
        Ok((object.with_content(data), DigestedObject::known(data, boundaries).with(analysis)))
    }

    /// With the digest of the whole file, where something in it has none.
    fn with_content(mut self, data: &[u8]) -> Self {
        if self.has_refusals() {
            self.content = Some(Digest::of(data));
        }
        self
    }

    /// Whether something in it has no digest.
    pub(crate) fn has_refusals(&self) -> bool {
        self.functions.iter().any(|function| function.refused.is_some())
            || self.data.iter().any(|data| data.refused.is_some())
    }
}
