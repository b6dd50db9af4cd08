//! Parts of a patch that cannot be applied, and need not be where nothing is made from the file.
//!
//! Between two revisions of a kernel there are links and binary files in its tests and its documentation.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{FileDiff, PatchError, PatchSet, apply};
use crate::names::{few, nothing_is_made_from};

/// What is more than lines of a plain file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unpatchable {
    /// Bytes that are no lines.
    Binary {
        /// The line of the patch.
        line: usize,
    },
    /// A symlink or a submodule.
    NotAFile {
        /// The line of the patch.
        line: usize,
        /// As git writes it.
        mode: String,
    },
}

impl Unpatchable {
    /// Why `file` stops the patch.
    pub(super) fn error(self, patch: Utf8PathBuf, file: &Utf8Path) -> PatchError {
        let file = file.to_string();
        match self {
            Self::Binary { line } => PatchError::Binary { patch, line, file },
            Self::NotAFile { line, mode } => PatchError::NotAFile { patch, line, file, mode },
        }
    }
}

/// The files that are left out, and what of which patch is the reason; none where a symlink of the sources is.
#[derive(Debug, Default)]
pub(super) struct LeftOutFiles(BTreeMap<Utf8PathBuf, Option<(Utf8PathBuf, Unpatchable)>>);

impl LeftOutFiles {
    /// Whether the part `file` of `patch`, about these paths of the sources at `root`, is left out. It is an error if it
    /// cannot be applied, or if patches before did not make the file what it should be.
    pub(super) fn take(
        &mut self,
        patch: &Utf8Path,
        file: &FileDiff,
        paths: &[&Utf8PathBuf],
        root: &Utf8Path,
    ) -> Result<bool, PatchError> {
        let known = paths.iter().find_map(|path| self.0.get(*path).cloned()).flatten();
        let this = file.unpatchable.as_ref().map(|what| (patch.to_owned(), what.clone()));
        let why = this.or(known);
        let is_needed = paths.iter().any(|path| !nothing_is_made_from(path));
        if is_needed {
            return match (why, paths.last()) {
                (Some((name, what)), Some(last)) => Err(what.error(name, last)),
                _ => Ok(false),
            };
        }
        // A symlink that is only renamed has no mode in a patch. Lines are those of what a symlink leads to.
        let is_link = || paths.iter().any(|path| root.join(path).is_symlink());
        if why.is_none() && !(file.hunks.is_empty() && is_link()) {
            return Ok(false);
        }
        for path in paths {
            self.0.entry((*path).clone()).or_insert_with(|| why.clone());
        }
        Ok(true)
    }

    /// What is left out and why, in one sentence.
    fn note(&self) -> Option<String> {
        let names: Vec<String> = self.0.keys().map(Utf8PathBuf::to_string).collect();
        let (what, are) = match names.len() {
            0 => return None,
            1 => ("a symlink, submodule or binary file", "is"),
            _ => ("symlinks, submodules or binary files", "are"),
        };
        Some(format!("{} {are} left out: {what} that nothing is made from", few(&names)))
    }
}

impl PatchSet {
    /// What of the series is left out for the sources at `root`, as a sentence for people.
    pub fn left_out(&self, root: &Utf8Path) -> Result<Option<String>, PatchError> {
        Ok(apply::apply(&self.patches, root, self.fuzz)?.left_out.note())
    }
}
