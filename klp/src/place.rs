//! What is at a path that is to be written: nothing, a file, or something that must not be replaced.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::io::Errno;

use crate::error::Error;

/// As many links as the kernel follows (`MAXSYMLINKS` in include/linux/namei.h).
const LINKS: usize = 40;

/// What the system says where nothing is, be it that a directory above is a file.
const NOTHING: [ErrorKind; 2] = [ErrorKind::NotFound, ErrorKind::NotADirectory];

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathState {
    /// Nothing.
    Free,
    /// A file, whose start says whose it is; or a directory.
    File,
    /// A character device, or our own standard output: it is written into, and neither read nor replaced.
    Stream,
}

/// What is at `path`. Nothing is opened: a FIFO would wait for somebody who writes, or reads.
pub(crate) fn of(path: &Utf8Path) -> Result<PathState, Error> {
    let found = match fs_err::metadata(path) {
        Err(error) if NOTHING.contains(&error.kind()) => return Ok(PathState::Free),
        found => found.map_err(|source| Error::Read { path: path.to_owned(), source })?,
    };
    let kind = found.file_type();
    let is_plain = kind.is_file() || kind.is_dir();
    if kind.is_char_device() || is_standard_output(&found) && (!is_plain || path.is_symlink()) {
        return Ok(PathState::Stream);
    }
    if is_plain {
        return Ok(PathState::File);
    }
    let what = match () {
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a block device",
    };
    Err(Error::NotAFile { path: path.to_owned(), what })
}

/// The path that `path` leads to by links, also where nothing is there: a link of the user's is not replaced.
pub(crate) fn followed(path: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    let mut end = path.to_owned();
    for _ in 0..LINKS {
        // What is no link, or is not there, is the end.
        let Ok(to) = end.read_link_utf8() else { return Ok(end) };
        end = end.parent().unwrap_or(Utf8Path::new("")).join(to);
    }
    Err(Error::Write { path: path.to_owned(), source: Errno::LOOP.into() })
}

/// The stream at `path`, to be written. That of our own standard output is not opened again: as a socket it could not be, and
/// as a file it would be written from its start.
pub(crate) fn open(path: &Utf8Path) -> io::Result<File> {
    if is_standard_output(&fs_err::metadata(path)?) {
        return standard_output();
    }
    Ok(fs_err::OpenOptions::new().write(true).open(path)?.into_parts().0)
}

/// Whether standard output leads to this.
fn is_standard_output(found: &Metadata) -> bool {
    let ours = standard_output().and_then(|file| file.metadata());
    ours.is_ok_and(|ours| (ours.dev(), ours.ino()) == (found.dev(), found.ino()))
}

fn standard_output() -> io::Result<File> {
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}
