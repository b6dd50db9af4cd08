//! Removes what is kept.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use super::lock::Lock;
use crate::atomic;
use crate::event::Events;
use crate::interrupt::Interrupt;

/// Something that is kept for builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// File or directory.
    pub path: Utf8PathBuf,
    /// Bytes on disk that go with it. What is shared with the sources counts nothing.
    pub bytes: u64,
}

/// What is kept in the directory `root`: all of it where the directory is named `.klp`; else, since it
/// may hold other things, what a run makes there.
pub fn kept_files(root: &Utf8Path) -> Result<Vec<KeptFile>, BuildError> {
    let failed = |source| BuildError::Io { path: root.to_owned(), source };
    // Somebody's directory with a log/ or a build/ in it need not be ours.
    if !root.join("lock").is_file() {
        return Ok(Vec::new());
    }
    let is_ours = |name: &str| {
        root.file_name() == Some(".klp") || {
            let stem = name.trim_start_matches('.').split('.').next().unwrap_or(name);
            OURS.contains(&stem)
        }
    };
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if let Some(name) = entry.file_name().to_str().filter(|name| is_ours(name)) {
            found.insert(root.join(name));
        }
    }
    let mut seen = BTreeSet::new();
    found.into_iter().map(|path| Ok(KeptFile { bytes: size(&path, &mut seen)?, path })).collect()
}

/// Starts of the names of what a run makes.
const OURS: &[&str] = &[
    "build",
    "changed-functions",
    "gitignore",
    "klp-tmp-",
    "livepatch",
    "lock",
    "log",
    "mirror",
    "original",
    "patched",
    "running",
    "sources",
    "stash",
];

/// Removes what [`kept_files`] lists, once no other run works there.
pub fn clean(
    root: &Utf8Path,
    interrupt: &Interrupt,
    events: &mut Events<'_>,
) -> Result<Vec<KeptFile>, BuildError> {
    if kept_files(root)?.is_empty() {
        return Ok(Vec::new());
    }
    let path = root.join("lock");
    let lock = Lock::take(&path, interrupt, events)?;
    let kept = kept_files(root)?;
    for KeptFile { path, .. } in kept.iter().filter(|kept| kept.path != path) {
        let removed =
            if path.is_dir() { atomic::remove_dir(path) } else { atomic::remove_file(path) };
        removed.map_err(|source| BuildError::Io { path: path.clone(), source })?;
    }
    // The lock comes last: a run that waits for it finds an empty directory, and makes all anew.
    atomic::remove_file(&path).map_err(|source| BuildError::Io { path, source })?;
    drop(lock);
    // Not ours alone if there is more in it.
    let _ = fs::remove_dir(root);
    Ok(kept)
}

fn size(path: &Utf8Path, seen: &mut BTreeSet<u64>) -> Result<u64, BuildError> {
    use std::os::unix::fs::MetadataExt;
    let failed = |source| BuildError::Io { path: path.to_owned(), source };
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        // Files with another name somewhere stay on disk, but for what we linked among ourselves.
        let alone = metadata.nlink() == 1 || !seen.insert(metadata.ino());
        return Ok(if alone { metadata.blocks().saturating_mul(512) } else { 0 });
    }
    let mut sum = 0_u64;
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        sum = sum.saturating_add(size(&path.join(name), seen)?);
    }
    Ok(sum)
}
