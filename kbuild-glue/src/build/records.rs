//! All `.cmd` files of a build.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use crate::entries::entries;

/// The `.cmd` files below an output directory.
pub(super) struct Records {
    build: Utf8PathBuf,
    paths: Vec<Utf8PathBuf>,
}

impl Records {
    /// Finds them.
    pub(super) fn find(build: &Utf8Path) -> Result<Self, BuildError> {
        let mut paths = Vec::new();
        let mut directories = vec![build.to_owned()];
        while let Some(directory) = directories.pop() {
            let failed = BuildError::io(&directory);
            for entry in entries(&directory).map_err(failed)? {
                let (path, kind) = entry.map_err(failed)?;
                if kind.is_dir() {
                    directories.push(path);
                } else if target_of(&path).is_some() {
                    paths.push(path);
                }
            }
        }
        Ok(Self { build: build.to_owned(), paths })
    }

    /// Hands the relative path and the bytes of each to `work`.
    pub(super) fn for_each(
        &self,
        mut work: impl FnMut(&Utf8Path, &[u8]),
    ) -> Result<(), BuildError> {
        for path in &self.paths {
            let bytes = fs::read(path).map_err(BuildError::io(path))?;
            work(path.strip_prefix(&self.build).unwrap_or(path), &bytes);
        }
        Ok(())
    }
}

/// What the command in `fs/.foo.o.cmd` makes: `fs/foo.o`.
pub(super) fn target_of(record: &Utf8Path) -> Option<Utf8PathBuf> {
    let name = record.file_name()?.strip_prefix('.')?.strip_suffix(".cmd")?;
    Some(record.with_file_name(name))
}
