//! What a source tree looks like, to see that nobody touched it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use walkdir::WalkDir;

/// Size, mode and modification time of every file, and the bytes of some.
#[derive(PartialEq, Eq)]
pub(crate) struct Snapshot {
    files: BTreeMap<Utf8PathBuf, Entry>,
    /// None of a file that is not there: a patch can add it.
    contents: BTreeMap<Utf8PathBuf, Option<Vec<u8>>>,
}

#[derive(PartialEq, Eq)]
struct Entry {
    size: u64,
    mode: u32,
    modified: (i64, i64),
}

impl Snapshot {
    /// Looks at a tree; of the files that are named it keeps the bytes as well.
    pub(crate) fn take(tree: &Utf8Path, read: &[Utf8PathBuf]) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in WalkDir::new(tree) {
            let entry = entry?;
            let meta = entry.metadata()?;
            let path = Utf8PathBuf::try_from(entry.into_path())?;
            let modified = (meta.mtime(), meta.mtime_nsec());
            files.insert(path, Entry { size: meta.size(), mode: meta.mode(), modified });
        }
        let contents = read
            .iter()
            .map(|path| Ok((path.clone(), content(&tree.join(path))?)))
            .collect::<Result<_>>()?;
        Ok(Self { files, contents })
    }

    /// How many files and directories there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The paths that are not the same in the other.
    pub(crate) fn differences(&self, other: &Self) -> Vec<Utf8PathBuf> {
        let mut paths: Vec<Utf8PathBuf> = one_sided(&self.files, &other.files)
            .chain(one_sided(&other.files, &self.files))
            .chain(one_sided(&self.contents, &other.contents))
            .cloned()
            .collect();
        paths.sort();
        paths.dedup();
        paths
    }
}

fn content(file: &Utf8Path) -> Result<Option<Vec<u8>>> {
    match fs_err::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        content => Ok(Some(content?)),
    }
}

fn one_sided<'a, V: PartialEq>(
    ours: &'a BTreeMap<Utf8PathBuf, V>,
    others: &'a BTreeMap<Utf8PathBuf, V>,
) -> impl Iterator<Item = &'a Utf8PathBuf> {
    ours.iter().filter(|(path, value)| others.get(*path) != Some(*value)).map(|(path, _)| path)
}

/// The files that a patch names.
pub(crate) fn patched_files(patch: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let text = fs_err::read_to_string(patch)?;
    let names = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));
    Ok(names.map(|name| Utf8PathBuf::from(name.split('\t').next().unwrap_or(name))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_bytes_modes_and_new_files() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Utf8Path::from_path(dir.path()).unwrap();
        fs_err::write(tree.join("a"), "one").unwrap();
        let read = [Utf8PathBuf::from("a")];
        let before = Snapshot::take(tree, &read).unwrap();
        assert!(before.differences(&Snapshot::take(tree, &read).unwrap()).is_empty());

        fs_err::write(tree.join("b"), "").unwrap();
        let after = Snapshot::take(tree, &read).unwrap();
        assert!(before.differences(&after).contains(&tree.join("b")));
    }

    #[test]
    fn a_file_that_a_patch_adds_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let take = || Snapshot::take(root, &["new.c".into()]).unwrap();
        let before = take();
        assert!(before.differences(&take()).is_empty());
        fs_err::write(root.join("new.c"), "").unwrap();
        assert!(before.differences(&take()).contains(&"new.c".into()));
    }
}
