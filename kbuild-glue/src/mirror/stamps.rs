//! Sizes and times of the user's files when they were mirrored.
//!
//! They tell a file that changed since then from one that only looks different from its mirror,
//! and they are what the fingerprint of a build is made of. Written last, they say that the
//! mirror is whole.

use std::collections::BTreeMap;
use std::fmt::Write;

use camino::Utf8Path;
use fs_err as fs;

use super::list::{Entry, Kind, Listing};
use super::{MirrorError, beside};
use crate::atomic;

/// Size and time of each file and the target of each symlink, by path. Directories are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamps {
    stamps: BTreeMap<String, String>,
}

impl Stamps {
    pub(super) fn of(listing: &Listing) -> Self {
        Self { stamps: listing.iter().map(|(path, entry)| (path.clone(), stamp(entry))).collect() }
    }

    /// Whether there is something of this path.
    pub(super) fn contains(&self, path: &Utf8Path) -> bool {
        self.stamps.contains_key(path.as_str())
    }

    /// The paths, sorted backwards: what is in a directory comes before it.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        self.stamps.keys().rev().map(Utf8Path::new)
    }

    /// What is new or other than it was.
    pub(super) fn changed_since(&self, known: &Self) -> impl Iterator<Item = &Utf8Path> {
        let is_changed =
            |(path, stamp): &(&String, &String)| known.stamps.get(*path) != Some(*stamp);
        self.stamps.iter().filter(is_changed).map(|(path, _)| Utf8Path::new(path))
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

    /// Paths and stamps, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &str)> {
        self.stamps.iter().map(|(path, stamp)| (Utf8Path::new(path), stamp.as_str()))
    }

    pub(super) fn read(dir: &Utf8Path) -> Result<Option<Self>, MirrorError> {
        let path = beside(dir, "stamps");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(MirrorError::Read { path, source }),
        };
        // Damaged stamps are no stamps: everything is looked at.
        let parse = || {
            let text = String::from_utf8(bytes).ok()?;
            let records = text.split_terminator('\0').map(|record| {
                let (stamp, path) = record.split_once('\t')?;
                Some((path.to_owned(), stamp.to_owned()))
            });
            Some(Self { stamps: records.collect::<Option<_>>()? })
        };
        Ok(parse())
    }

    pub(super) fn write(&self, dir: &Utf8Path) -> Result<(), MirrorError> {
        let path = beside(dir, "stamps");
        let mut text = String::new();
        for (name, stamp) in &self.stamps {
            // Writing to a string cannot fail.
            let _ = write!(text, "{stamp}\t{name}\0");
        }
        atomic::write(&path, text.as_bytes()).map_err(|source| MirrorError::Write { path, source })
    }
}

fn stamp(entry: &Entry) -> String {
    match &entry.kind {
        Kind::Directory => "/".to_owned(),
        Kind::File(file) => {
            format!("{} {}.{:09} {:o}", file.size, file.modified.0, file.modified.1, file.mode)
        }
        // Tabs separate; a target with one is as good when it is quoted.
        Kind::Symlink(target) => format!("-> {:?}", target.as_str()),
    }
}
