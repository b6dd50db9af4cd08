//! Puts one file into the mirror, always by a rename.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use camino::Utf8Path;
use fs_err as fs;

use crate::atomic;

/// Whether the file system has refused to share bytes. Asking for each of 80,000 files costs
/// more than it brings; file systems do not change their mind.
static NO_REFLINKS: AtomicBool = AtomicBool::new(false);

/// Which time a file of the mirror gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MirrorTime {
    /// That of the user's file: nothing was made from the mirror's yet.
    Users,
    /// That of now: what was made from another file in its place is made again.
    Now,
}

/// Gives the mirror a file of its own with the user's bytes, which are shared where the file system can.
///
/// A hard link would be the user's file: who edits one in the mirror, where compilers say that the error is,
/// would edit both.
pub(super) fn place(
    source: &Utf8Path,
    target: &Utf8Path,
    temporary: &Utf8Path,
    time: MirrorTime,
) -> io::Result<()> {
    if !reflink(source, temporary)? {
        atomic::remove_file(temporary)?;
        fs::copy(source, temporary)?;
    }
    if time == MirrorTime::Users {
        // What is from the future would be made anew by each make.
        let modified = fs::metadata(source)?.modified()?.min(SystemTime::now());
        fs::File::open(temporary)?.set_modified(modified)?;
    }
    fs::rename(temporary, target)
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
