//! What a person names on the command line: objects, checksum files and build directories.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::SavedCommand;
use rayon::prelude::*;

/// A path, and where that is in its build.
#[derive(Debug)]
pub struct PathOperand {
    /// As it was named.
    pub path: Utf8PathBuf,
    /// Where it is in a build, if Kbuild's records say so.
    pub build: Option<InBuild>,
}

/// A file in a build.
#[derive(Debug)]
pub struct InBuild {
    /// The output directory.
    pub root: Utf8PathBuf,
    /// The file, relative to it.
    pub file: Utf8PathBuf,
}

impl PathOperand {
    /// Those that `paths` name.
    #[must_use]
    pub fn all(paths: &[Utf8PathBuf]) -> Vec<Self> {
        paths.par_iter().map(|path| Self::of(path)).collect()
    }

    /// The one that `path` names.
    #[must_use]
    pub fn of(path: &Utf8Path) -> Self {
        Self { path: path.to_owned(), build: InBuild::find(path) }
    }

    /// The output directory that it is, or is in.
    #[must_use]
    pub fn root(&self) -> Option<&Utf8Path> {
        match &self.build {
            Some(build) => Some(&build.root),
            None => Some(self.path.as_path()).filter(|path| path.is_dir()),
        }
    }
}

impl InBuild {
    /// From the command that Kbuild saved beside `path`.
    fn find(path: &Utf8Path) -> Option<Self> {
        let path = camino::absolute_utf8(path).ok()?;
        let saved = SavedCommand::of_target(path.parent()?, path.file_name()?.as_ref()).ok()?;
        let root = path.as_str().strip_suffix(saved.target.as_str())?.strip_suffix('/')?;
        Some(Self { root: root.into(), file: saved.target })
    }
}
