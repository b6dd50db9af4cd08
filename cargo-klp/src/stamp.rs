//! What tells a file from every other, and from what it was before.

use std::io;
use std::os::unix::fs::MetadataExt as _;

use camino::Utf8Path;

/// Which file it is, its size and its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp([i64; 7]);

impl Stamp {
    /// That of the file at `path`.
    pub(crate) fn of(path: &Utf8Path) -> io::Result<Self> {
        let file = fs_err::metadata(path)?;
        let [device, inode, size] = [file.dev(), file.ino(), file.size()].map(u64::cast_signed);
        let [modified, changed] = [file.mtime(), file.ctime()];
        Ok(Self([device, inode, size, modified, file.mtime_nsec(), changed, file.ctime_nsec()]))
    }

    /// That of this program. One that is installed or compiled anew has other times.
    pub(crate) fn of_program() -> io::Result<Self> {
        Self::of(Utf8Path::new("/proc/self/exe"))
    }

    /// As bytes of a file that is kept.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        self.0.into_iter().flat_map(i64::to_le_bytes).collect()
    }
}
