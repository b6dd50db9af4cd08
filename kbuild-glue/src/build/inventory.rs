//! Every file of the original build, as it was when it was built.
//!
//! As long as the file system tells the same of a file, nobody wrote to it. Where it tells something else, which
//! it does of all that stood aside for a patch, the digest decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rayon::prelude::*;

use super::BuildError;
use crate::atomic;
use crate::entries::entries;

/// Beside the list of objects: a line of digest, time, what else the file system tells, and path each.
const LIST: &str = "files.list";

/// The files by their paths in the output directory.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Inventory {
    files: BTreeMap<Utf8PathBuf, BuiltFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BuiltFile {
    digest: String,
    seen: FileMetadata,
}

/// What the file system tells of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileMetadata {
    /// When it was written, since 1970.
    modified: Duration,
    /// Inode, size, and when anything of it changed.
    rest: String,
    /// Whether it is one file with another, of which nobody knows whose it is.
    shared: bool,
}

/// How the files are that are there now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct InventoryCheck {
    /// Gone, or with other bytes.
    pub(super) altered: BTreeSet<Utf8PathBuf>,
    /// The same bytes, of which the file system tells something else.
    same: BTreeSet<Utf8PathBuf>,
}

impl Inventory {
    /// Looks at the files of `build`.
    pub(super) fn of(build: &Utf8Path) -> Result<Self, BuildError> {
        let look = |(path, seen): (Utf8PathBuf, FileMetadata)| {
            Ok((path.clone(), BuiltFile { digest: digest(&build.join(path))?, seen }))
        };
        Ok(Self {
            files: files(build)?.into_par_iter().map(look).collect::<Result<_, BuildError>>()?,
        })
    }

    /// Reads what was [written](Self::write); none where that is not there any more, or something else.
    pub(super) fn read(kept: &Utf8Path) -> Result<Option<Self>, BuildError> {
        let path = kept.join(LIST);
        let bytes = atomic::read_sealed(&path).map_err(BuildError::io(&path))?;
        let parse = |bytes| {
            let files = String::from_utf8(bytes).ok()?.lines().map(parse).collect::<Option<_>>()?;
            Some(Self { files })
        };
        Ok(bytes.and_then(parse))
    }

    /// Writes it down beside what else is kept of the original.
    pub(super) fn write(&self, kept: &Utf8Path) -> Result<(), BuildError> {
        let path = kept.join(LIST);
        let mut text = String::new();
        for (path, BuiltFile { digest, seen }) in &self.files {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{digest}\t{}\t{}\t{path}", seen.modified.as_nanos(), seen.rest);
        }
        atomic::write_sealed(&path, text.as_bytes()).map_err(BuildError::io(&path))
    }

    /// Looks at the files of `build` again. Those that are new say nothing about the others.
    pub(super) fn check(&self, build: &Utf8Path) -> Result<InventoryCheck, BuildError> {
        let there = files(build)?;
        let doubtful: Vec<_> = self
            .files
            .iter()
            .filter(|(path, state)| there.get(*path) != Some(&state.seen))
            .collect();
        let is_same = |(path, state): &(&Utf8PathBuf, &BuiltFile)| {
            let is_there = there.contains_key(*path);
            Ok(((*path).clone(), is_there && digest(&build.join(path))? == state.digest))
        };
        let looked = doubtful.par_iter().map(is_same).collect::<Result<Vec<_>, BuildError>>()?;
        let (same, altered): (Vec<_>, Vec<_>) = looked.into_iter().partition(|(_, same)| *same);
        let paths =
            |list: Vec<(Utf8PathBuf, bool)>| list.into_iter().map(|(path, _)| path).collect();
        Ok(InventoryCheck { altered: paths(altered), same: paths(same) })
    }

    /// Gives the files that are the same the times that they had, and writes down what is told of them now.
    pub(super) fn refresh(
        mut self,
        checked: &InventoryCheck,
        build: &Utf8Path,
        kept: &Utf8Path,
    ) -> Result<(), BuildError> {
        if checked.same.is_empty() {
            return Ok(());
        }
        for path in &checked.same {
            own(&build.join(path))?;
            self.give_time(build, path)?;
            let seen = seen(&build.join(path))?;
            if let Some(state) = self.files.get_mut(path) {
                state.seen = seen;
            }
        }
        self.write(kept)
    }

