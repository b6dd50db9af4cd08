//! What can be wrong with a patch.

use camino::Utf8PathBuf;
use thiserror::Error;

/// Why a patch cannot be read or applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The file system refused.
    #[error("cannot read `{path}`")]
    Io {
        /// The patch, or the file that it changes.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Git has no such difference.
    #[error("git cannot tell what `{range}` changes: {message}")]
    Git {
        /// As it was given.
        range: String,
        /// What git said.
        message: String,
    },
    /// Two revisions are the same.
    #[error("no changes in `{range}`")]
    NoDifference {
        /// As it was given.
        range: String,
    },
    /// It is compressed and does not come out.
    #[error("cannot unpack the patch `{patch}` with {program}")]
    Packed {
        /// The patch.
        patch: Utf8PathBuf,
        /// What unpacks such files.
        program: &'static str,
        /// What went wrong.
        source: std::io::Error,
    },
    /// There is no diff in it.
    #[error("no changes in the patch `{patch}`")]
    Empty {
        /// The patch.
        patch: Utf8PathBuf,
    },
    /// A line is not of the format.
    #[error("{patch}:{line}: {what}")]
    Malformed {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// It changes bytes that are not lines of text.
    #[error("{patch}:{line}: the binary change of `{file}` cannot be applied")]
    Binary {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// The file, or what the patch calls it.
        file: String,
    },
    /// It changes a symlink or a submodule.
    #[error("{patch}:{line}: only plain files can be patched, not `{file}` of mode {mode}")]
    NotAFile {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// Relative to the root of the sources.
        file: String,
        /// The mode as git writes it.
        mode: String,
    },
    /// A path starts at the root of the file system.
    #[error("{patch}:{line}: `{path}` is an absolute name")]
    Absolute {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// The path as it stands in the patch.
        path: String,
    },
    /// A path leads through a symlink to something else of the tree.
    #[error("{patch}:{line}: `{path}` leads through a symlink, to `{target}`")]
    Symlink {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// Relative to the root of the sources.
        path: Utf8PathBuf,
        /// Where it leads, relative to the root of the sources.
        target: Utf8PathBuf,
    },
    /// A path has `..` in it, or leads through a symlink out of the tree.
    #[error("{patch}:{line}: `{path}` leaves the source tree")]
    Outside {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// The path as it stands in the patch.
        path: String,
    },
    /// It changes a directory.
    #[error("{patch}:{line}: `{path}` is a directory, and a patch changes files")]
    Directory {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// Relative to the root of the sources.
        path: Utf8PathBuf,
    },
    /// A file would be below another file, which stays.
    #[error("{patch}:{line}: `{path}` is below a file, not a directory")]
    BelowAFile {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// Relative to the root of the sources.
        path: Utf8PathBuf,
    },
    /// A patch was applied before, in the same series.
    #[error("`{patch}` makes the same changes as `{first}` before it")]
    Twice {
        /// The patch.
        patch: Utf8PathBuf,
        /// The same one, before it.
        first: Utf8PathBuf,
    },
    /// The file to change is not there.
    #[error("{patch}:{line}: no file `{path}` to patch")]
    NoFile {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// Relative to the root of the sources.
        path: Utf8PathBuf,
    },
    /// The file to create is there.
    #[error("{patch}:{line}: the new file `{path}` exists")]
    Exists {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// Relative to the root of the sources.
        path: Utf8PathBuf,
        /// Whether it has the content that the patch gives it.
        already_applied: bool,
    },
    /// A file to remove would keep lines.
    #[error("{patch}:{line}: the removed file `{path}` has other lines")]
    NotEmptied {
        /// The patch.
        patch: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// Relative to the root of the sources.
        path: Utf8PathBuf,
    },
    /// The lines that a hunk changes are not in the file.
    #[error("{patch}:{line}: hunk {hunk} does not apply to `{path}` (line {at})")]
    Hunk {
        /// The patch.
        patch: Utf8PathBuf,
        /// Where the hunk starts in the patch, counted from 1.
        line: usize,
        /// The file, relative to the root of the sources.
        path: Utf8PathBuf,
        /// The hunk of this file, counted from 1.
        hunk: usize,
        /// The line of the file where it should apply, counted from 1.
        at: usize,
        /// Whether the reverse of the file's hunks applies.
        already_applied: bool,
    },
}

impl PatchError {
    /// Whether what the patch makes is there.
    pub(super) fn is_applied_already(&self) -> bool {
        matches!(
            self,
            Self::Exists { already_applied: true, .. }
                | Self::Hunk { already_applied: true, .. }
                | Self::NoFile { .. }
        )
    }

    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Exists { already_applied: true, .. }
            | Self::Hunk { already_applied: true, .. } => {
                "the patch looks already applied; take it out of the tree first, since the tree is \
                 the original"
            }
            Self::Hunk { .. } => {
                "the patch is for another version of the sources; rebase it, or allow other context \
                 lines with --fuzz"
            }
            Self::Exists { .. } | Self::NotEmptied { .. } | Self::BelowAFile { .. } => {
                "the patch is for another version of the sources; rebase it"
            }
            Self::Empty { .. } => "it should be a unified diff, as `git format-patch` writes it",
            Self::Malformed { .. } => {
                "the patch may have been damaged on its way, for instance by \
                                       a mail program that wrapped its lines"
            }
            Self::NoFile { .. } => {
                "patch paths are taken relative to the top of the tree, with \
                                    one leading directory (`a/`) stripped"
            }
            Self::Packed { source, program, .. }
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                return Some(format!("install {program}, or unpack the patch first"));
            }
            Self::Packed { .. } => "download or make the file again",
            Self::Binary { .. } | Self::NotAFile { .. } => {
                "where nothing is made from it, leave it out of the patch, as `git diff A..B -- . ':!FILE'` does"
            }
            Self::Git { .. } => "name two revisions of the tree's git repository, as A..B",
            Self::Twice { .. } => "name each patch once",
            Self::Directory { .. } => {
                "its names may have too few leading directories, which a series can say with -pN"
            }
            Self::Absolute { .. } => {
                "run diff in the directory above both trees, with names relative to it, as in `diff -ru linux.orig linux`"
            }
            Self::Symlink { target, .. } => {
                return Some(format!("name the file itself in the patch: `{target}`"));
            }
            Self::Outside { .. } | Self::Io { .. } | Self::NoDifference { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
