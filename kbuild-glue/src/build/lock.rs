//! One run at a time in a work directory.

use std::io::{Read, Seek, Write};
use std::time::Duration;

use camino::Utf8Path;
use fs_err as fs;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::BuildError;
use crate::event::{BuildEvent, BuildEvents};
use crate::interrupt::Interrupt;

/// Held until dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    file: fs::File,
}

impl Lock {
    /// Takes the lock; waits for another run, and says so once.
    pub(super) fn take(
        path: &Utf8Path,
        interrupt: &Interrupt,
        events: &mut BuildEvents<'_>,
    ) -> Result<Self, BuildError> {
        let failed = BuildError::io(path);
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let mut said = false;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => return Err(failed(error.into())),
            }
            if interrupt.is_raised() {
                return Err(BuildError::Interrupted);
            }
            if !said {
                said = true;
                let mut holder = String::new();
                // Only words: the holder may be writing its number right now.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => String::new(),
                    number => format!(" (process {number})"),
                };
                events(BuildEvent::Waiting {
                    reason: format!("for another run{holder} in {}", path.parent().unwrap_or(path)),
                });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        write!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { file })
    }

    /// Whether it is the lock of the file that is at `path` now.
    pub(super) fn is_of(&self, path: &Utf8Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let same = |ours: std::fs::Metadata, there: std::fs::Metadata| {
            (ours.dev(), ours.ino()) == (there.dev(), there.ino())
        };
        self.file
            .metadata()
            .is_ok_and(|ours| fs::metadata(path).is_ok_and(|there| same(ours, there)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use camino::Utf8PathBuf;

    use super::*;

    #[test]
    fn the_second_waits_and_says_why() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("lock")).unwrap();
        let interrupt = Interrupt::new();
        let first = Lock::take(&path, &interrupt, &mut |_| panic!("nobody holds it")).unwrap();
        let releaser = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            drop(first);
        });
        let (begin, mut said) = (Instant::now(), Vec::new());
        let _second = Lock::take(&path, &interrupt, &mut |event| said.push(event)).unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(150));
        releaser.join().unwrap();
        let pid = std::process::id().to_string();
        assert!(
            matches!(said.as_slice(), [BuildEvent::Waiting { reason }] if reason.contains(&pid)),
            "{said:?}"
        );
        interrupt.raise();
        assert!(matches!(Lock::take(&path, &interrupt, &mut |_| {}), Err(BuildError::Interrupted)));
    }
}
