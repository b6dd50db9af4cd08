//! What can go wrong with the mirror.

use camino::Utf8PathBuf;
use thiserror::Error;

/// Why the mirror cannot be made the same as the sources.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// A directory of the sources, or of the mirror, cannot be listed.
    #[error("cannot list the files in `{path}`")]
    List {
        /// The directory.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the sources cannot be put into the mirror.
    #[error("cannot mirror `{from}` to `{to}`")]
    Copy {
        /// The user's file.
        from: Utf8PathBuf,
        /// Ours.
        to: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The mirror cannot be written.
    #[error("cannot write the mirror `{path}`")]
    Write {
        /// The file or directory.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that we keep beside the mirror is not ours.
    #[error("`{path}` is damaged")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
    },
}

impl MirrorError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let (Self::Copy { source, .. } | Self::Write { source, .. }) = self else {
            return match self {
                Self::Damaged { .. } => Some("`cargo klp clean` removes what is kept".to_owned()),
                _ => None,
            };
        };
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Some("make room and run again; the sources are as they were".to_owned())
            }
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Some("name a directory that you can write to with --target-dir".to_owned())
            }
            _ => None,
        }
    }
}
