//! Files that stand aside while others have their places.
//!
//! A stash belongs to a directory. It moves files out of it by renames, so that they come back as the
//! same files with the same times: for make, nothing happened. A journal that is on disk before the
//! first file moves names them all; whoever finds it later puts them back.
//!
//! A file can take the place of a directory, which moves aside as a whole, and a directory that of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::SystemTime;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::atomic;

/// What was at a path when the stash was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathBefore {
    /// A file, or a directory with all that is in it.
    There,
    Nothing,
}

/// The stash of one directory.
#[derive(Debug)]
pub(crate) struct Stash {
    root: Utf8PathBuf,
}

impl Stash {
    pub(crate) fn of(root: &Utf8Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Whether files stand aside, or may do so after a run that was killed.
    pub(crate) fn is_in_use(&self) -> bool {
        self.journal().exists()
    }

    /// Moves `paths`, relative to the directory, aside. Where nothing is, nothing will be again.
    pub(crate) fn take<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a Utf8PathBuf>,
    ) -> io::Result<()> {
        let mut entries = BTreeMap::new();
        let mut directory: Option<&Utf8PathBuf> = None;
        // Sorted, so that a directory comes before what is in it.
        for path in paths.into_iter().collect::<BTreeSet<_>>() {
            if directory.is_some_and(|directory| path.starts_with(directory)) {
                continue;
            }
            let before = match fs::symlink_metadata(self.root.join(path)) {
                Ok(metadata) => {
                    directory = metadata.is_dir().then_some(path).or(directory);
                    PathBefore::There
                }
                Err(error) if atomic::is_absent(&error) => PathBefore::Nothing,
                Err(error) => return Err(error),
            };
            entries.insert(path.clone(), before);
        }
        atomic::write(&self.journal(), format(&entries).as_bytes())?;
        for (path, _) in entries.iter().filter(|(_, before)| **before == PathBefore::There) {
            rename(&self.root.join(path), &self.files().join(path))?;
        }
        Ok(())
    }

    /// Puts everything back. What took the places goes to `keep`, or away. Until it is
    /// [closed](Self::close), this can be done again.
    pub(crate) fn put_back(&self, keep: Option<&Utf8Path>) -> io::Result<()> {
        // Backwards, so that a directory that took the place of a file is empty before the file comes back.
        for (path, before) in self.entries()?.into_iter().rev() {
            let (place, aside) = (self.root.join(&path), self.files().join(&path));
            let is_aside = aside.symlink_metadata().is_ok();
            // What does not stand aside has not left yet, or is back already.
            if !is_aside && before == PathBefore::There {
                continue;
            }
            match keep {
                Some(keep) if place.exists() => rename(&place, &keep.join(&path))?,
                _ if !is_aside => atomic::remove_file(&place)?,
                _ => {}
            }
            if is_aside {
                make_way(&aside, &place)?;
                rename(&aside, &place)?;
            } else {
                self.remove_empty_parents(&path);
            }
        }
        atomic::remove_dir(&self.files())
    }

    /// Forgets what was put back.
    pub(crate) fn close(&self) -> io::Result<()> {
        atomic::remove_file(&self.journal())
    }

    /// Copies a file that stands aside to its place, time included.
    pub(crate) fn lend(&self, path: &Utf8Path) -> io::Result<()> {
        let (aside, place) = (self.files().join(path), self.root.join(path));
        if !aside.exists() {
            return Ok(());
        }
        fs::copy(&aside, &place)?;
        let file = fs::OpenOptions::new().append(true).open(&place)?;
        file.set_modified(fs::metadata(&aside)?.modified()?)
    }

    /// When the journal was written. Whatever is younger was made since.
    pub(crate) fn since(&self) -> io::Result<SystemTime> {
        fs::metadata(self.journal())?.modified()
    }

