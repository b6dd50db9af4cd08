//! Patches: what people have in files, applied exactly or not at all.
//!
//! Read are `git format-patch` mails, encoded or not, `git diff`, `diff -u`, `diff -ruN`, and quilt's patches and series.
//! Hunks must match without fuzz, unless it is allowed; they may have moved.

mod apply;
mod edits;
mod error;
mod foreign;
mod freed;
mod header;
mod hunk;
mod kept;
mod left_out;
mod lines;
mod mail;
mod packed;
mod parse;
mod place;
mod room;
mod series;
mod trace;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

pub use edits::Edit;
pub use error::PatchError;
use hunk::Hunk;
use left_out::Unpatchable;
pub(crate) use place::starts_the_kernel;
pub use trace::TracedHunk;

/// One patch file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    path: Utf8PathBuf,
    files: Vec<FileDiff>,
    digest: blake3::Hash,
    /// Its bytes, unpacked.
    text: Vec<u8>,
    /// How many leading directories its names have too many, where a series file says so.
    strip: Option<usize>,
}

/// Patches that are applied in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatchSet {
    patches: Vec<Patch>,
    fuzz: usize,
}

/// What a series does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the root of the sources.
    pub path: Utf8PathBuf,
    /// The bytes before; `None` for a file that is new.
    pub old: Option<Vec<u8>>,
    /// The bytes after; `None` for a file that is removed.
    pub new: Option<Vec<u8>>,
    /// The permission bits after, where the patch says them or the file had them.
    pub mode: Option<u32>,
}

impl FileChange {
    /// What makes the file again what it was. Its permission bits stay.
    #[must_use]
    pub fn undone(&self) -> Self {
        Self { path: self.path.clone(), old: self.new.clone(), new: self.old.clone(), mode: None }
    }
}

/// What a patch does to one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct FileDiff {
    /// The line of the patch where it starts, counted from 1.
    line: usize,
    /// The names as they stand in the patch; `None` is `/dev/null`.
    old: Option<Utf8PathBuf>,
    new: Option<Utf8PathBuf>,
    /// The names have no `a/` and `b/` to take off, as after `rename from`.
    unprefixed: bool,
    origin: FileOrigin,
    /// A time stamp of the epoch says the same as `/dev/null` in a `diff -N`.
    epoch_old: bool,
    epoch_new: bool,
    mode: Option<u32>,
    hunks: Vec<Hunk>,
    /// What of it cannot be applied.
    unpatchable: Option<Unpatchable>,
}

/// Where the lines before come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum FileOrigin {
    /// The file itself.
    #[default]
    Same,
    /// A file that is no more.
    Renamed,
    /// A file that stays.
    Copied,
}

impl Patch {
    /// Reads a patch file.
    pub fn read(path: &Utf8Path) -> Result<Self, PatchError> {
        let bytes =
            fs::read(path).map_err(|source| PatchError::Io { path: path.to_owned(), source })?;
        Self::unpack(&bytes, path)
    }

    /// Parses the bytes of a patch that may be compressed (gzip, xz, bzip2, zstd). `path` names it in errors.
    pub fn unpack(bytes: &[u8], path: &Utf8Path) -> Result<Self, PatchError> {
        Self::parse(&packed::unpacked(bytes, path)?, path)
    }

    /// Parses the bytes of a patch. `path` names it in errors.
    pub fn parse(bytes: &[u8], path: &Utf8Path) -> Result<Self, PatchError> {
        let files = parse::parse(&mail::decoded(bytes), path)?;
        if files.is_empty() {
            return Err(PatchError::Empty { patch: path.to_owned() });
        }
        Ok(Self {
            path: path.to_owned(),
            files,
            digest: blake3::hash(bytes),
            text: bytes.to_vec(),
            strip: None,
        })
    }

    /// Whether it changes, adds or removes a file with that extension.
    #[must_use]
    pub fn touches(&self, extension: &str) -> bool {
        let names = self.files.iter().flat_map(|file| [&file.old, &file.new]).flatten();
        names.into_iter().any(|name| name.extension() == Some(extension))
    }

    /// BLAKE3 of the patch, unpacked.
    #[must_use]
    pub fn digest(&self) -> blake3::Hash {
        self.digest
    }

    /// Where the patch was read from.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }
}

impl PatchSet {
    /// A series, in the order in which it is applied.
    #[must_use]
    pub fn new(patches: Vec<Patch>) -> Self {
        Self { patches, fuzz: 0 }
    }

    /// Reads a series of files. A file named `series`, or a directory that has one, stands for the patches
    /// that it lists, as quilt writes it.
    pub fn read<P: AsRef<Utf8Path>>(paths: &[P]) -> Result<Self, PatchError> {
        let mut patches = Vec::new();
        for path in paths.iter().map(AsRef::as_ref) {
            match series::file(path) {
                Some(series) => patches.extend(series::read(&series)?),
                None => patches.push(Patch::read(path)?),
            }
        }
        Ok(Self::new(patches))
    }

    /// The same, but up to `lines` lines of context at each end of a hunk may be others in the file.
    #[must_use]
    pub fn with_fuzz(self, lines: usize) -> Self {
        Self { fuzz: lines, ..self }
    }

    /// These patches, then those of `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.patches.extend(other.patches);
        self
    }

    /// The patches in order.
    #[must_use]
    pub fn patches(&self) -> &[Patch] {
        &self.patches
    }

    /// Computes all files that the series changes, sorted by path. Nothing is written.
    pub fn apply(&self, root: &Utf8Path) -> Result<Vec<FileChange>, PatchError> {
        Ok(apply::apply(&self.patches, root, self.fuzz)?.changes)
    }
}
