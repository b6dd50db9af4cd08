//! Whether there is room for the files that a patch adds.
//!
//! A file can take the place of a directory, and a directory that of a file, if the series removes what is there.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::apply::PatchedFile;
use super::{Patch, PatchError};

/// What the series did until now, by path.
type States = BTreeMap<Utf8PathBuf, PatchedFile>;

/// Refuses files of `states` where a directory is that keeps files, and files below a file.
pub(super) fn expect(patch: &Patch, root: &Utf8Path, states: &States) -> Result<(), PatchError> {
    for (path, state) in states.iter().filter(|(_, state)| state.bytes.is_some()) {
        let (patch, line) = (patch.path.clone(), state.made_by);
        if path.ancestors().skip(1).any(|above| is_file(above, root, states)) {
            return Err(PatchError::BelowAFile { patch, line, path: path.clone() });
        }
        let keeps = keeps_files(path, root, states)
            .map_err(|source| PatchError::Io { path: root.join(path), source })?;
        if keeps {
            return Err(PatchError::Directory { patch, line, path: path.clone() });
        }
    }
    Ok(())
}

fn is_file(path: &Utf8Path, root: &Utf8Path, states: &States) -> bool {
    match states.get(path) {
        Some(state) => state.bytes.is_some(),
        None => !path.as_str().is_empty() && root.join(path).is_file(),
    }
}

/// Whether a directory is at `path` of which a file stays.
fn keeps_files(path: &Utf8Path, root: &Utf8Path, states: &States) -> std::io::Result<bool> {
    let place = root.join(path);
    if !place.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(false);
    }
    for entry in fs::read_dir(&place)? {
        let entry = entry?;
        let name = entry.file_name();
        // No patch removes a file whose name is not UTF-8.
        let Some(name) = name.to_str() else { return Ok(true) };
        let inside = path.join(name);
        let stays = if entry.file_type()?.is_dir() {
            keeps_files(&inside, root, states)?
        } else {
            states.get(&inside).is_none_or(|state| state.bytes.is_some())
        };
        if stays {
            return Ok(true);
        }
    }
    Ok(false)
}
