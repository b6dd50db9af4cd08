//! A private copy of the sources, at one path for the original and the patched build.
//!
//! Six rules make it safe and right:
//!
//! - A file of the mirror is a file of its own: whatever is done to it, the user's stays as it is. It is only
//!   ever replaced by a rename.
//! - A file has the time of the user's last change of it, which make holds against what the user built. The time that it
//!   says it is from is no answer: archives, copies and some editors set it back.
//! - A file that replaces another for good gets the time of now. Objects may be newer than the
//!   user's file is, and make would not build them again.
//! - A file of the mirror that somebody else wrote to is found, and replaced by one with the time of now.
//! - A symlink into the sources leads into the mirror, however it names them. Where one leads is a part of what was built.
//! - What a patch changes stands aside in a stash meanwhile and comes back with its time, as do the
//!   objects that were made from it.

mod error;
mod links;
mod list;
mod news;
mod place;
mod stamps;

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::event::{BuildEvent, BuildEvents};
use crate::lexical::beside;
use crate::patch::FileChange;
use crate::stash::Stash;
use crate::tree::Tree;
pub use error::MirrorError;
use list::{EntryKind, FileStat, TreeEntry, TreeListing};
pub(crate) use news::{ChangeTime, UnknownToMake};
pub(crate) use place::reflink;
use place::{MirrorTime, place};
use rayon::prelude::*;
pub use stamps::Stamps;
use stamps::{MirrorRecord, MirrorStat, SourceStats};

/// A mirror that was brought up to date.
#[derive(Debug)]
pub struct Mirror {
    source: Utf8PathBuf,
    dir: Utf8PathBuf,
    listing: TreeListing,
    stamps: Stamps,
    own: BTreeMap<String, MirrorStat>,
    fresh: bool,
    changed: usize,
    news: UnknownToMake,
    relinked: bool,
    altered: Option<String>,
}

