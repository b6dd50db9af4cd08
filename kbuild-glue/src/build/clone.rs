//! A copy of an output directory, for make the same as the directory itself.

use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use crate::atomic;
use crate::entries::entries;
use crate::mirror::reflink;

/// Copies `build` to `copy`, which is whole when it is there.
///
/// Nothing is hard linked: assemblers and linkers replace their output, but shells, rustc and objtool
/// write into files that are there.
pub(super) fn make(build: &Utf8Path, copy: &Utf8Path) -> Result<(), BuildError> {
    make_with(build, copy, &mut |_, _| Ok(false))
}

/// Makes a copy of what `done` does not take care of: it gets each path and where its copy goes.
pub(super) fn make_with(
    build: &Utf8Path,
    copy: &Utf8Path,
    done: &mut CopyHook<'_>,
) -> Result<(), BuildError> {
    clean(copy)?;
    let part = part(copy);
    let failed = BuildError::io(&part);
    let result = copy_directory(build, &part, done).and_then(|()| {
        let directory = fs::File::open(&part)?;
        rustix::fs::syncfs(&directory)?;
        fs::rename(&part, copy)
    });
    if result.is_err() {
        // The error that counts is there already.
        let _ = atomic::remove_dir(&part);
    }
    result.map_err(failed)
}

/// Makes the copy the directory again.
pub(super) fn take_back(build: &Utf8Path, copy: &Utf8Path) -> Result<(), BuildError> {
    atomic::remove_dir(build).and_then(|()| fs::rename(copy, build)).map_err(BuildError::io(build))
}

/// Removes a copy that was never finished.
pub(super) fn clean(copy: &Utf8Path) -> Result<(), BuildError> {
    let part = part(copy);
    atomic::remove_dir(&part).map_err(BuildError::io(&part))
}

fn part(copy: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{copy}.part"))
}

/// Whether a path was taken care of.
type CopyHook<'a> = dyn FnMut(&Utf8Path, &Utf8Path) -> io::Result<bool> + 'a;

fn copy_directory(from: &Utf8Path, to: &Utf8Path, done: &mut CopyHook<'_>) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in entries(from)? {
        let (path, kind) = entry?;
        let path = path.as_path();
        let target = to.join(path.file_name().unwrap_or_default());
        if done(path, &target)? {
            continue;
        }
        if kind.is_dir() {
            copy_directory(path, &target, done)?;
        } else if kind.is_symlink() {
            fs_err::os::unix::fs::symlink(fs::read_link(path)?, &target)?;
        } else if kind.is_file() {
            copy_file(path, &target)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    if !reflink(from, to)? {
        fs::copy(from, to)?;
    }
    copy_time(from, to)
}

/// Gives a copy the time of its original, to the nanosecond, as make compares them. Nothing is from the future:
/// make would take it for newer than what is made from now on.
pub(super) fn copy_time(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    let modified = fs::metadata(from)?.modified()?.min(SystemTime::now());
    fs::OpenOptions::new().append(true).open(to)?.set_modified(modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_for_make() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (build, copy) = (root.join("build"), root.join("copy"));
        fs::create_dir_all(build.join("fs")).unwrap();
        fs::write(build.join("fs/a.o"), "a").unwrap();
        fs_err::os::unix::fs::symlink("fs/a.o", build.join("link")).unwrap();
        let time = |path: &Utf8Path| fs::metadata(path.join("fs/a.o")).unwrap().modified().unwrap();
        let before = time(&build);
        make(&build, &copy).unwrap();
        assert_eq!(time(&copy), before);
        assert_eq!(fs::read_link(copy.join("link")).unwrap().to_str(), Some("fs/a.o"));

        fs::write(build.join("fs/a.o"), "other").unwrap();
        fs::write(build.join("fs/new.o"), "").unwrap();
        take_back(&build, &copy).unwrap();
        assert_eq!(fs::read_to_string(build.join("fs/a.o")).unwrap(), "a");
        assert_eq!(time(&build), before);
        assert!(!build.join("fs/new.o").exists() && !copy.exists());
    }
}
