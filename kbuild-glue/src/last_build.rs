//! What the last build left: both versions of each object, and the sources that they were made from.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::atomic;
use crate::build::BuildError;
use crate::patch::{FileChange, PatchSet, TracedHunk};
use crate::tree::Tree;

/// A build of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildVersion {
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
    /// The files that the patches change, as they were before; other files can be there, too.
    before: Utf8PathBuf,
    /// What tells the sources from others, where objects outlive them.
    stamps: Option<Utf8PathBuf>,
    patches: Utf8PathBuf,
    lines: Utf8PathBuf,
}

/// What the patches of the last build did to the sources.
#[derive(Debug, Clone, Default)]
pub struct AppliedPatches {
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
            before: root.join("mirror"),
            stamps: Some(root.join("mirror.stamps")),
            lines: root.join("lines"),
        }
    }

    /// Of a module outside of the kernel's sources, which is built for `kernel` in our directory `root`.
    #[must_use]
    pub fn of_module(root: &Utf8Path, kernel: &Tree) -> Self {
        let build = root.join("build");
        Self {
            original: root.join("original"),
            patched: build.clone(),
            sources: build.clone(),
            build,
            kernel: kernel.output.clone(),
            before: root.join("before"),
            stamps: None,
            patches: root.join("patches"),
            lines: root.join("lines"),
        }
    }

    /// The directory of objects that were compiled again with debug information.
    #[must_use]
    pub fn lines(&self, version: BuildVersion) -> Utf8PathBuf {
        self.lines.join(match version {
            BuildVersion::Original => "original",
            BuildVersion::Patched => "patched",
        })
    }

    /// The files that say which sources its objects were made from, as far as it is not gone with another build.
    pub fn records_of_sources(&self, version: BuildVersion) -> impl Iterator<Item = &Utf8Path> {
        let patches = (version == BuildVersion::Patched).then_some(&self.patches);
        self.stamps.iter().chain(patches).map(Utf8PathBuf::as_path)
    }

    /// Writes down which patches it had.
    pub fn keep_patches(&self, patches: &PatchSet) -> Result<(), BuildError> {
        let failed = BuildError::io(&self.patches);
        patches.keep(&self.patches).map_err(failed)
    }

    /// What its patches did; none where it had none.
    pub fn patching(&self) -> Result<Option<AppliedPatches>, BuildError> {
        let Some(patches) = PatchSet::kept(&self.patches)? else { return Ok(None) };
        let hunks = patches.trace(&self.before)?;
        Ok(Some(AppliedPatches { hunks, changes: patches.apply(&self.before)? }))
    }

    /// Keeps the files of a module as they were before `changes`: nothing else has them once it is patched.
    pub(crate) fn keep_files(&self, changes: &[FileChange]) -> Result<(), BuildError> {
        for change in changes {
            let path = self.before.join(&change.path);
            let failed = BuildError::io(&path);
            if let Some(bytes) = &change.old {
                fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(failed)?;
                fs::write(&path, bytes).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Removes what is known about a build of a module, since another one begins.
    pub(crate) fn forget(&self) -> Result<(), BuildError> {
        let removed = atomic::remove_file(&self.patches)
            .and_then(|()| atomic::remove_dir(&self.before))
            .and_then(|()| atomic::remove_dir(&self.lines));
        removed.map_err(BuildError::io(&self.lines))
    }
}
