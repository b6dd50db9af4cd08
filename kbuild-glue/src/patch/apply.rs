//! Computes what a series makes of the sources, in memory.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::error::PatchError;
use super::left_out::LeftOutFiles;
use super::trace::{TracedHunk, TracedLines};
use super::{FileChange, FileDiff, FileOrigin, Patch, hunk, room};

/// What a series makes of the sources.
pub(super) struct Applied {
    /// The files, sorted by path.
    pub(super) changes: Vec<FileChange>,
    /// The hunks, in the order of the series.
    pub(super) hunks: Vec<TracedHunk>,
    /// What is not applied.
    pub(super) left_out: LeftOutFiles,
}

/// A file as the patches before left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PatchedFile {
    pub(super) bytes: Option<Vec<u8>>,
    mode: Option<u32>,
    /// Where its lines come from.
    lines: TracedLines,
    /// The line of the patch that made it.
    pub(super) made_by: usize,
}

/// The part of a patch that is being applied, for errors.
struct ApplyPosition<'a> {
    patch: &'a Patch,
    file: &'a FileDiff,
    fuzz: usize,
}

/// The sources with what was computed so far laid over them.
struct Overlay<'a> {
    root: &'a Utf8Path,
    original: BTreeMap<Utf8PathBuf, PatchedFile>,
    current: BTreeMap<Utf8PathBuf, PatchedFile>,
    hunks: Vec<TracedHunk>,
    left_out: LeftOutFiles,
}

pub(super) fn apply(
    patches: &[Patch],
    root: &Utf8Path,
    fuzz: usize,
) -> Result<Applied, PatchError> {
    let (original, current) = (BTreeMap::new(), BTreeMap::new());
    let left_out = LeftOutFiles::default();
    let mut overlay = Overlay { root, original, current, hunks: Vec::new(), left_out };
    for (index, patch) in patches.iter().enumerate() {
        let first = patches.iter().take(index).find(|first| first.files == patch.files);
        let twice = |error: PatchError| match first.filter(|_| error.is_applied_already()) {
            Some(first) => {
                PatchError::Twice { patch: patch.path.clone(), first: first.path.clone() }
            }
            None => error,
        };
        let strip = patch.strip.unwrap_or_else(|| strip_level(patch, &mut overlay));
        for file in &patch.files {
            apply_file(&ApplyPosition { patch, file, fuzz }, strip, &mut overlay).map_err(twice)?;
        }
        room::expect(patch, root, &overlay.current)?;
    }
    let mut changes = Vec::new();
    let mut hunks = overlay.hunks;
    for (path, state) in overlay.current {
        let Some(before) = overlay.original.get(&path) else { continue };
        state.lines.tell(&mut hunks);
        // A series may undo what it did.
        if (&before.bytes, before.mode) != (&state.bytes, state.mode) {
            changes.push(FileChange {
                path,
                old: before.bytes.clone(),
                new: state.bytes,
                mode: state.mode,
            });
        }
    }
    Ok(Applied { changes, hunks, left_out: overlay.left_out })
}

/// How many leading directories the names of this patch have too many: one, unless only the
/// names as they are exist.
fn strip_level(patch: &Patch, overlay: &mut Overlay<'_>) -> usize {
    for level in [1, 0] {
        for file in patch.files.iter().filter(|file| !file.unprefixed) {
            let at = ApplyPosition { patch, file, fuzz: 0 };
            for name in [&file.old, &file.new].into_iter().flatten() {
                // What is wrong with a name is told when the file is patched.
                if let Ok(path) = stripped(&at, name, level)
                    && overlay.get(&at, &path).is_ok_and(|state| state.bytes.is_some())
                {
                    return level;
                }
            }
        }
    }
    1
}

