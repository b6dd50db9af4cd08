//! Files that are written where nothing of a person's is lost.

use std::io::{self, ErrorKind, Read};

use camino::Utf8Path;
use rustix::fs::{Access, access};

use crate::error::Error;

/// What a livepatch module is.
pub const MODULE: &str = "an ELF file";

/// What the file of results is.
pub const RESULTS: &str = "a changed-function set";

/// Whether a file that begins so is an ELF file.
#[must_use]
pub fn is_elf(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF")
}

/// Whether a file that begins so is a changed-function set.
#[must_use]
pub fn is_results(start: &[u8]) -> bool {
    start.starts_with(b"[")
}

/// Whether `path` can be written and nothing is lost there: either there is nothing, or a file that is `ours`
/// by its start, which is called `what`.
pub fn expect_free(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    expect_writable(path)?;
    expect_ours(path, ours, what)
}

/// Whether there is nothing at `path`, or a file that is `ours` by its start.
pub fn expect_ours(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    expect_regular(path)?;
    let mut start = Vec::new();
    match fs_err::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        file => file.and_then(|file| file.take(4096).read_to_end(&mut start)).map_err(failed)?,
    };
    if start.is_empty() || ours(&start) {
        return Ok(());
    }
    Err(Error::Exists { path: path.to_owned(), what })
}

/// Whether there is nothing at `path`, or a file: `/dev/null` reads as an empty one.
fn expect_regular(path: &Utf8Path) -> Result<(), Error> {
    match fs_err::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(found) if found.is_file() || found.is_dir() => Ok(()),
        Ok(_) => Err(Error::NoFile { path: path.to_owned() }),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

/// Whether a file at `path` can be made or replaced.
fn expect_writable(path: &Utf8Path) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(failed(ErrorKind::IsADirectory.into()));
    }
    let directory = path.parent().filter(|parent| !parent.as_str().is_empty());
    let directory = directory.unwrap_or_else(|| Utf8Path::new("."));
    if directory.exists() && !directory.is_dir() {
        return Err(failed(ErrorKind::NotADirectory.into()));
    }
    access(directory.as_std_path(), Access::WRITE_OK).map_err(|error| failed(error.into()))
}

/// Removes a file that an earlier run has written, which must not be taken for one of this run. It stays, with an error,
/// if it is not `ours` by its start.
pub fn remove(
    path: &Utf8Path,
    ours: impl FnOnce(&[u8]) -> bool,
    what: &'static str,
) -> Result<(), Error> {
    expect_ours(path, ours, what)?;
    match fs_err::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all, where there is nothing or a file.
pub fn replace(
    path: &Utf8Path,
    write: impl FnOnce(&mut tempfile::NamedTempFile) -> io::Result<()>,
) -> Result<(), Error> {
    expect_regular(path)?;
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let directory = path.parent().filter(|parent| !parent.as_str().is_empty());
    let directory = directory.unwrap_or_else(|| Utf8Path::new("."));
    // As any other output: the umask decides who may read it.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    // One that is left behind by a run that was killed says what it was to be.
    let prefix = format!(".{}.", path.file_name().unwrap_or_default());
    let mut builder = tempfile::Builder::new();
    builder.permissions(permissions).prefix(&prefix);
    let mut file = builder.tempfile_in(directory).map_err(failed)?;
    write(&mut file).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
