//! What a tree looks like, to see that nobody touched it.
//!
//! The number of links is left out: a mirror of hard links changes it, and nothing else.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};

/// Bytes, mode and times of everything in a tree.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    entries: BTreeMap<Utf8PathBuf, Entry>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    mode: u32,
    inode: u64,
    modified: (i64, i64),
    content: Vec<u8>,
}

impl Snapshot {
    /// Looks at `root`, and leaves out `skipped` at its top and, if there are any, the time of the
    /// top directory, which they change.
    pub fn take(root: &Utf8Path, skipped: &[&str]) -> Result<Self> {
        let mut entries = BTreeMap::new();
        let mut open = vec![Utf8PathBuf::new()];
        while let Some(path) = open.pop() {
            let full = root.join(&path);
            let metadata = fs_err::symlink_metadata(&full)?;
            let content = if metadata.is_symlink() {
                fs_err::read_link(&full)?.into_os_string().into_encoded_bytes()
            } else if metadata.is_dir() {
                for entry in fs_err::read_dir(&full)? {
                    let name = Utf8PathBuf::try_from(std::path::PathBuf::from(entry?.file_name()))?;
                    if !(path.as_str().is_empty() && skipped.contains(&name.as_str())) {
                        open.push(path.join(name));
                    }
                }
                Vec::new()
            } else {
                fs_err::read(&full)?
            };
            let top = path.as_str().is_empty() && !skipped.is_empty();
            let modified = if top { (0, 0) } else { (metadata.mtime(), metadata.mtime_nsec()) };
            let (mode, inode) = (metadata.mode(), metadata.ino());
            entries.insert(path, Entry { mode, inode, modified, content });
        }
        ensure!(entries.len() > 4, "{root} has only {} files", entries.len());
        Ok(Self { entries })
    }

    /// What make sees of `root`: files with their times, and not which files they are.
    pub fn for_make(root: &Utf8Path) -> Result<Self> {
        let mut this = Self::take(root, &[])?;
        this.entries.retain(|path, _| !root.join(path).is_dir());
        this.entries.values_mut().for_each(|entry| entry.inode = 0);
        Ok(this)
    }

    /// The paths of everything, relative to the top.
    pub fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        self.entries.keys().map(Utf8PathBuf::as_path)
    }

    /// Is an error that names what is not as it was.
    pub fn expect(&self, other: &Self) -> Result<()> {
        let differing = |one: &Self, other: &Self| -> Vec<Utf8PathBuf> {
            let differs =
                |(path, entry): &(&Utf8PathBuf, &Entry)| other.entries.get(*path) != Some(entry);
            one.entries.iter().filter(differs).map(|(path, _)| path.clone()).collect()
        };
        let mut paths = differing(self, other);
        paths.extend(differing(other, self));
        paths.sort();
        paths.dedup();
        let count = paths.len();
        paths.truncate(10);
        ensure!(count == 0, "{count} files are not as they were, among them {paths:?}");
        Ok(())
    }
}