fn apply_file(
    at: &ApplyPosition<'_>,
    strip: usize,
    overlay: &mut Overlay<'_>,
) -> Result<(), PatchError> {
    let strip = if at.file.unprefixed && at.patch.strip.is_none() { 0 } else { strip };
    let place = |name: &Option<Utf8PathBuf>| -> Result<Option<Utf8PathBuf>, PatchError> {
        name.as_deref().map(|name| stripped(at, name, strip)).transpose()
    };
    let (old, new) = (place(&at.file.old)?, place(&at.file.new)?);
    let paths: Vec<&Utf8PathBuf> = [&old, &new].into_iter().flatten().collect();
    if overlay.left_out.take(&at.patch.path, at.file, &paths, overlay.root)? {
        return Ok(());
    }
    match (old, new) {
        (None, Some(new)) => create(at, new, overlay),
        (Some(old), None) => remove(at, old, overlay),
        (Some(old), Some(new)) if at.file.origin != FileOrigin::Same => {
            rename(at, &old, new, overlay)
        }
        (Some(old), Some(new)) => {
            // `diff` names a backup on one side at times; the file is the one that exists.
            let new_exists = overlay.get(at, &new)?.bytes.is_some();
            let old_exists = overlay.get(at, &old)?.bytes.is_some();
            let adds_only = matches!(at.file.hunks.as_slice(), [only] if only.old_start == 0);
            let removes_all = matches!(at.file.hunks.as_slice(), [only] if only.new_start == 0);
            if !new_exists && (at.file.epoch_old || !old_exists) && adds_only {
                create(at, new, overlay)
            } else if at.file.epoch_new && removes_all {
                remove(at, if new_exists { new } else { old }, overlay)
            } else {
                change(at, if new_exists || !old_exists { new } else { old }, overlay)
            }
        }
        (None, None) => Ok(()),
    }
}

fn create(
    at: &ApplyPosition<'_>,
    path: Utf8PathBuf,
    overlay: &mut Overlay<'_>,
) -> Result<(), PatchError> {
    let (bytes, lines) = patched(at, &path, &path, PatchedFile::default(), overlay)?;
    if let Some(there) = overlay.get(at, &path)?.bytes {
        return Err(PatchError::Exists {
            patch: at.patch.path.clone(),
            line: at.file.line,
            already_applied: there == bytes,
            path,
        });
    }
    let mode = Some(at.file.mode.unwrap_or(0o644));
    overlay.set(path, PatchedFile { bytes: Some(bytes), mode, lines, made_by: at.file.line });
    Ok(())
}

fn remove(
    at: &ApplyPosition<'_>,
    path: Utf8PathBuf,
    overlay: &mut Overlay<'_>,
) -> Result<(), PatchError> {
    let before = existing(at, &path, overlay)?;
    let (bytes, _) = patched(at, &path, &path, before, overlay)?;
    if !bytes.is_empty() {
        return Err(PatchError::NotEmptied {
            patch: at.patch.path.clone(),
            line: at.file.line,
            path,
        });
    }
    overlay.set(path, PatchedFile::default());
    Ok(())
}

fn rename(
    at: &ApplyPosition<'_>,
    old: &Utf8Path,
    new: Utf8PathBuf,
    overlay: &mut Overlay<'_>,
) -> Result<(), PatchError> {
    let before = existing(at, old, overlay)?;
    let mode = before.mode;
    let (bytes, lines) = patched(at, old, &new, before, overlay)?;
    if old != new && overlay.get(at, &new)?.bytes.is_some() {
        return Err(PatchError::Exists {
            patch: at.patch.path.clone(),
            line: at.file.line,
            path: new,
            already_applied: false,
        });
    }
    if at.file.origin == FileOrigin::Renamed {
        overlay.set(old.to_owned(), PatchedFile::default());
        for hunk in overlay.hunks.iter_mut().filter(|hunk| hunk.file == *old) {
            hunk.file.clone_from(&new);
        }
    }
    overlay.set(
        new,
        PatchedFile {
            bytes: Some(bytes),
            mode: at.file.mode.or(mode),
            lines,
            made_by: at.file.line,
        },
    );
    Ok(())
}

fn change(
    at: &ApplyPosition<'_>,
    path: Utf8PathBuf,
    overlay: &mut Overlay<'_>,
) -> Result<(), PatchError> {
    let before = existing(at, &path, overlay)?;
    let mode = before.mode;
    let (bytes, lines) = patched(at, &path, &path, before, overlay)?;
    overlay.set(
        path,
        PatchedFile {
            bytes: Some(bytes),
            mode: at.file.mode.or(mode),
            lines,
            made_by: at.file.line,
        },
    );
    Ok(())
}

/// A file that has to be there.
fn existing(
    at: &ApplyPosition<'_>,
    path: &Utf8Path,
    overlay: &mut Overlay<'_>,
) -> Result<PatchedFile, PatchError> {
    let state = overlay.get(at, path)?;
    if state.bytes.is_none() {
        let (name, line) = (at.patch.path.clone(), at.file.line);
        let is_directory = overlay.root.join(path).is_dir();
        return Err(if is_directory {
            PatchError::Directory { patch: name, line, path: path.to_owned() }
        } else {
            PatchError::NoFile { patch: name, line, path: path.to_owned() }
        });
    }
    Ok(state)
}

