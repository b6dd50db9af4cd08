//! Files that are written where nothing of a person's is lost.

use std::io::{self, ErrorKind, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::tree::resolved;
use klp_core::module::ModInfo;
use rustix::fs::{Access, access};
use serde_json::Value;

use crate::error::Error;
use crate::place::{self, PathState};

/// What a livepatch module is.
pub const MODULE: &str = "a livepatch module";

/// How much of a file is read to see what it is.
const LARGEST: u64 = 256 << 20;

/// What the file of results is.
pub const RESULTS: &str = "a changed-function set";

/// Whether a file is a livepatch module.
#[must_use]
pub fn is_module(file: &[u8]) -> bool {
    ModInfo::read(file).is_ok_and(|info| info.is_livepatch())
}

/// Whether a file is a changed-function set, from its first line to its last.
#[must_use]
pub fn is_results(file: &[u8]) -> bool {
    let records = serde_json::from_slice::<Vec<Value>>(file).unwrap_or_default();
    let text = |record: &Value, name: &str| Some(record.get(name)?.as_str()?.to_owned());
    let is_first = |record: &Value| {
        text(record, "reason").is_some_and(|reason| reason == "version")
            && text(record, "tool").is_some_and(|tool| tool.starts_with("cargo-klp "))
    };
    file.starts_with(b"[\n{\"reason\":")
        && records.first().is_some_and(is_first)
        && records.iter().all(|record| text(record, "reason").is_some())
}

/// Whether `path` can be written and nothing is lost there: either there is nothing, or a file that is `ours`, which is called
/// `what`.
pub fn expect_free(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    expect_writable(path)?;
    expect_ours(path, ours, what)
}

/// Whether there is nothing at `path`, or a file that is `ours`.
pub fn expect_ours(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    match place::of(path)? {
        PathState::Free | PathState::Stream => return Ok(()),
        PathState::File => {}
    }
    let mut content = Vec::new();
    let file = fs_err::File::open(path);
    file.and_then(|file| file.take(LARGEST).read_to_end(&mut content)).map_err(failed)?;
    if ours(&content) {
        return Ok(());
    }
    Err(Error::Exists { path: path.to_owned(), what })
}

/// Whether what is written to `path` can be read again: a device keeps nothing.
pub fn expect_kept(path: &Utf8Path) -> Result<(), Error> {
    match place::of(path)? {
        PathState::Free | PathState::File => Ok(()),
        PathState::Stream => Err(Error::NotAFile { path: path.to_owned(), what: "a device" }),
    }
}

/// Whether `outputs`, each with the words for what names it, are as many files. Where one of them replaced another, the run
/// would end well and one of its results would be gone.
pub fn expect_apart(outputs: &[(&'static str, &Utf8Path)]) -> Result<(), Error> {
    let mut known: Vec<(&'static str, Utf8PathBuf)> = Vec::new();
    for &(what, path) in outputs {
        if place::of(path)? == PathState::Stream {
            continue;
        }
        let file = resolved(&place::followed(path)?)?;
        if let Some((first, _)) = known.iter().find(|(_, other)| *other == file) {
            return Err(Error::Twice { path: path.to_owned(), first, second: what });
        }
        known.push((what, file));
    }
    Ok(())
}

/// Whether `path` can be written to, or a file can be made or replaced there.
fn expect_writable(path: &Utf8Path) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(failed(ErrorKind::IsADirectory.into()));
    }
    let is_allowed = |path: &Utf8Path| {
        access(path.as_std_path(), Access::WRITE_OK).map_err(|error| failed(error.into()))
    };
    if place::of(path)? == PathState::Stream {
        return is_allowed(path);
    }
    let file = place::followed(path)?;
    let directory = directory(&file);
    if directory.exists() && !directory.is_dir() {
        return Err(failed(ErrorKind::NotADirectory.into()));
    }
    is_allowed(directory)
}

/// The directory that a file is in.
fn directory(path: &Utf8Path) -> &Utf8Path {
    let directory = path.parent().filter(|parent| !parent.as_str().is_empty());
    directory.unwrap_or_else(|| Utf8Path::new("."))
}

/// Removes a file that an earlier run has written, which must not be taken for one of this run. It stays, with an error,
/// if it is not `ours` by its start.
pub fn remove(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    expect_ours(path, ours, what)?;
    if place::of(path)? == PathState::Stream {
        return Ok(());
    }
    match fs_err::remove_file(place::followed(path)?) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all; what is no file stays, and is written into.
pub fn replace(
    path: &Utf8Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if place::of(path)? == PathState::Stream {
        let mut stream = place::open(path).map_err(failed)?;
        return write(&mut stream).map_err(failed);
    }
    let path = &place::followed(path)?;
    // As any other output: the umask decides who may read it.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    // One that is left behind by a run that was killed says what it was to be.
    let prefix = format!(".{}.", path.file_name().unwrap_or_default());
    let mut builder = tempfile::Builder::new();
    builder.permissions(permissions).prefix(&prefix);
    let mut file = builder.tempfile_in(directory(path)).map_err(failed)?;
    write(&mut file).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
