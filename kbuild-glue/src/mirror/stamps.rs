//! Sizes and times of the user's files when they were mirrored.
//!
//! They tell a file that changed since then from one that only looks different from its mirror,
//! and they are what the fingerprint of a build is made of. Written last, with what the file system tells of
//! each file of the mirror, they say that the mirror is whole and that nobody wrote to it since.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, SystemTime};

use camino::Utf8Path;

use super::MirrorError;
use super::list::{EntryKind, FileStat, TreeEntry, TreeListing};
use crate::atomic;
use crate::lexical::beside;

/// Size and time of each file and the target of each symlink, by path. Directories are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamps {
    stamps: BTreeMap<String, String>,
}

impl Stamps {
    pub(super) fn of(listing: &TreeListing) -> Self {
        Self { stamps: listing.iter().map(|(path, entry)| (path.clone(), stamp(entry))).collect() }
    }

    /// The stamp of that path.
    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.stamps.get(path).map(String::as_str)
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stamps.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    /// The paths of symlinks.
    pub fn links(&self) -> impl Iterator<Item = &Utf8Path> {
        self.iter().filter(|(_, stamp)| stamp.starts_with(LINK)).map(|(path, _)| path)
    }

    /// Paths and stamps, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &str)> {
        self.stamps.iter().map(|(path, stamp)| (Utf8Path::new(path), stamp.as_str()))
    }
}

/// How the stamp of a symlink begins.
const LINK: &str = "-> ";

/// What is written down about a mirror: the user's files and its own, as they were.
#[derive(Debug, Default)]
pub(super) struct MirrorRecord {
    pub(super) sources: Stamps,
    pub(super) seen: SourceStats,
    pub(super) own: BTreeMap<String, MirrorStat>,
}

/// What else the file system tells of each of the user's files. It changes with an edit that keeps size and time, but
/// with a `chmod` and a new link, too: only the bytes decide.
#[derive(Debug, Default)]
pub(super) struct SourceStats(BTreeMap<String, String>);

impl SourceStats {
    pub(super) fn of(listing: &TreeListing) -> Self {
        let file = |(path, entry): (&String, &TreeEntry)| match &entry.kind {
            EntryKind::File(file) => Some((path.clone(), seen(file))),
            EntryKind::Directory | EntryKind::Symlink(_) => None,
        };
        Self(listing.iter().filter_map(file).collect())
    }

    /// Whether nobody wrote to the file since.
    pub(super) fn is(&self, path: &str, file: &FileStat) -> bool {
        self.0.get(path) == Some(&seen(file))
    }
}

fn seen(file: &FileStat) -> String {
    format!("{} {}.{:09}", file.inode, file.changed.0, file.changed.1)
}

/// All that the file system tells of a file of the mirror. As long as it is the same, nobody wrote to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MirrorStat(String);

impl MirrorStat {
    /// That of a file; of anything else there is nothing to tell.
    pub(super) fn of(entry: &TreeEntry) -> Self {
        let EntryKind::File(FileStat { inode, size, modified, changed, mode, .. }) = &entry.kind
        else {
            return Self::default();
        };
        let [(second, part), (changed, changed_part)] = [modified, changed];
        Self(format!("{inode} {size} {mode:o} {changed}.{changed_part:09} {second} {part}"))
    }

    /// When the file was written.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        let mut fields = self.0.rsplit(' ');
        let (part, second) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        SystemTime::UNIX_EPOCH.checked_add(Duration::new(second, part))
    }

    /// Whether the file has the permissions of the other one.
    pub(super) fn has_mode_of(&self, other: &Self) -> bool {
        self.0.split(' ').nth(2) == other.0.split(' ').nth(2)
    }
}

impl MirrorRecord {
    /// Reads what was written about the mirror in `dir`. What is damaged is nothing: all is made again.
    pub(super) fn read(dir: &Utf8Path) -> Result<Option<Self>, MirrorError> {
        let path = beside(dir, "stamps");
        let bytes =
            atomic::read_sealed(&path).map_err(|source| MirrorError::Read { path, source })?;
        Ok(bytes.and_then(Self::parse))
    }

    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        let mut known = Self::default();
        for record in text.split_terminator('\0') {
            let mut fields = record.splitn(3, '\t');
            let (stamp, own, path) = (fields.next()?, fields.next()?, fields.next()?);
            // Behind the three words about a file, the ones that say more; mirrors of old have none.
            let more = stamp.match_indices(' ').nth(2).filter(|_| !stamp.starts_with("->"));
            let (stamp, seen) = match more {
                Some((at, _)) => stamp.split_at(at),
                None => (stamp, ""),
            };
            known.seen.0.insert(path.to_owned(), seen.trim_start().to_owned());
            known.sources.stamps.insert(path.to_owned(), stamp.to_owned());
            known.own.insert(path.to_owned(), MirrorStat(own.to_owned()));
        }
        Some(known)
    }

    pub(super) fn write(&self, dir: &Utf8Path) -> Result<(), MirrorError> {
        let path = beside(dir, "stamps");
        let mut text = String::new();
        for (name, stamp) in &self.sources.stamps {
            let own = self.own.get(name).map_or("", |own| own.0.as_str());
            let seen = self.seen.0.get(name).map(|seen| format!(" {seen}")).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(text, "{stamp}{seen}\t{own}\t{name}\0");
        }
        atomic::write_sealed(&path, text.as_bytes())
            .map_err(|source| MirrorError::Write { path, source })
    }
}

fn stamp(entry: &TreeEntry) -> String {
    match &entry.kind {
        EntryKind::Directory => "/".to_owned(),
        EntryKind::File(file) => {
            format!("{} {}.{:09} {:o}", file.size, file.modified.0, file.modified.1, file.mode)
        }
        // Tabs separate; a target with one is as good when it is quoted.
        EntryKind::Symlink(target) => format!("{LINK}{:?}", target.as_str()),
    }
}
