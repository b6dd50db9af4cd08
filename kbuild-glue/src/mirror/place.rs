//! Puts one file into the mirror, always by a rename.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use fs_err as fs;

use super::list::FileStat;
use crate::atomic;

/// Whether the file system has refused to share bytes. Asking for each of 80,000 files costs
/// more than it brings; file systems do not change their mind.
static NO_REFLINKS: AtomicBool = AtomicBool::new(false);

/// Which time a file of the mirror gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MirrorTime {
    /// A known one: nothing was made from the mirror's file yet.
    Of(SystemTime),
    /// That of now: what was made from another file in its place is made again.
    Now,
}

impl MirrorTime {
    /// When the user wrote `file`. What is from the future would be made anew by each make, and is from now.
    pub(super) fn written(file: &FileStat) -> Self {
        let (seconds, part) = file.written();
        let since = u64::try_from(seconds).ok().zip(u32::try_from(part).ok());
        let since = since.map(|(seconds, part)| Duration::new(seconds, part));
        let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        time.filter(|time| *time <= SystemTime::now()).map_or(Self::Now, Self::Of)
    }
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
    if let MirrorTime::Of(time) = time {
        fs::File::open(temporary)?.set_modified(time)?;
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