    /// Whether a file was written after `now`: the clock was set back, and make, which goes by times, would
    /// take what is old for new.
    pub(super) fn is_from_after(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.files.values().any(|state| state.seen.modified > now)
    }

    /// Whether the file at `path`, relative to `build`, is what it was.
    pub(super) fn is_same(&self, build: &Utf8Path, path: &Utf8Path) -> Result<bool, BuildError> {
        match self.files.get(path) {
            Some(state) => Ok(digest(&build.join(path))? == state.digest),
            None => Ok(false),
        }
    }

    /// Gives the file at `path`, relative to `build`, the time that it had.
    pub(super) fn give_time(&self, build: &Utf8Path, path: &Utf8Path) -> Result<(), BuildError> {
        let Some(BuiltFile { seen, .. }) = self.files.get(path) else { return Ok(()) };
        let path = build.join(path);
        let time = UNIX_EPOCH.checked_add(seen.modified).unwrap_or(UNIX_EPOCH);
        let give = || {
            if fs::metadata(&path)?.modified()? != time {
                fs::File::open(&path)?.set_modified(time)?;
            }
            Ok(())
        };
        give().map_err(BuildError::io(&path))
    }
}

/// Whether it is left over from making something else, and nothing is made from it.
pub(super) fn is_scratch(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.starts_with('.') && (path.extension() == Some("d") || name.contains("tmp"))
}

