//! What is kept of the original build.
//!
//! Objects are reflinked or copied, never hard linked: assemblers and linkers replace their
//! output, but rustc and objtool write into files that are there.

use std::fmt::Write;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use crate::atomic;
use crate::baseline::Fingerprint;
use crate::mirror::reflink;
use crate::objects::{Linked, LinkedObject};

/// Files that are kept beside the objects, where the build has them.
const BESIDE: &[&str] = &["vmlinux.o", "Module.symvers", "System.map", "modules.order", ".config"];

/// The kept objects.
pub(super) fn objects(original: &Utf8Path) -> Utf8PathBuf {
    original.join("objects")
}

/// The configuration that they were built with.
pub(super) fn config(original: &Utf8Path) -> Utf8PathBuf {
    objects(original).join(".config")
}

/// The list of what is kept, when it was built from the same.
pub(super) fn reuse(
    original: &Utf8Path,
    fingerprint: &Fingerprint,
) -> Result<Option<Vec<LinkedObject>>, BuildError> {
    match read(&original.join("fingerprint"))? {
        Some(text) if text.trim() == fingerprint.as_str() => {}
        _ => return Ok(None),
    }
    list(original)
}

/// The list of what is kept.
pub(super) fn list(original: &Utf8Path) -> Result<Option<Vec<LinkedObject>>, BuildError> {
    let Some(text) = read(&original.join("objects.list"))? else { return Ok(None) };
    let objects: Option<Vec<LinkedObject>> = text
        .lines()
        .map(|line| {
            let (linked, object) = line.split_once('\t')?;
            let linked = match linked {
                "vmlinux" => Linked::Vmlinux,
                module => Linked::Module(module.strip_prefix("module ")?.to_owned()),
            };
            Some(LinkedObject { object: Utf8PathBuf::from(object), linked })
        })
        .collect();
    Ok(objects)
}

/// Keeps the objects of a finished build. The fingerprint comes last: without it nothing counts.
pub(super) fn keep(
    build: &Utf8Path,
    original: &Utf8Path,
    linked: &[LinkedObject],
    fingerprint: &Fingerprint,
) -> Result<(), BuildError> {
    let temporary = Utf8PathBuf::from(format!("{original}.tmp"));
    let failed = |source| BuildError::Io { path: temporary.clone(), source };
    atomic::remove_dir(&temporary).map_err(failed)?;
    let kept = objects(&temporary);
    fs::create_dir_all(&kept).map_err(failed)?;
    let result = fill(build, &kept, linked).and_then(|()| {
        let mut list = String::new();
        for LinkedObject { object, linked } in linked {
            // Writing to a string cannot fail.
            let _ = match linked {
                Linked::Vmlinux => writeln!(list, "vmlinux\t{object}"),
                Linked::Module(module) => writeln!(list, "module {module}\t{object}"),
            };
        }
        fs::write(temporary.join("objects.list"), list).map_err(failed)?;
        let directory = fs::File::open(&temporary).map_err(failed)?;
        rustix::fs::syncfs(&directory).map_err(|error| failed(error.into()))?;
        discard(original)?;
        fs::rename(&temporary, original).map_err(failed)?;
        let path = original.join("fingerprint");
        atomic::write(&path, fingerprint.as_str().as_bytes())
            .map_err(|source| BuildError::Io { path, source })
    });
    if result.is_err() {
        // The error that counts is there already.
        let _ = atomic::remove_dir(&temporary);
    }
    result
}

/// Removes what is kept, its fingerprint first.
pub(super) fn discard(original: &Utf8Path) -> Result<(), BuildError> {
    atomic::remove_file(&original.join("fingerprint"))
        .and_then(|()| atomic::remove_dir(original))
        .map_err(|source| BuildError::Io { path: original.to_owned(), source })
}

fn fill(build: &Utf8Path, kept: &Utf8Path, linked: &[LinkedObject]) -> Result<(), BuildError> {
    for LinkedObject { object, .. } in linked {
        let to = kept.join(object);
        // An object can be part of two modules.
        if !to.exists() {
            let from = build.join(object);
            copy(&from, &to).map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => BuildError::ObjectGone { path: from, source },
                _ => BuildError::Io { path: to, source },
            })?;
        }
    }
    for name in BESIDE {
        let from = build.join(name);
        if from.exists() {
            let to = kept.join(name);
            copy(&from, &to).map_err(|source| BuildError::Io { path: to, source })?;
        }
    }
    Ok(())
}

fn copy(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if !reflink(from, to)? {
        fs::copy(from, to)?;
    }
    Ok(())
}

fn read(path: &Utf8Path) -> Result<Option<String>, BuildError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(BuildError::Io { path: path.to_owned(), source }),
    }
}
