//! A private copy of the sources, at one path for the original and the patched build.
//!
//! Three rules make it safe and right:
//!
//! - A file of the mirror is only ever replaced by a rename. It can be a hard link to the user's
//!   file, and writing to it would write to both.
//! - A file that replaces another gets the time of now. Objects may be newer than the user's
//!   file is, and make would not build them again.
//! - What is written for a patch is named in a journal before. Whoever finds the journal later
//!   puts those files back, with the time of now again.

mod error;
mod journal;
mod list;
mod place;
mod stamps;

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::event::{BuildEvent, Events};
use crate::patch::FileChange;
use crate::tree::Tree;
pub use error::MirrorError;
use journal::Journal;
use list::{Entry, Kind, Listing};
pub(crate) use place::reflink;
pub use stamps::Stamps;

/// A mirror that was brought up to date.
#[derive(Debug)]
pub struct Mirror {
    source: Utf8PathBuf,
    dir: Utf8PathBuf,
    listing: Listing,
    stamps: Stamps,
    fresh: bool,
    changed: usize,
}

impl Mirror {
    /// Makes `dir` the same as the sources of `tree`. Beside it `dir` with `.journal`, `.stamps`
    /// and `.tmp` appended are ours too.
    ///
    /// The user's tree is only read. Its files are shared where the file system can (reflink,
    /// hard link), which changes neither their bytes nor their times.
    pub fn sync(tree: &Tree, dir: &Utf8Path, events: &mut Events<'_>) -> Result<Self, MirrorError> {
        let listing = list::sources(tree, dir)?;
        let stamps = Stamps::of(&listing);
        let mut mirror = Self {
            source: tree.source.clone(),
            dir: dir.to_owned(),
            listing,
            stamps,
            fresh: false,
            changed: 0,
        };
        mirror.update(events)?;
        Ok(mirror)
    }