/// The files below `build`, and what is told of each.
fn files(build: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, FileMetadata>, BuildError> {
    let failed = BuildError::io(build);
    let mut files = BTreeMap::new();
    let mut directories = vec![build.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in entries(&directory).map_err(failed)? {
            let (path, kind) = entry.map_err(failed)?;
            if kind.is_dir() {
                directories.push(path);
            } else if kind.is_file() && !is_scratch(&path) {
                let seen = seen(&path)?;
                files.insert(path.strip_prefix(build).unwrap_or(&path).to_owned(), seen);
            }
        }
    }
    Ok(files)
}

/// Makes files of `build` that are one with others into files of their own: make writes into them.
pub(super) fn own_all(build: &Utf8Path) -> Result<(), BuildError> {
    let mut shared = files(build)?.into_iter().filter(|(_, seen)| seen.shared);
    shared.try_for_each(|(path, _)| own(&build.join(path)))
}

fn own(path: &Utf8Path) -> Result<(), BuildError> {
    if !seen(path)?.shared {
        return Ok(());
    }
    let copy = Utf8PathBuf::from(format!("{path}.tmp"));
    let replace = || {
        let modified = fs::metadata(path)?.modified()?;
        fs::copy(path, &copy)?;
        fs::File::open(&copy)?.set_modified(modified)?;
        fs::rename(&copy, path)
    };
    replace().map_err(BuildError::io(path))
}

fn seen(path: &Utf8Path) -> Result<FileMetadata, BuildError> {
    use std::os::unix::fs::MetadataExt;
    let failed = BuildError::io(path);
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    let modified = metadata.modified().map_err(failed)?;
    let (inode, size) = (metadata.ino(), metadata.size());
    let rest = format!("{inode} {size} {}.{:09}", metadata.ctime(), metadata.ctime_nsec());
    let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(FileMetadata { modified, rest, shared: metadata.nlink() > 1 })
}

/// That of the bytes of a file.
pub(super) fn digest(path: &Utf8Path) -> Result<String, BuildError> {
    let mut hasher = blake3::Hasher::new();
    fs::File::open(path)
        .and_then(|file| hasher.update_reader(file).map(drop))
        .map_err(BuildError::io(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn parse(line: &str) -> Option<(Utf8PathBuf, BuiltFile)> {
    let mut fields = line.splitn(4, '\t');
    let digest = fields.next()?.to_owned();
    let modified = Duration::from_nanos(fields.next()?.parse().ok()?);
    let rest = fields.next()?.to_owned();
    let seen = FileMetadata { modified, rest, shared: false };
    Some((Utf8PathBuf::from(fields.next()?), BuiltFile { digest, seen }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built() -> (tempfile::TempDir, Utf8PathBuf, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        let (build, kept) = (root.join("build"), root.join("kept"));
        fs::create_dir_all(build.join("fs")).unwrap();
        fs::create_dir_all(&kept).unwrap();
        for name in ["Makefile", "table.h", "fs/a.o", "fs/.a.o.cmd", ".x.d", ".tmp_x"] {
            fs::write(build.join(name), name).unwrap();
        }
        (directory, build, kept)
    }

    fn altered(inventory: &Inventory, build: &Utf8Path) -> Vec<String> {
        let checked = inventory.check(build).unwrap();
        checked.altered.into_iter().map(Utf8PathBuf::into_string).collect()
    }

    #[test]
    fn the_same_again_gets_its_time_back() {
        let (_guard, build, kept) = built();
        let time = |name: &str| fs::metadata(build.join(name)).unwrap().modified().unwrap();
        let before = time("Makefile");
        Inventory::of(&build).unwrap().write(&kept).unwrap();
        let inventory = Inventory::read(&kept).unwrap().unwrap();
        assert_eq!(inventory, Inventory::of(&build).unwrap());
        let names: Vec<&str> = inventory.files.keys().map(|path| path.as_str()).collect();
        assert_eq!(names, ["Makefile", "fs/.a.o.cmd", "fs/a.o", "table.h"]);

        std::thread::sleep(Duration::from_millis(20));
        fs::write(build.join("Makefile"), "Makefile").unwrap();
        fs::write(build.join("table.h"), "other").unwrap();
        assert!(inventory.is_same(&build, "Makefile".into()).unwrap());
        assert!(!inventory.is_same(&build, "table.h".into()).unwrap());
        assert_ne!(time("Makefile"), before);
        let checked = inventory.check(&build).unwrap();
        assert_eq!(altered(&inventory, &build), ["table.h"]);
        inventory.refresh(&checked, &build, &kept).unwrap();
        assert_eq!(time("Makefile"), before);
        let refreshed = Inventory::read(&kept).unwrap().unwrap();
        assert!(refreshed.check(&build).unwrap().same.is_empty());
    }

    /// Same size, same time, same place: the file system knows it all the same.
    #[test]
    fn whatever_was_done_to_a_file() {
        let (_guard, build, _) = built();
        let inventory = Inventory::of(&build).unwrap();
        let object = build.join("fs/a.o");
        let time = fs::metadata(&object).unwrap().modified().unwrap();
        fs::write(&object, "fs/b.o").unwrap();
        fs::File::open(&object).unwrap().set_modified(time).unwrap();
        assert_eq!(altered(&inventory, &build), ["fs/a.o"]);
        fs::write(&object, "").unwrap();
        assert_eq!(altered(&inventory, &build), ["fs/a.o"]);
        fs::remove_file(&object).unwrap();
        fs_err::os::unix::fs::symlink("../table.h", &object).unwrap();
        assert_eq!(altered(&inventory, &build), ["fs/a.o"]);
    }

    #[test]
    fn a_list_that_was_touched_is_none() {
        let (_guard, build, kept) = built();
        Inventory::of(&build).unwrap().write(&kept).unwrap();
        let text = fs::read_to_string(kept.join(LIST)).unwrap();
        fs::write(kept.join(LIST), text.replace("table.h", "table.c")).unwrap();
        assert_eq!(Inventory::read(&kept).unwrap(), None);
        let cut: String = text.lines().take(3).flat_map(|line| [line, "\n"]).collect();
        fs::write(kept.join(LIST), cut).unwrap();
        assert_eq!(Inventory::read(&kept).unwrap(), None);
    }

    #[test]
    fn times_after_now() {
        let (_guard, build, _) = built();
        let inventory = Inventory::of(&build).unwrap();
        assert!(!inventory.is_from_after(SystemTime::now()));
        assert!(inventory.is_from_after(SystemTime::now() - Duration::from_hours(1)));
    }
}
