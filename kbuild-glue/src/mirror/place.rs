//! Puts one file into the mirror, always by a rename.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use camino::Utf8Path;
use fs_err as fs;

use crate::atomic;

/// Whether the file system has refused to share bytes. Asking for each of 80,000 files costs
/// more than it brings; file systems do not change their mind.
static NO_REFLINKS: AtomicBool = AtomicBool::new(false);

/// Shares the user's file and its time: a reflink, else a hard link, else a copy.
/// Returns whether bytes were copied.
pub(super) fn shared(
    source: &Utf8Path,
    target: &Utf8Path,
    temporary: &Utf8Path,
) -> io::Result<bool> {
    if reflink(source, temporary)? {
        copy_times(source, temporary)?;
        fs::rename(temporary, target)?;
        return Ok(true);
    }
    atomic::remove_file(temporary)?;
    // Refused across file systems, for files of others, and by some file systems.
    if fs::hard_link(source, temporary).is_ok() {
        // Renaming a link onto another link of the same file does nothing at all.
        atomic::remove_file(target)?;
        fs::rename(temporary, target)?;
        return Ok(false);
    }
    fs::copy(source, temporary)?;
    copy_times(source, temporary)?;
    fs::rename(temporary, target)?;
    Ok(true)
}

/// Copies the user's bytes to a file with the time of now. Returns whether bytes were copied.
pub(super) fn fresh(
    source: &Utf8Path,
    target: &Utf8Path,
    temporary: &Utf8Path,
) -> io::Result<bool> {
    if !reflink(source, temporary)? {
        atomic::remove_file(temporary)?;
        fs::copy(source, temporary)?;
    }
    fs::rename(temporary, target)?;
    Ok(true)
}

/// Writes bytes to a file with the time of now.
pub(super) fn bytes(
    bytes: &[u8],
    mode: u32,
    target: &Utf8Path,
    temporary: &Utf8Path,
) -> io::Result<()> {
    atomic::remove_file(temporary)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(temporary)?;
    file.write_all(bytes)?;
    file.set_permissions(std::fs::Permissions::from_mode(mode | 0o400))?;
    drop(file);
    fs::rename(temporary, target)
}

/// Makes `to` a file of its own that shares the bytes of `from`, where that can be done.
/// When it cannot, an empty file may be left at `to`.
pub(crate) fn reflink(from: &Utf8Path, to: &Utf8Path) -> io::Result<bool> {
    if NO_REFLINKS.load(Ordering::Relaxed) {
        return Ok(false);
    }
    atomic::remove_file(to)?;
    let source = fs::File::open(from)?;
    let target = fs::OpenOptions::new().write(true).create_new(true).open(to)?;
    if rustix::fs::ioctl_ficlone(&target, &source).is_err() {
        NO_REFLINKS.store(true, Ordering::Relaxed);
        return Ok(false);
    }
    target.set_permissions(source.metadata()?.permissions())?;
    Ok(true)
}

fn copy_times(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    let modified = fs::metadata(from)?.modified()?;
    let file = fs::File::open(to)?;
    file.set_modified(modified)
}