    fn entries(&self) -> io::Result<BTreeMap<Utf8PathBuf, PathBefore>> {
        let bytes = match fs::read(self.journal()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        parse(&bytes).ok_or_else(|| {
            let text = format!("`{}` is damaged", self.journal());
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }

    /// Directories that only what was removed needed; one that is not empty stays by itself.
    fn remove_empty_parents(&self, path: &Utf8Path) {
        for parent in path.ancestors().skip(1).filter(|parent| !parent.as_str().is_empty()) {
            if fs::remove_dir(self.root.join(parent)).is_err() {
                break;
            }
        }
    }

    fn files(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.stash", self.root))
    }

    fn journal(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.journal", self.root))
    }
}

/// One record a path: what was there, the path, and a NUL, since a name can hold a line end.
fn format(entries: &BTreeMap<Utf8PathBuf, PathBefore>) -> String {
    let mut text = String::new();
    for (path, before) in entries {
        text.push(if *before == PathBefore::There { '=' } else { '+' });
        text.push_str(path.as_str());
        text.push('\0');
    }
    text
}

fn parse(bytes: &[u8]) -> Option<BTreeMap<Utf8PathBuf, PathBefore>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut entries = BTreeMap::new();
    for record in text.split_terminator('\0') {
        let (before, path) = match record.strip_prefix('=') {
            Some(path) => (PathBefore::There, path),
            None => (PathBefore::Nothing, record.strip_prefix('+')?),
        };
        let path = Utf8PathBuf::from(path);
        // It names files that are removed, so it is not trusted blindly.
        if !path.components().all(|part| matches!(part, Utf8Component::Normal(_))) {
            return None;
        }
        entries.insert(path, before);
    }
    Some(entries)
}

fn rename(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(from, to)
}

/// Removes what is at `place` if a rename of `aside` does not replace it.
fn make_way(aside: &Utf8Path, place: &Utf8Path) -> io::Result<()> {
    let Ok(there) = fs::symlink_metadata(place) else { return Ok(()) };
    match (fs::symlink_metadata(aside)?.is_dir(), there.is_dir()) {
        (_, true) => atomic::remove_dir(place),
        (true, false) => atomic::remove_file(place),
        (false, false) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().join("build")).unwrap();
        fs::create_dir_all(root.join("fs")).unwrap();
        fs::write(root.join("fs/a.o"), "a").unwrap();
        fs::write(root.join("fs/b.o"), "b").unwrap();
        (temporary, root)
    }

    fn paths(names: &[&str]) -> Vec<Utf8PathBuf> {
        names.iter().map(Utf8PathBuf::from).collect()
    }

    #[test]
    fn the_same_files_come_back() {
        let (_guard, root) = directory();
        let time = || fs::metadata(root.join("fs/a.o")).unwrap().modified().unwrap();
        let (stash, before, kept) = (Stash::of(&root), time(), root.with_file_name("kept"));
        stash.take(&paths(&["fs/a.o", "new/c.o"])).unwrap();
        assert!(stash.is_in_use());
        assert!(!root.join("fs/a.o").exists());
        fs::write(root.join("fs/a.o"), "other").unwrap();
        fs::create_dir(root.join("new")).unwrap();
        fs::write(root.join("new/c.o"), "c").unwrap();

        stash.put_back(Some(&kept)).unwrap();
        stash.close().unwrap();
        assert_eq!(fs::read_to_string(root.join("fs/a.o")).unwrap(), "a");
        assert_eq!(time(), before);
        assert!(!root.join("new").exists());
        assert_eq!(fs::read_to_string(kept.join("fs/a.o")).unwrap(), "other");
        assert_eq!(fs::read_to_string(kept.join("new/c.o")).unwrap(), "c");
        assert!(!stash.is_in_use() && !stash.files().exists());
    }

    /// A run that was killed between any two steps: what is there is put back.
    #[test]
    fn a_part_of_it_was_moved() {
        let (_guard, root) = directory();
        let stash = Stash::of(&root);
        stash.take(&paths(&["fs/a.o", "fs/b.o"])).unwrap();
        fs::rename(stash.files().join("fs/b.o"), root.join("fs/b.o")).unwrap();
        for _ in 0..2 {
            stash.put_back(None).unwrap();
            assert_eq!(fs::read_to_string(root.join("fs/a.o")).unwrap(), "a");
            assert_eq!(fs::read_to_string(root.join("fs/b.o")).unwrap(), "b");
        }
    }

    /// What a run did before it was killed.
    type Step = fn(&Stash, &Utf8Path);

    #[test]
    fn a_file_takes_the_place_of_a_directory() {
        let steps: [Step; 3] = [
            |_, _| {},
            |_, root| fs::write(root.join("fs"), "").unwrap(),
            |stash, root| fs::rename(stash.files().join("fs"), root.join("fs")).unwrap(),
        ];
        for step in steps {
            let (_guard, root) = directory();
            fs::create_dir(root.join("fs/empty")).unwrap();
            let stash = Stash::of(&root);
            stash.take(&paths(&["fs/a.o", "fs", "fs/b.o"])).unwrap();
            assert!(!root.join("fs").exists());
            step(&stash, &root);
            for _ in 0..2 {
                stash.put_back(None).unwrap();
                assert_eq!(fs::read_to_string(root.join("fs/a.o")).unwrap(), "a");
                assert!(root.join("fs/b.o").exists() && root.join("fs/empty").is_dir());
            }
        }
    }

    #[test]
    fn a_directory_takes_the_place_of_a_file() {
        let steps: [Step; 4] = [
            |_, _| {},
            |_, root| fs::create_dir_all(root.join("fs/a.o/more")).unwrap(),
            |_, root| {
                fs::create_dir(root.join("fs/a.o")).unwrap();
                fs::write(root.join("fs/a.o/new"), "").unwrap();
            },
            |stash, root| fs::rename(stash.files().join("fs/a.o"), root.join("fs/a.o")).unwrap(),
        ];
        for step in steps {
            let (_guard, root) = directory();
            let stash = Stash::of(&root);
            stash.take(&paths(&["fs/a.o", "fs/a.o/new"])).unwrap();
            step(&stash, &root);
            for _ in 0..2 {
                stash.put_back(None).unwrap();
                assert_eq!(fs::read_to_string(root.join("fs/a.o")).unwrap(), "a");
            }
        }
    }

    #[test]
    fn a_journal_that_leaves_the_madeis_damaged() {
        for bytes in [&b"=../x\0"[..], b"+/etc/passwd\0", b"fs/a.o\0", b"=\xff\0"] {
            assert_eq!(parse(bytes), None);
        }
    }
}