    /// Where the mirror is.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.dir
    }

    /// The files of the user's tree with sizes and times, as they were mirrored.
    #[must_use]
    pub fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    /// Whether there was no (finished) mirror before, so that objects made from one are stale.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// How many files were added, replaced or removed to bring it up to date.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.changed
    }

    /// Writes changed files. [`restore`](Self::restore), or else the next [`sync`](Self::sync),
    /// takes them back.
    pub fn apply(&self, changes: &[FileChange]) -> Result<(), MirrorError> {
        let paths = changes.iter().map(|change| change.path.clone()).collect();
        Journal::write(&self.dir, &paths)?;
        for change in changes {
            let target = self.dir.join(&change.path);
            match &change.new {
                None => remove(&target)?,
                Some(bytes) => {
                    self.make_parents(&target)?;
                    let mode = change.mode.unwrap_or(0o644);
                    place::bytes(bytes, mode, &target, &self.temporary()?)
                        .map_err(|source| MirrorError::Write { path: target.clone(), source })?;
                }
            }
        }
        Ok(())
    }

    /// Puts back what [`apply`](Self::apply) wrote.
    pub fn restore(&self) -> Result<(), MirrorError> {
        let paths = Journal::read(&self.dir)?;
        self.put_back(&paths)?;
        Journal::remove(&self.dir)
    }

    fn update(&mut self, events: &mut Events<'_>) -> Result<(), MirrorError> {
        let journal = Journal::read(&self.dir)?;
        let known = Stamps::read(&self.dir)?;
        self.fresh = known.is_none();
        if known.is_none() {
            events(BuildEvent::Status {
                verb: "Mirroring",
                message: format!("{} files of {}", self.listing.len(), self.source),
            });
        } else if !journal.is_empty() {
            events(BuildEvent::Status {
                verb: "Repairing",
                message: format!("mirror ({} files of an interrupted run)", journal.len()),
            });
        }
        fs::create_dir_all(&self.dir).map_err(|source| self.write_error(source))?;
        self.clear_temporary()?;

        let present = list::everything(&self.dir)?;
        self.remove_foreign(&present)?;
        let mut copied = false;
        for (path, entry) in &self.listing {
            let target = self.dir.join(path);
            let there = present.get(path).filter(|there| there.same_type(entry));
            match &entry.kind {
                Kind::Directory => {
                    if there.is_none() {
                        fs::create_dir_all(&target).map_err(|source| self.write_error(source))?;
                    }
                }
                Kind::Symlink(points_to) => {
                    if there.is_none_or(|there| there.kind != entry.kind) {
                        remove(&target)?;
                        fs_err::os::unix::fs::symlink(points_to, &target)
                            .map_err(|source| self.write_error(source))?;
                        self.changed = self.changed.saturating_add(1);
                    }
                }
                Kind::File(_) => {
                    let unchanged = known.as_ref().map(|known| known.has(path, entry));
                    if self.is_current(path, entry, there, unchanged, &journal)? {
                        continue;
                    }
                    // Only what was never built from may keep the user's time.
                    let shared = self.fresh && there.is_none() && !journal.contains(path);
                    copied |= self.place(path, shared)?;
                    self.changed = self.changed.saturating_add(1);
                }
            }
        }
        if copied {
            // The stamps say that the files are whole; they must not reach the disk first.
            let directory = fs::File::open(&self.dir).map_err(|source| self.write_error(source))?;
            rustix::fs::syncfs(&directory).map_err(|error| self.write_error(error.into()))?;
        }
        if known.as_ref() != Some(&self.stamps) {
            self.stamps.write(&self.dir)?;
        }
        Journal::remove(&self.dir)
    }

    /// Whether a file of the mirror can stay as it is.
    fn is_current(
        &self,
        path: &Utf8Path,
        entry: &Entry,
        there: Option<&Entry>,
        unchanged: Option<bool>,
        journal: &BTreeSet<Utf8PathBuf>,
    ) -> Result<bool, MirrorError> {
        let (Kind::File(source), Some(Kind::File(mirrored))) =
            (&entry.kind, there.map(|there| &there.kind))
        else {
            return Ok(false);
        };
        if journal.contains(path) {
            return Ok(false);
        }
        let shared = (source.device, source.inode) == (mirrored.device, mirrored.inode);
        match unchanged {
            // The user wrote into the file we share. Its time may be older than our objects.
            Some(false) if shared => Ok(false),
            // Two files: the user's was touched, or changed for real.
            Some(false) => Ok(source.mode == mirrored.mode
                && self.same_bytes(path, source.size, mirrored.size)?),
            Some(true) => Ok(shared || source.size == mirrored.size),
            // Stamps come last, so this is what is left of a first run that was killed.
            None if shared => Ok(true),
            None => Ok((source.size, source.modified) == (mirrored.size, mirrored.modified)
                && self.same_bytes(path, source.size, mirrored.size)?),
        }
    }

    fn same_bytes(&self, path: &Utf8Path, size: u64, mirrored: u64) -> Result<bool, MirrorError> {
        if size != mirrored {
            return Ok(false);
        }
        let (source, target) = (self.source.join(path), self.dir.join(path));
        let ours =
            fs::read(&target).map_err(|source| MirrorError::Read { path: target, source })?;
        let users =
            fs::read(&source).map_err(|error| MirrorError::Read { path: source, source: error })?;
        Ok(ours == users)
    }

    /// Removes what the sources do not have, or have as something else.
    fn remove_foreign(&mut self, present: &Listing) -> Result<(), MirrorError> {
        // Backwards, so that directories come after what is in them.
        for (path, there) in present.iter().rev() {
            if self.listing.get(path).is_some_and(|entry| entry.same_type(there)) {
                continue;
            }
            let target = self.dir.join(path);
            if there.kind == Kind::Directory {
                fs::remove_dir(&target).map_err(|source| self.write_error(source))?;
            } else {
                remove(&target)?;
            }
            self.changed = self.changed.saturating_add(1);
        }
        Ok(())
    }

    fn put_back(&self, paths: &BTreeSet<Utf8PathBuf>) -> Result<(), MirrorError> {
        for path in paths {
            let target = self.dir.join(path);
            if matches!(self.listing.get(path), Some(Entry { kind: Kind::File(_), .. })) {
                self.make_parents(&target)?;
                self.place(path, false)?;
                continue;
            }
            remove(&target)?;
            // Directories that only the patch had; one that is not empty stays by itself.
            for parent in path.ancestors().skip(1).filter(|parent| !parent.as_str().is_empty()) {
                if self.listing.contains_key(parent)
                    || fs::remove_dir(self.dir.join(parent)).is_err()
                {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Puts a file of the user's into the mirror. Returns whether bytes were copied.
    fn place(&self, path: &Utf8Path, shared: bool) -> Result<bool, MirrorError> {
        let (source, target) = (self.source.join(path), self.dir.join(path));
        let temporary = self.temporary()?;
        let placed = if shared {
            place::shared(&source, &target, &temporary)
        } else {
            place::fresh(&source, &target, &temporary)
        };
        placed.map_err(|error| MirrorError::Copy { from: source, to: target, source: error })
    }

    fn make_parents(&self, target: &Utf8Path) -> Result<(), MirrorError> {
        let parent = target.parent().unwrap_or(&self.dir);
        fs::create_dir_all(parent).map_err(|source| self.write_error(source))
    }

    /// A place on the same file system for a file that is not whole yet.
    fn temporary(&self) -> Result<Utf8PathBuf, MirrorError> {
        let directory = beside(&self.dir, "tmp");
        match fs::create_dir(&directory) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(self.write_error(source))
            }
            _ => Ok(directory.join("file")),
        }
    }

    fn clear_temporary(&self) -> Result<(), MirrorError> {
        crate::atomic::remove_dir(&beside(&self.dir, "tmp"))
            .map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: io::Error) -> MirrorError {
        MirrorError::Write { path: self.dir.clone(), source }
    }
}

/// A name beside the mirror: `mirror.journal` for `mirror`.
fn beside(dir: &Utf8Path, suffix: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{dir}.{suffix}"))
}

fn remove(path: &Utf8Path) -> Result<(), MirrorError> {
    crate::atomic::remove_file(path)
        .map_err(|source| MirrorError::Write { path: path.to_owned(), source })
}
