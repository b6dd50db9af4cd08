//! Which directories are ours to write to, and to clean.
//!
//! A directory of ours carries a file of our own name. Without it, only an empty directory is taken, and one
//! that a version without the mark certainly made.

use camino::Utf8Path;
use fs_err as fs;

use super::BuildError;
use super::lock::Lock;
use crate::atomic;
use crate::event::BuildEvents;
use crate::interrupt::Interrupt;

/// The mark.
pub(crate) const MARK: &str = "KLPDIR.TAG";

const TEXT: &str = "\
This directory was made by cargo-klp, which removes and replaces what is in it.
`cargo klp clean` removes it.
";

/// The directories that a run makes in its own.
const DIRECTORIES: &[&str] = &[
    "before",
    "build",
    "build.original",
    "build.original.part",
    "build.part",
    "build.stash",
    "digests",
    "lines",
    "log",
    "mirror",
    "mirror.stash",
    "mirror.tmp",
    "module",
    "original",
    "original.tmp",
    "patched",
    "proof",
    "sources",
    "unpacked",
];

/// The files.
const FILES: &[&str] = &[
    ".gitignore",
    "build.journal",
    "changed-functions.json",
    "copied",
    "lock",
    "mirror.journal",
    "mirror.stamps",
    "named",
    "original.checksums",
    "patched.checksums",
    "patches",
    "running",
    "running.group",
    "seeded",
    "sources.index",
    "sources.index.lock",
    "sources.partial",
    "stock.commands",
    "stock.sources",
    "stock.stamp",
    MARK,
];

/// What Kbuild refuses in the name of a directory, and what its commands do not quote: they would fail in words that do not
/// name our directory.
const UNUSABLE: [char; 17] =
    [' ', ':', '\t', '\n', '\'', '"', '`', '&', ';', '|', '(', ')', '<', '>', '\\', '*', '?'];

/// What is left of a file that a killed run was about to write.
const UNFINISHED: &[&str] =
    &[".klp-tmp-", ".changed-functions.json.", ".original.checksums.", ".patched.checksums."];

/// Whether a run makes something of this name.
pub(super) fn is_ours(name: &str) -> bool {
    DIRECTORIES.contains(&name) || FILES.contains(&name) || is_unfinished(name)
}

fn is_unfinished(name: &str) -> bool {
    UNFINISHED.iter().any(|start| name.starts_with(start))
}

/// Whether the directory `root` is ours.
pub(super) fn is_marked(root: &Utf8Path) -> bool {
    root.join(MARK).is_file() || is_of_before(root)
}

/// Whether the directory `root` can be used: it is ours, with all that is in it, or there is nothing in it that could be
/// lost.
pub fn usable(root: &Utf8Path) -> Result<(), BuildError> {
    let names = names(root)?;
    if is_marked(root) {
        let mut paths = names.iter().filter(|name| is_ours(name)).map(|name| root.join(name));
        let linked = paths.find(|path| path.is_symlink());
        return linked.map_or(Ok(()), |path| Err(BuildError::Linked { path }));
    }
    match names.into_iter().find(|name| !is_unfinished(name)) {
        None => Ok(()),
        Some(found) => Err(BuildError::NotOurs { path: root.to_owned(), found }),
    }
}

/// Makes `root` ours and waits for its lock.
pub(super) fn open(
    root: &Utf8Path,
    interrupt: &Interrupt,
    events: &mut BuildEvents<'_>,
) -> Result<Lock, BuildError> {
    if let Some(character) = root.as_str().chars().find(|it| UNUSABLE.contains(it)) {
        return Err(BuildError::UnusablePath { path: root.to_owned(), character });
    }
    let failed = BuildError::io(root);
    loop {
        fs::create_dir_all(root).map_err(failed)?;
        usable(root)?;
        if !root.join(MARK).is_file() {
            atomic::write(&root.join(MARK), TEXT.as_bytes()).map_err(failed)?;
        }
        remove_misplaced(root)?;
        fs::create_dir_all(root.join("log")).map_err(failed)?;
        // Our files are no news to a git tree that we happen to be in.
        fs::write(root.join(".gitignore"), "*\n").map_err(failed)?;
        let lock = Lock::take(&root.join("lock"), interrupt, events)?;
        // Who cleaned the directory while we waited has removed the file whose lock we got.
        if lock.is_of(&root.join("lock")) {
            return Ok(lock);
        }
    }
}

