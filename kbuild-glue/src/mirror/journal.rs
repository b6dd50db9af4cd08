//! The names of the files that are not the user's right now.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{MirrorError, beside};
use crate::atomic;

pub(super) struct Journal;

impl Journal {
    /// Names `paths`, on disk before this returns.
    pub(super) fn write(dir: &Utf8Path, paths: &BTreeSet<Utf8PathBuf>) -> Result<(), MirrorError> {
        let path = beside(dir, "journal");
        // Names of before stay: somebody has yet to put those back.
        let mut all = Self::read(dir)?;
        all.extend(paths.iter().cloned());
        let mut text = String::new();
        for name in &all {
            // A name can hold a line end, but never a NUL.
            text.push_str(name.as_str());
            text.push('\0');
        }
        atomic::write(&path, text.as_bytes()).map_err(|source| MirrorError::Write { path, source })
    }

    /// The names; none when there is no journal.
    pub(super) fn read(dir: &Utf8Path) -> Result<BTreeSet<Utf8PathBuf>, MirrorError> {
        let path = beside(dir, "journal");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(BTreeSet::new());
            }
            Err(source) => return Err(MirrorError::Read { path, source }),
        };
        let text =
            String::from_utf8(bytes).map_err(|_| MirrorError::Damaged { path: path.clone() })?;
        let names: BTreeSet<_> = text.split_terminator('\0').map(Utf8PathBuf::from).collect();
        // It names files that are removed, so it is not trusted blindly.
        let inside = |name: &Utf8PathBuf| {
            name.components().all(|part| matches!(part, camino::Utf8Component::Normal(_)))
        };
        if names.iter().all(inside) { Ok(names) } else { Err(MirrorError::Damaged { path }) }
    }

    pub(super) fn remove(dir: &Utf8Path) -> Result<(), MirrorError> {
        let path = beside(dir, "journal");
        atomic::remove_file(&path).map_err(|source| MirrorError::Write { path, source })
    }
}