/// The bytes of the file `path` with the hunks, and where its lines come from then. It becomes `to`.
fn patched(
    at: &ApplyPosition<'_>,
    path: &Utf8Path,
    to: &Utf8Path,
    before: PatchedFile,
    overlay: &mut Overlay<'_>,
) -> Result<(Vec<u8>, TracedLines), PatchError> {
    let bytes = before.bytes.unwrap_or_default();
    let failed = |hunk::HunkMismatch(index)| {
        let failed = at.file.hunks.get(index);
        PatchError::Hunk {
            patch: at.patch.path.clone(),
            line: failed.map_or(at.file.line, |hunk| hunk.line),
            path: path.to_owned(),
            hunk: index.saturating_add(1),
            at: failed.map_or(1, |hunk| hunk.old_start.max(1)),
            already_applied: hunk::apply(&bytes, &at.file.hunks, true, 0).is_ok(),
        }
    };
    let (new, placed) = hunk::placed(&bytes, &at.file.hunks, false, at.fuzz).map_err(failed)?;
    let about = (at.patch.path.as_path(), to);
    let lines = before.lines.with(about, &bytes, &placed, &mut overlay.hunks);
    Ok((new, lines))
}

/// Takes leading directories off a name, and refuses one that leaves the tree.
fn stripped(
    at: &ApplyPosition<'_>,
    name: &Utf8Path,
    level: usize,
) -> Result<Utf8PathBuf, PatchError> {
    let outside = || PatchError::Outside {
        patch: at.patch.path.clone(),
        line: at.file.line,
        path: name.to_string(),
    };
    if name.is_absolute() {
        return Err(PatchError::Absolute {
            patch: at.patch.path.clone(),
            line: at.file.line,
            path: name.to_string(),
        });
    }
    let mut path = Utf8PathBuf::new();
    let mut left = level;
    for component in name.components() {
        match component {
            Utf8Component::Normal(_) if left > 0 => left = left.saturating_sub(1),
            Utf8Component::Normal(".git") => return Err(outside()),
            Utf8Component::Normal(part) => path.push(part),
            // `./x` has its dot taken off as the leading directory.
            Utf8Component::CurDir => left = left.saturating_sub(1),
            Utf8Component::ParentDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => {
                return Err(outside());
            }
        }
    }
    if path.as_str().is_empty() || name.as_str().contains('\0') { Err(outside()) } else { Ok(path) }
}

impl Overlay<'_> {
    fn get(&mut self, at: &ApplyPosition<'_>, path: &Utf8Path) -> Result<PatchedFile, PatchError> {
        if let Some(state) = self.current.get(path).or_else(|| self.original.get(path)) {
            return Ok(state.clone());
        }
        let state = self.read(at, path)?;
        self.original.insert(path.to_owned(), state.clone());
        Ok(state)
    }

    fn set(&mut self, path: Utf8PathBuf, state: PatchedFile) {
        self.current.insert(path, state);
    }

    /// Reads a file, unless it or a directory above it is a symlink: writing to that could
    /// change something outside of the mirror.
    fn read(&self, at: &ApplyPosition<'_>, path: &Utf8Path) -> Result<PatchedFile, PatchError> {
        let none = PatchedFile::default();
        let outside = || PatchError::Outside {
            patch: at.patch.path.clone(),
            line: at.file.line,
            path: path.to_string(),
        };
        let mut place = self.root.to_owned();
        for component in path.components() {
            place.push(component);
            let failed = |source| PatchError::Io { path: place.clone(), source };
            let metadata = match fs::symlink_metadata(&place) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(none),
                Err(source) => return Err(failed(source)),
            };
            if metadata.is_symlink() {
                return Err(self.within(path).map_or_else(outside, |target| PatchError::Symlink {
                    patch: at.patch.path.clone(),
                    line: at.file.line,
                    path: path.to_owned(),
                    target,
                }));
            }
            if place.strip_prefix(self.root).is_ok_and(|relative| relative == path) {
                if metadata.is_dir() {
                    // What is in it may be removed.
                    return Ok(none);
                }
                if !metadata.is_file() {
                    return Err(outside());
                }
                let bytes = fs::read(&place).map_err(failed)?;
                let mode = Some(metadata.permissions().mode() & 0o777);
                let lines = TracedLines::of(&bytes);
                return Ok(PatchedFile { bytes: Some(bytes), mode, lines, made_by: 0 });
            }
            if !metadata.is_dir() {
                return Ok(none);
            }
        }
        Ok(none)
    }
    /// Where `path` leads, if that is in the tree.
    fn within(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let root = self.root.canonicalize_utf8().ok()?;
        let target = self.root.join(path).canonicalize_utf8().ok()?;
        target.strip_prefix(root).ok().map(Utf8Path::to_owned)
    }
}