/// Removes directories that have the place of a file of ours, and files, pipes and the like that have the place of a
/// directory or a file: who opens a pipe waits for ever.
pub(super) fn remove_misplaced(root: &Utf8Path) -> Result<(), BuildError> {
    for (names, is_directory) in [(DIRECTORIES, true), (FILES, false)] {
        for path in names.iter().map(|name| root.join(name)) {
            let Ok(kind) = fs::symlink_metadata(&path).map(|metadata| metadata.file_type()) else {
                continue;
            };
            if (is_directory && !kind.is_dir()) || (!is_directory && !kind.is_file()) {
                atomic::remove_file(&path).map_err(BuildError::io(&path))?;
            }
        }
    }
    Ok(())
}

/// Whether a version that set no mark made `root`: it has our own name, and all that is in it is what a
/// run makes, among it the number of the process that had the lock.
fn is_of_before(root: &Utf8Path) -> bool {
    let text = |name: &str| {
        let path = root.join(name);
        if path.is_file() { fs::read_to_string(path).unwrap_or_default() } else { String::new() }
    };
    let lock = text("lock");
    root.file_name() == Some(".klp")
        && !lock.is_empty()
        && lock.bytes().all(|byte| byte.is_ascii_digit())
        && text(".gitignore") == "*\n"
        && names(root).is_ok_and(|names| names.iter().all(|name| is_ours(name)))
}

/// What is in the directory; nothing where there is none.
fn names(root: &Utf8Path) -> Result<Vec<String>, BuildError> {
    let failed = BuildError::io(root);
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use camino::Utf8PathBuf;

    use super::*;

    fn open(root: &Utf8Path) -> Result<Lock, BuildError> {
        super::open(root, &Interrupt::new(), &mut |_| {})
    }

    #[test]
    fn only_empty_or_marked() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().join("x")).unwrap();
        drop(open(&root).unwrap());
        fs::write(root.join("mine"), "").unwrap();
        drop(open(&root).unwrap());
        fs::remove_file(root.join(MARK)).unwrap();
        let error = open(&root).unwrap_err();
        assert!(matches!(error, BuildError::NotOurs { .. }), "{error}");
        assert!(!root.join(MARK).exists());
    }

    /// A directory or a pipe that has the place of a file is no obstacle, and nobody waits for one.
    #[test]
    fn what_has_the_place_of_ours() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().join("x")).unwrap();
        drop(open(&root).unwrap());
        for name in ["lock", ".gitignore", "running"] {
            let path = root.join(name);
            atomic::remove_file(&path).unwrap();
            fs::create_dir_all(path.join("inner")).unwrap();
            drop(open(&root).unwrap());
            assert!(!path.is_dir(), "{name}");
            atomic::remove_file(&path).unwrap();
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            drop(open(&root).unwrap());
            assert!(path.is_file() || !path.exists(), "{name}");
        }
        fs::write(root.join("patched"), "").unwrap();
        drop(open(&root).unwrap());
        assert!(!root.join("patched").exists());
    }

    /// A run that was killed before it could set the mark is no obstacle.
    #[test]
    fn a_mark_that_was_never_finished() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs::write(root.join(".klp-tmp-x"), "This dir").unwrap();
        drop(open(root).unwrap());
    }

    #[test]
    fn of_a_version_without_the_mark() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().join(".klp")).unwrap();
        fs::create_dir_all(root.join("build")).unwrap();
        fs::write(root.join(".gitignore"), "*\n").unwrap();
        assert!(open(&root).is_err());
        fs::write(root.join("lock"), "4711").unwrap();
        fs::write(root.join("notes.txt"), "").unwrap();
        assert!(open(&root).is_err());
        fs::remove_file(root.join("notes.txt")).unwrap();
        drop(open(&root).unwrap());
        assert!(root.join(MARK).exists());
    }
}