impl Mirror {
    /// Makes `dir` the same as the sources of `tree`. Beside it `dir` with `.journal`, `.stash`,
    /// `.stamps` and `.tmp` appended are ours too.
    ///
    /// The user's tree is only read. The bytes of its files are shared where the file system can (reflink).
    ///
    /// All of it is looked at again until it is [kept](Self::keep), which comes after what was made from another
    /// mirror is gone.
    pub fn sync(
        tree: &Tree,
        dir: &Utf8Path,
        events: &mut BuildEvents<'_>,
    ) -> Result<Self, MirrorError> {
        if Stash::of(dir).is_in_use() {
            events(BuildEvent::Status {
                verb: "Repairing",
                message: "mirror of an interrupted run".to_owned(),
            });
            put_back(dir)?;
        }
        let known = if dir.is_dir() { MirrorRecord::read(dir)? } else { None };
        let (listing, left_out) = list::sources(tree, dir)?;
        for path in left_out {
            let message = format!("{} is left out: its name is not UTF-8", path.display());
            events(BuildEvent::Note { message });
        }
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
            own: BTreeMap::new(),
            fresh: known.is_none(),
            changed: 0,
            news: UnknownToMake::default(),
            relinked: false,
            altered: None,
        };
        mirror.update(&known.unwrap_or_default())?;
        if let Some(path) = &mirror.altered {
            let message = format!("mirror, where {path} was changed");
            events(BuildEvent::Status { verb: "Repairing", message });
        }
        Ok(mirror)
    }

    /// The mirror of the last build, whatever the sources of `tree` are by now: to compile something again.
    pub fn as_it_is(tree: &Tree, dir: &Utf8Path) -> Result<Self, MirrorError> {
        if Stash::of(dir).is_in_use() {
            put_back(dir)?;
        }
        Ok(Self {
            source: tree.source.clone(),
            dir: dir.to_owned(),
            listing: TreeListing::default(),
            stamps: Stamps::default(),
            own: BTreeMap::new(),
            fresh: false,
            changed: 0,
            news: UnknownToMake::default(),
            relinked: false,
            altered: None,
        })
    }

    /// Writes down that the mirror is as it should be.
    pub fn keep(&self) -> Result<(), MirrorError> {
        let (sources, seen) = (self.stamps.clone(), SourceStats::of(&self.listing));
        let known = MirrorRecord { sources, seen, own: self.own.clone() };
        known.write(&self.dir)
    }

    /// The files of the user's tree, as a mirror in `dir` would have them.
    pub fn preview(tree: &Tree, dir: &Utf8Path) -> Result<Stamps, MirrorError> {
        Ok(Stamps::of(&list::sources(tree, dir)?.0))
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

    /// A file of the mirror that somebody wrote to or removed. It is right again, but what was made from the
    /// mirror may not be.
    #[must_use]
    pub fn altered(&self) -> Option<&str> {
        self.altered.as_deref()
    }

    /// A file of the mirror that somebody wrote to since it was brought up to date.
    pub fn touched(&self) -> Result<Option<Utf8PathBuf>, MirrorError> {
        let is_touched = |path: &Utf8PathBuf, own: &MirrorStat| {
            let there = list::look(path)
                .map_err(|source| MirrorError::List { path: path.clone(), source })?;
            Ok(there.as_ref().map(MirrorStat::of).as_ref() != Some(own))
        };
        let look = |(path, own): (&String, &MirrorStat)| {
            let path = self.dir.join(path);
            is_touched(&path, own).map(|touched| touched.then_some(path)).transpose()
        };
        self.own.par_iter().find_map_any(look).transpose()
    }

    /// How many files were added, replaced or removed to bring it up to date.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.changed
    }

    /// What is other in the user's tree since the mirror was [kept](Self::keep).
    pub(crate) fn news(&self) -> &UnknownToMake {
        &self.news
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

    fn update(&mut self, known: &MirrorRecord) -> Result<(), MirrorError> {
        fs::create_dir_all(&self.dir).map_err(|source| self.write_error(source))?;
        self.clear_temporary()?;
        let present = list::everything(&self.dir)?;
        self.remove_foreign(&present, known)?;
        let listing = std::mem::take(&mut self.listing);
        let mut missing = Vec::new();
        for (path, entry) in &listing {
            let there = present.get(path).filter(|there| there.same_type(entry));
            match (&entry.kind, there) {
                (EntryKind::Directory, None) => {
                    let failed = |source| self.write_error(source);
                    fs::create_dir_all(self.dir.join(path)).map_err(failed)?;
                }
                (EntryKind::Directory, Some(_)) => {}
                (EntryKind::Symlink(points_to), there) => self.symlink(path, points_to, there)?,
                (EntryKind::File(file), there) => match self.current(path, file, there, known)? {
                    Some(own) => drop(self.own.insert(path.clone(), own)),
                    None => missing.push((path.as_str(), file)),
                },
            }
        }
        if !self.fresh {
            let brought: Vec<&str> = missing.iter().map(|(path, _)| *path).collect();
            self.news = UnknownToMake::of(&listing, known, &brought);
        }
        self.changed = self.changed.saturating_add(missing.len());
        let brought = self.bring(&missing);
        self.listing = listing;
        brought
    }

    /// Puts files of the user's into the mirror.
    fn bring(&mut self, files: &[(&str, &FileStat)]) -> Result<(), MirrorError> {
        if files.is_empty() {
            return Ok(());
        }
        let temporary = self.temporary()?;
        let bring = |(path, file): &(&str, &FileStat)| {
            let time = if self.fresh { MirrorTime::written(file) } else { MirrorTime::Now };
            let (source, target) = (self.source.join(path), self.dir.join(path));
            let thread = rayon::current_thread_index().unwrap_or_default();
            let own = place(&source, &target, &temporary.with_extension(thread.to_string()), time)
                .and_then(|()| list::look(&target))
                .map_err(|error| MirrorError::Copy { from: source, to: target, source: error })?;
            Ok(((*path).to_owned(), own.as_ref().map(MirrorStat::of).unwrap_or_default()))
        };
        let brought = files.par_iter().map(bring).collect::<Result<Vec<_>, MirrorError>>()?;
        self.own.extend(brought);
        // The stamps say that the files are whole; they must not reach the disk first.
        let directory = fs::File::open(&self.dir).map_err(|source| self.write_error(source))?;
        rustix::fs::syncfs(&directory).map_err(|error| self.write_error(error.into()))
    }

    /// What there is to know of a file of the mirror that can stay as it is; none if it has to be brought.
    fn current(
        &mut self,
        path: &str,
        source: &FileStat,
        there: Option<&TreeEntry>,
        known: &MirrorRecord,
    ) -> Result<Option<MirrorStat>, MirrorError> {
        let was = known.own.get(path);
        let Some(TreeEntry { kind: EntryKind::File(file) }) = there else {
            // Removed, unless it is new to us.
            self.altered = self.altered.take().or_else(|| was.map(|_| path.to_owned()));
            return Ok(None);
        };
        let own = there.map(MirrorStat::of).unwrap_or_default();
        if self.fresh {
            // Stamps come last, so this is what is left of a first run that was killed.
            let shared = (source.device, source.inode) == (file.device, file.inode);
            let same = !shared && (source.size, source.written()) == (file.size, file.modified);
            return Ok((same && self.same_bytes(path, source, file)?).then_some(own));
        }
        let untouched = was == Some(&own);
        let looks_same = known.sources.get(path) == self.stamps.get(path);
        let is_same = looks_same && known.seen.is(path, source);
        if untouched && is_same {
            return Ok(Some(own));
        }
        let same = source.mode == file.mode && self.same_bytes(path, source, file)?;
        if untouched {
            // An edit that keeps size and time is in no fingerprint.
            let hidden = (looks_same && !same).then(|| path.to_owned());
            self.altered = self.altered.take().or(hidden);
            // The user's was touched, or changed for real.
            return Ok(same.then_some(own));
        }
        // Moved aside and back for a patch, which changes nothing but what the system knows; or worse, as when a run was
        // killed that brought what the user changed: objects are of what was there before.
        let Some(was) = was.filter(|was| same && is_same && own.has_mode_of(was)) else {
            self.altered = self.altered.take().or_else(|| Some(path.to_owned()));
            return Ok(None);
        };
        self.give_time(path, was)
    }

    /// Gives a file of the mirror the time that it had.
    fn give_time(&self, path: &str, was: &MirrorStat) -> Result<Option<MirrorStat>, MirrorError> {
        let target = self.dir.join(path);
        let Some(modified) = was.modified() else { return Ok(None) };
        let look = || {
            if fs::metadata(&target)?.modified()? != modified {
                fs::File::open(&target)?.set_modified(modified)?;
            }
            list::look(&target)
        };
        let own = look().map_err(|source| MirrorError::Write { path: target.clone(), source })?;
        Ok(own.as_ref().map(MirrorStat::of))
    }

    fn same_bytes(
        &self,
        path: &str,
        source: &FileStat,
        mirrored: &FileStat,
    ) -> Result<bool, MirrorError> {
        if source.size != mirrored.size {
            return Ok(false);
        }
        let read = |path: Utf8PathBuf| {
            fs::read(&path).map_err(|source| MirrorError::Read { path, source })
        };
        Ok(read(self.dir.join(path))? == read(self.source.join(path))?)
    }

    /// Removes what the sources do not have, or have as something else.
    fn remove_foreign(
        &mut self,
        present: &TreeListing,
        known: &MirrorRecord,
    ) -> Result<(), MirrorError> {
        // Backwards, so that directories come after what is in them.
        for (path, there) in present.iter().rev() {
            if self.listing.get(path).is_some_and(|entry| entry.same_type(there)) {
                continue;
            }
            let target = self.dir.join(path);
            if there.kind == EntryKind::Directory {
                fs::remove_dir(&target).map_err(|source| self.write_error(source))?;
            } else {
                remove(&target)?;
            }
            self.changed += 1;
            if !self.fresh && !known.own.contains_key(path) && known.sources.get(path).is_none() {
                self.altered.get_or_insert_with(|| path.clone());
            }
        }
        Ok(())
    }

    fn make_parents(&self, target: &Utf8Path) -> Result<(), MirrorError> {
        let parent = target.parent().unwrap_or(&self.dir);
        fs::create_dir_all(parent).map_err(|source| self.write_error(source))
    }

    /// A place on the same file system for a file that is not whole yet.
    fn temporary(&self) -> Result<Utf8PathBuf, MirrorError> {
        let directory = beside(&self.dir, "tmp");
        fs::create_dir_all(&directory).map_err(|source| self.write_error(source))?;
        Ok(directory.join("file"))
    }

    fn clear_temporary(&self) -> Result<(), MirrorError> {
        crate::atomic::remove_dir(&beside(&self.dir, "tmp"))
            .map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: io::Error) -> MirrorError {
        MirrorError::Write { path: self.dir.clone(), source }
    }
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
