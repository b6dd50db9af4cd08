//! The list of patches that quilt keeps: one a line, with `-pN` where it is not 1.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{Patch, PatchError};

/// The series file that an argument names, if it does.
pub(super) fn file(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let inside = path.join("series");
    if inside.is_file() {
        return Some(inside);
    }
    (path.file_name() == Some("series")).then(|| path.to_owned())
}

/// Reads the patches, which stand beside the list.
pub(super) fn read(series: &Utf8Path) -> Result<Vec<Patch>, PatchError> {
    let text = fs::read_to_string(series)
        .map_err(|source| PatchError::Io { path: series.to_owned(), source })?;
    let directory = series.parent().unwrap_or(series);
    let mut patches = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(name) = words.next() else { continue };
        let mut patch = Patch::read(&directory.join(name))?;
        for option in words {
            patch.strip = Some(strip(option).ok_or_else(|| PatchError::Malformed {
                patch: series.to_owned(),
                line: index.saturating_add(1),
                what: format!("`{option}` is not supported in a series, only `-pN`"),
            })?);
        }
        patches.push(patch);
    }
    if patches.is_empty() {
        return Err(PatchError::Empty { patch: series.to_owned() });
    }
    Ok(patches)
}

/// The number in `-pN`; quilt's `-pab` is `-p1`.
fn strip(option: &str) -> Option<usize> {
    let level = option.strip_prefix("-p")?;
    if level == "ab" { Some(1) } else { level.parse().ok() }
}
