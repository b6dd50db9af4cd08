//! What the last build left: both versions of each object, and the sources that they were made from.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::atomic;
use crate::build::BuildError;
use crate::patch::{FileChange, PatchError, PatchSet, TracedHunk};
use crate::tree::Tree;

/// A build of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Without the patches.
    Original,
    /// With the patches.
    Patched,
}

/// Where the last build in a directory of ours left what it made.
#[derive(Debug, Clone)]
pub struct LastBuild {
    /// The objects without the patches.
    pub original: Utf8PathBuf,
    /// The objects that were made with them; what is not there is as in the original.
    pub patched: Utf8PathBuf,
    /// The directory that make worked in. Records of objects name files from there.
    pub build: Utf8PathBuf,
    /// The sources, as records and debug information name them.
    pub sources: Utf8PathBuf,
    /// The output directory of the kernel, which has its configuration.
    pub kernel: Utf8PathBuf,
    /// The sources that the patches are for, where they are not those that were built from.
    of_person: Option<Utf8PathBuf>,
    /// What tells the sources from others, where objects outlive them.
    stamps: Option<Utf8PathBuf>,
    patches: Utf8PathBuf,
    lines: Utf8PathBuf,
}

/// What the patches of the last build did to the sources.
#[derive(Debug, Clone, Default)]
pub struct Patching {
    /// Each hunk, in the order of the patches.
    pub hunks: Vec<TracedHunk>,
    /// The files.
    pub changes: Vec<FileChange>,
}

impl LastBuild {
    /// Of a kernel, in our directory `root`.
    #[must_use]
    pub fn of_kernel(root: &Utf8Path) -> Self {
        let (build, patched) = (root.join("build"), root.join("patched"));
        Self {
            original: build.clone(),
            // Beside the objects that they made, and gone with them.
            patches: patched.join(".patches"),
            patched,
            kernel: build.clone(),
            build,
            sources: root.join("mirror"),
            of_person: None,
            stamps: Some(root.join("mirror.stamps")),
            lines: root.join("lines"),
        }
    }

    /// Of the module in `directory`, which is built for `kernel` in our directory `root`.
    #[must_use]
    pub fn of_module(root: &Utf8Path, directory: &Utf8Path, kernel: &Tree) -> Self {
        let build = root.join("build");
        Self {
            original: root.join("original"),
            patched: build.clone(),
            sources: build.clone(),
            build,
            kernel: kernel.output.clone(),
            of_person: Some(directory.to_owned()),
            stamps: None,
            patches: root.join("patches"),
            lines: root.join("lines"),
        }
    }

    /// The directory of objects that were compiled again with debug information.
    #[must_use]
    pub fn lines(&self, version: Version) -> Utf8PathBuf {
        self.lines.join(match version {
            Version::Original => "original",
            Version::Patched => "patched",
        })
    }

    /// The files that say which sources its objects were made from, as far as it is not gone with another build.
    pub fn records_of_sources(&self, version: Version) -> impl Iterator<Item = &Utf8Path> {
        let patches = (version == Version::Patched).then_some(&self.patches);
        self.stamps.iter().chain(patches).map(Utf8PathBuf::as_path)
    }

    /// Writes down which patches it had.
    pub fn keep_patches(&self, patches: &PatchSet) -> Result<(), BuildError> {
        let failed = |source| BuildError::Io { path: self.patches.clone(), source };
        patches.keep(&self.patches).map_err(failed)
    }

    /// What its patches did; none where it had none. It is an error if sources that were patched are others by now.
    pub fn patching(&self) -> Result<Option<Patching>, BuildError> {
        let Some(patches) = PatchSet::kept(&self.patches)? else { return Ok(None) };
        let of = |sources: &Utf8Path| -> Result<Patching, PatchError> {
            Ok(Patching { hunks: patches.trace(sources)?, changes: patches.apply(sources)? })
        };
        let Some(path) = &self.of_person else { return Ok(Some(of(&self.sources)?)) };
        match of(path) {
            Ok(patching) if self.is_built_from(&patching.changes) => Ok(Some(patching)),
            _ => Err(BuildError::OtherSources { path: path.clone() }),
        }
    }

    /// Removes what is known about it, since another build begins.
    pub(crate) fn forget(&self) -> Result<(), BuildError> {
        let removed =
            atomic::remove_file(&self.patches).and_then(|()| atomic::remove_dir(&self.lines));
        removed.map_err(|source| BuildError::Io { path: self.lines.clone(), source })
    }

    /// Whether what was built from has what `changes` make of a person's sources.
    fn is_built_from(&self, changes: &[FileChange]) -> bool {
        // A file that the patches remove is not there.
        changes.iter().all(|change| fs::read(self.sources.join(&change.path)).ok() == change.new)
    }
}
