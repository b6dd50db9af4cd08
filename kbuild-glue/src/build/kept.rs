//! What is written down about the original build: its fingerprint, and its objects with the times
//! and sizes that they had. The objects themselves stay where make left them.

use std::fmt::Write;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use super::unrecorded::Unrecorded;
use crate::atomic;
use crate::baseline::Fingerprint;
use crate::objects::{Linked, LinkedObject};

/// Whether there is an original that can be used.
pub(super) enum Kept {
    /// It was built from the same, and nobody touched its objects.
    Usable(Vec<LinkedObject>),
    /// It cannot be used, for this reason.
    Other(String),
    /// There is none.
    Nothing,
}

/// Looks for the original of this fingerprint in `build`.
pub(super) fn find(
    kept: &Utf8Path,
    build: &Utf8Path,
    fingerprint: &Fingerprint,
) -> Result<Kept, BuildError> {
    let Some(text) = read(&kept.join("fingerprint"))? else { return Ok(Kept::Nothing) };
    let differences = fingerprint.differences(&text);
    if differences.iter().any(|name| name == "format") {
        return Ok(Kept::Nothing);
    }
    if !differences.is_empty() {
        return Ok(Kept::Other(format!("changed: {}", differences.join(", "))));
    }
    let Some(entries) = entries(kept)? else { return Ok(Kept::Nothing) };
    let touched = entries
        .iter()
        .find(|(object, stamp)| self::stamp(&build.join(&object.object)).as_ref() != Some(stamp));
    if let Some((LinkedObject { object, .. }, _)) = touched {
        return Ok(Kept::Other(format!("{object} was touched")));
    }
    Ok(Kept::Usable(entries.into_iter().map(|(object, _)| object).collect()))
}

/// The objects of the original.
pub(super) fn list(kept: &Utf8Path) -> Result<Option<Vec<LinkedObject>>, BuildError> {
    let entries = entries(kept)?;
    Ok(entries.map(|entries| entries.into_iter().map(|(object, _)| object).collect()))
}

/// The make variables of the original; none where there is no original.
pub(super) fn variables(kept: &Utf8Path) -> Result<Option<Vec<String>>, BuildError> {
    let text = read(&kept.join("fingerprint"))?;
    Ok(text.map(|text| Fingerprint::variables(&text)))
}

fn entries(kept: &Utf8Path) -> Result<Option<Vec<(LinkedObject, String)>>, BuildError> {
    let text = read(&kept.join("objects.list"))?;
    Ok(text.and_then(|text| text.lines().map(parse).collect()))
}

/// Writes down what was built. The fingerprint comes last: without it nothing counts.
pub(super) fn write(
    kept: &Utf8Path,
    build: &Utf8Path,
    objects: &[LinkedObject],
    fingerprint: &Fingerprint,
) -> Result<(), BuildError> {
    discard(kept)?;
    let failed = |source| BuildError::Io { path: kept.to_owned(), source };
    fs::create_dir_all(kept).map_err(failed)?;
    let mut list = String::new();
    for LinkedObject { object, linked } in objects {
        let path = build.join(object);
        let stamp = stamp(&path).ok_or(BuildError::ObjectGone { path })?;
        // Writing to a string cannot fail.
        let _ = match linked {
            Linked::Vmlinux => writeln!(list, "vmlinux\t{object}\t{stamp}"),
            Linked::Module(module) => writeln!(list, "module {module}\t{object}\t{stamp}"),
        };
    }
    // What is written down about the objects must not reach the disk before them.
    let directory = fs::File::open(build).map_err(failed)?;
    rustix::fs::syncfs(&directory).map_err(|error| failed(error.into()))?;
    Unrecorded::of(build)?.write(kept)?;
    for (name, text) in [("objects.list", list.as_str()), ("fingerprint", fingerprint.as_str())] {
        atomic::write(&kept.join(name), text.as_bytes()).map_err(failed)?;
    }
    Ok(())
}

/// Forgets the original, its fingerprint first.
pub(super) fn discard(kept: &Utf8Path) -> Result<(), BuildError> {
    atomic::remove_file(&kept.join("fingerprint"))
        .and_then(|()| atomic::remove_dir(kept))
        .map_err(|source| BuildError::Io { path: kept.to_owned(), source })
}

/// Size and time of an object: make does not look at more either.
pub(super) fn stamp(object: &Utf8Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(object).ok()?;
    Some(format!("{} {}.{:09}", metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

fn parse(line: &str) -> Option<(LinkedObject, String)> {
    let mut fields = line.split('\t');
    let linked = match fields.next()? {
        "vmlinux" => Linked::Vmlinux,
        module => Linked::Module(module.strip_prefix("module ")?.to_owned()),
    };
    let object = Utf8PathBuf::from(fields.next()?);
    Some((LinkedObject { object, linked }, fields.next()?.to_owned()))
}

fn read(path: &Utf8Path) -> Result<Option<String>, BuildError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(BuildError::Io { path: path.to_owned(), source }),
    }
}
