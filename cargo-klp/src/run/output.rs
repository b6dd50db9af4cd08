//! Files that a person names to be written, before anything is lost in their places.

use std::io::Read;

use camino::Utf8Path;
use rustix::fs::{Access, access};

use crate::error::Error;

/// Whether a file that begins so is an ELF file.
pub(super) fn is_elf(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF")
}

/// Whether a file that begins so is a changed-function set.
pub(super) fn is_results(start: &[u8]) -> bool {
    start.starts_with(b"[")
}

/// Whether `path` can be written and nothing is lost there: either there is nothing, or a file that is `ours`
/// by its start, which is called `what`.
pub(super) fn expect_free(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    expect_writable(path)?;
    expect_ours(path, ours, what)
}

/// Whether there is nothing at `path`, or a file that is `ours` by its start.
pub(super) fn expect_ours(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut start = Vec::new();
    match fs_err::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        file => file.and_then(|file| file.take(4096).read_to_end(&mut start)).map_err(failed)?,
    };
    if start.is_empty() || ours(&start) {
        return Ok(());
    }
    Err(Error::Exists { path: path.to_owned(), what })
}

/// Whether a file at `path` can be made or replaced.
fn expect_writable(path: &Utf8Path) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let directory = path.parent().filter(|parent| !parent.as_str().is_empty());
    let directory = directory.unwrap_or_else(|| Utf8Path::new("."));
    if directory.exists() && !directory.is_dir() {
        return Err(failed(std::io::ErrorKind::NotADirectory.into()));
    }
    access(directory.as_std_path(), Access::WRITE_OK).map_err(|error| failed(error.into()))
}
