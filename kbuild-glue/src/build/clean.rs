//! Removes what is kept.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::lock::Lock;
use super::{BuildError, ours};
use crate::atomic;
use crate::event::BuildEvents;
use crate::interrupt::Interrupt;

/// Something that is kept for builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// File or directory.
    pub path: Utf8PathBuf,
    /// Bytes on disk that go with it. What is shared with the sources counts nothing.
    pub bytes: u64,
}

/// What is kept in the directory `root`: what a run makes there, and nothing where the directory is not ours.
pub fn kept_files(root: &Utf8Path) -> Result<Vec<KeptFile>, BuildError> {
    let failed = BuildError::io(root);
    if !ours::is_marked(root) {
        return Ok(Vec::new());
    }
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if let Some(name) = entry.file_name().to_str().filter(|name| ours::is_ours(name)) {
            found.insert(root.join(name));
        }
    }
    let mut seen = BTreeSet::new();
    found.into_iter().map(|path| Ok(KeptFile { bytes: size(&path, &mut seen)?, path })).collect()
}

/// Removes what [`kept_files`] lists, once no other run works there.
pub fn clean(
    root: &Utf8Path,
    interrupt: &Interrupt,
    events: &mut BuildEvents<'_>,
) -> Result<Vec<KeptFile>, BuildError> {
    if kept_files(root)?.is_empty() {
        return Ok(Vec::new());
    }
    ours::remove_misplaced(root)?;
    let lock = Lock::take(&root.join("lock"), interrupt, events)?;
    let kept = kept_files(root)?;
    // The mark and the lock come last: who is stopped between goes on the next time, and a run that waits
    // for the lock finds an empty directory, and makes all anew.
    let last = [ours::MARK, "lock"].map(|name| root.join(name));
    let first = kept.iter().map(|kept| &kept.path).filter(|path| !last.contains(path));
    for path in first.chain(&last) {
        atomic::remove_file(path).map_err(BuildError::io(path))?;
    }
    drop(lock);
    // Not ours alone if there is more in it.
    let _ = fs::remove_dir(root);
    Ok(kept)
}

fn size(path: &Utf8Path, seen: &mut BTreeSet<u64>) -> Result<u64, BuildError> {
    use std::os::unix::fs::MetadataExt;
    let failed = BuildError::io(path);
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
