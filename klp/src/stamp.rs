//! What tells a file from every other, and from what it was before.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::{SystemTime, UNIX_EPOCH};

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

    /// Whether it was last written so long before `now` that whatever is written later gives it another stamp. The
    /// clocks of file systems tick a few hundred times a second.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let Self([.., modified, _, changed, _]) = self;
        let now =
            now.duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_secs()).ok());
        now.is_some_and(|now| modified.max(changed).saturating_add(1) < now)
    }

    /// As bytes of a file that is kept.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        self.0.into_iter().flat_map(i64::to_le_bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_written_just_now_is_not_settled() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(Utf8Path::from_path(file.path()).unwrap()).unwrap();
        let now = SystemTime::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        assert!(!stamp.is_settled(now) && stamp.is_settled(after(3)));
        // A clock that was wrong when it was written.
        file.as_file().set_modified(after(60)).unwrap();
        let stamp = Stamp::of(Utf8Path::from_path(file.path()).unwrap()).unwrap();
        assert!(!stamp.is_settled(after(3)) && stamp.is_settled(after(63)));
    }
}
