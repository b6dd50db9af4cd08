//! What of the user's build make would take for right although a source was written after it: make goes by the time that a
//! file says it is from, which an archive or a copy sets to what it was elsewhere.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::plan::ExaminedBuild;
use super::{BuildError, readers};
use crate::atomic;
use crate::config::Config;
use crate::mirror::{ChangeTime, Mirror};
use crate::objects::linked_objects;
use crate::patch::FileChange;

/// Removes from `build`, which is a copy of the user's, what is older than the last change of a source that it can be made
/// from. Returns how much that was; none where nothing tells what is made from what.
pub(super) fn remove(
    mirror: &Mirror,
    build: &Utf8Path,
    config: &Config,
) -> Result<Option<usize>, BuildError> {
    let objects = linked_objects(build)?;
    let oldest = objects.iter().filter_map(|it| modified(&build.join(&it.object))).min();
    let Some(oldest) = oldest else { return Ok(Some(0)) };
    let written = mirror.written_after(oldest);
    if written.is_empty() {
        return Ok(Some(0));
    }
    // Each can also be new, and stand in for another one of its name.
    let change = |(path, _): &(Utf8PathBuf, ChangeTime)| FileChange {
        path: path.clone(),
        old: None,
        new: Some(Vec::new()),
        mode: None,
    };
    let changes: Vec<FileChange> = written.iter().map(change).collect();
    let sources = mirror.stamps();
    let made = ExaminedBuild { mirror: mirror.path(), build, objects: &[], config, sources };
    let Some(readers) = readers::find(&changes, &made)? else { return Ok(None) };
    let mut outdated = BTreeSet::new();
    for ((_, changed), readers) in written.iter().zip(readers) {
        let is_older = |target: &Utf8PathBuf| {
            modified(&build.join(target)).is_some_and(|made| made < *changed)
        };
        outdated.extend(readers.targets.into_iter().filter(is_older));
    }
    for path in outdated.iter().map(|target| build.join(target)) {
        atomic::remove_file(&path).map_err(BuildError::io(&path))?;
    }
    Ok(Some(outdated.len()))
}

fn modified(path: &Utf8Path) -> Option<ChangeTime> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.mtime(), metadata.mtime_nsec()))
}
