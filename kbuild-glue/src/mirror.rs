//! A private copy of the sources, at one path for the original and the patched build.
//!
//! Three rules make it safe and right:
//!
//! - A file of the mirror is only ever replaced by a rename. It can be a hard link to the user's
//!   file, and writing to it would write to both.
//! - A file that replaces another for good gets the time of now. Objects may be newer than the
//!   user's file is, and make would not build them again.
//! - What a patch changes stands aside in a stash meanwhile and comes back with its time, as do the
//!   objects that were made from it.

mod error;
mod list;
mod place;
mod stamps;

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::event::{BuildEvent, Events};
use crate::patch::FileChange;
use crate::stash::Stash;
use crate::tree::Tree;
pub use error::MirrorError;
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
    /// Makes `dir` the same as the sources of `tree`. Beside it `dir` with `.journal`, `.stash`,
    /// `.stamps` and `.tmp` appended are ours too.
    ///
    /// The user's tree is only read. Its files are shared where the file system can (reflink,
    /// hard link), which changes neither their bytes nor their times.
    pub fn sync(tree: &Tree, dir: &Utf8Path, events: &mut Events<'_>) -> Result<Self, MirrorError> {
        if Stash::of(dir).is_in_use() {
            events(BuildEvent::Status {
                verb: "Repairing",
                message: "mirror of an interrupted run".to_owned(),
            });
            put_back(dir)?;
        }
        let known = if dir.is_dir() { Stamps::read(dir)? } else { None };
        let listing = list::sources(tree, dir)?;
        if known.is_none() {
            events(BuildEvent::Status {
                verb: "Mirroring",
                message: format!("{} files of {}", listing.len(), tree.source),
            });
        }
        let mut mirror = Self {
            source: tree.source.clone(),
            dir: dir.to_owned(),
            stamps: Stamps::of(&listing),
            listing,
            fresh: known.is_none(),
            changed: 0,
        };
        mirror.update(known.as_ref())?;
        Ok(mirror)
    }

    /// The files of the user's tree, as a mirror in `dir` would have them.
    pub fn preview(tree: &Tree, dir: &Utf8Path) -> Result<Stamps, MirrorError> {
        Ok(Stamps::of(&list::sources(tree, dir)?))
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
    /// puts back what was there, as the same files with the same times.
    pub fn apply(&self, changes: &[FileChange]) -> Result<(), MirrorError> {
        Stash::of(&self.dir)
            .take(changes.iter().map(|change| &change.path))
            .map_err(|source| self.write_error(source))?;
        for change in changes {
            let Some(bytes) = &change.new else { continue };
            let target = self.dir.join(&change.path);
            self.make_parents(&target)?;
            let mode = change.mode.unwrap_or(0o644);
            place::bytes(bytes, mode, &target, &self.temporary()?)
                .map_err(|source| MirrorError::Write { path: target.clone(), source })?;
        }
        Ok(())
    }

    /// Takes back what [`apply`](Self::apply) wrote.
    pub fn restore(&self) -> Result<(), MirrorError> {
        put_back(&self.dir)
    }

    fn update(&mut self, known: Option<&Stamps>) -> Result<(), MirrorError> {
        fs::create_dir_all(&self.dir).map_err(|source| self.write_error(source))?;
        self.clear_temporary()?;
        let copied = match known {
            Some(known) if *known == self.stamps => return Ok(()),
            Some(known) => self.follow(known)?,
            None => self.make_all()?,
        };
        if copied {
            // The stamps say that the files are whole; they must not reach the disk first.
            let directory = fs::File::open(&self.dir).map_err(|source| self.write_error(source))?;
            rustix::fs::syncfs(&directory).map_err(|error| self.write_error(error.into()))?;
        }
        self.stamps.write(&self.dir)
    }

    /// Makes the whole mirror, or what is missing of one that was never finished.
    fn make_all(&mut self) -> Result<bool, MirrorError> {
        let present = list::everything(&self.dir)?;
        self.remove_foreign(&present)?;
        let mut copied = false;
        let listing = std::mem::take(&mut self.listing);
        for (path, entry) in &listing {
            let there = present.get(path).filter(|there| there.same_type(entry));
            if entry.kind == Kind::Directory {
                if there.is_none() {
                    fs::create_dir_all(self.dir.join(path))
                        .map_err(|source| self.write_error(source))?;
                }
                continue;
            }
            copied |= self.bring(Utf8Path::new(path), entry, there)?;
        }
        self.listing = listing;
        Ok(copied)
    }

    /// Does to the mirror what was done to the sources since `known`.
    fn follow(&mut self, known: &Stamps) -> Result<bool, MirrorError> {
        for path in known.paths().filter(|path| !self.stamps.contains(path)) {
            self.remove_any(path)?;
            self.changed = self.changed.saturating_add(1);
        }
        let mut copied = false;
        let changed: Vec<Utf8PathBuf> =
            self.stamps.changed_since(known).map(Utf8Path::to_owned).collect();
        for path in changed {
            let Some(entry) = self.listing.get(path.as_str()).cloned() else { continue };
            let target = self.dir.join(&path);
            let there = list::look(&target)
                .map_err(|source| MirrorError::List { path: target.clone(), source })?;
            if there.as_ref().is_some_and(|there| !there.same_type(&entry)) {
                self.remove_any(&path)?;
            }
            let there = there.filter(|there| there.same_type(&entry));
            if entry.kind == Kind::Directory {
                fs::create_dir_all(&target).map_err(|source| self.write_error(source))?;
            } else {
                self.make_parents(&target)?;
                copied |= self.bring(&path, &entry, there.as_ref())?;
            }
        }
        Ok(copied)
    }

    /// Removes a file, or a directory of which all that was known is gone.
    fn remove_any(&self, path: &Utf8Path) -> Result<(), MirrorError> {
        let target = self.dir.join(path);
        if target.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return crate::atomic::remove_dir(&target).map_err(|source| self.write_error(source));
        }
        remove(&target)
    }

    /// Brings a file or symlink up to date. Returns whether bytes were copied.
    fn bring(
        &mut self,
        path: &Utf8Path,
        entry: &Entry,
        there: Option<&Entry>,
    ) -> Result<bool, MirrorError> {
        let target = self.dir.join(path);
        if let Kind::Symlink(points_to) = &entry.kind {
            if there.is_none_or(|there| there.kind != entry.kind) {
                remove(&target)?;
                fs_err::os::unix::fs::symlink(points_to, &target)
                    .map_err(|source| self.write_error(source))?;
                self.changed = self.changed.saturating_add(1);
            }
            return Ok(false);
        }
        if self.is_current(path, entry, there)? {
            return Ok(false);
        }
        self.changed = self.changed.saturating_add(1);
        // Only what was never built from may keep the user's time.
        self.place(path, self.fresh && there.is_none())
    }

    /// Whether a file of the mirror can stay as it is.
    fn is_current(
        &self,
        path: &Utf8Path,
        entry: &Entry,
        there: Option<&Entry>,
    ) -> Result<bool, MirrorError> {
        let (Kind::File(source), Some(Kind::File(mirrored))) =
            (&entry.kind, there.map(|there| &there.kind))
        else {
            return Ok(false);
        };
        let shared = (source.device, source.inode) == (mirrored.device, mirrored.inode);
        if self.fresh {
            // Stamps come last, so this is what is left of a first run that was killed.
            let same = (source.size, source.modified) == (mirrored.size, mirrored.modified);
            return Ok(shared || same && self.same_bytes(path, source.size, mirrored.size)?);
        }
        // The user wrote into the file we share: its time may be older than our objects. Of two files
        // the user's was touched, or changed for real.
        Ok(!shared
            && source.mode == mirrored.mode
            && self.same_bytes(path, source.size, mirrored.size)?)
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

/// Puts the files back that stand aside.
fn put_back(dir: &Utf8Path) -> Result<(), MirrorError> {
    let stash = Stash::of(dir);
    stash.put_back(None).and_then(|()| stash.close()).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => MirrorError::Damaged { path: beside(dir, "journal") },
        _ => MirrorError::Write { path: dir.to_owned(), source },
    })
}

fn remove(path: &Utf8Path) -> Result<(), MirrorError> {
    crate::atomic::remove_file(path)
        .map_err(|source| MirrorError::Write { path: path.to_owned(), source })
}
