//! Which files there are, in the user's sources and in the mirror.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ignore::{WalkBuilder, WalkState};

use super::MirrorError;
use crate::tree::Tree;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    Symlink(Utf8PathBuf),
    File(FileStat),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileStat {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    /// Seconds and nanoseconds.
    pub(super) modified: (i64, i64),
    pub(super) mode: u32,
}

/// Entries by path, relative to the root. Strings are compared faster than paths, component by component,
/// and what is in a directory comes after it all the same.
pub(super) type Listing = BTreeMap<String, Entry>;

impl Entry {
    /// Whether both are files, both are symlinks or both are directories.
    pub(super) fn same_type(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.kind) == std::mem::discriminant(&other.kind)
    }
}

/// The source files of a tree: all of it, or without what was built between the sources.
pub(super) fn sources(tree: &Tree, mirror: &Utf8Path) -> Result<Listing, MirrorError> {
    let excluded = excluded(tree, mirror);
    if !tree.is_built_in_tree() {
        return walk(&tree.source, &excluded, false);
    }
    match from_git(&tree.source, &excluded)? {
        Some(listing) => Ok(listing),
        None => walk(&tree.source, &excluded, true),
    }
}

/// All that is in a directory.
pub(super) fn everything(directory: &Utf8Path) -> Result<Listing, MirrorError> {
    walk(directory, &[], false)
}

/// Directories in the sources that are no sources.
fn excluded(tree: &Tree, mirror: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut excluded = vec![tree.source.join(".git"), tree.source.join(".klp"), mirror.to_owned()];
    excluded.extend(mirror.parent().map(Utf8Path::to_owned));
    excluded.push(tree.output.clone());
    // Our own rules and results: the build is the same with others.
    let ours = ["klp.toml", "klp.mk", "changed-functions.json"];
    excluded.extend(ours.map(|name| tree.source.join(name)));
    // Output directories of other builds name their source.
    let entries = fs::read_dir(&tree.source).into_iter().flatten().flatten();
    for entry in entries {
        let Ok(path) = Utf8PathBuf::from_path_buf(entry.path()) else { continue };
        if fs::canonicalize(path.join("source")).is_ok_and(|source| source == *tree.source)
            && path.join("Makefile").exists()
        {
            excluded.push(path);
        }
    }
    excluded.retain(|path| *path != tree.source && path.starts_with(&tree.source));
    excluded
}

fn walk(root: &Utf8Path, excluded: &[Utf8PathBuf], ignored: bool) -> Result<Listing, MirrorError> {
    let failed = |source: std::io::Error| MirrorError::List { path: root.to_owned(), source };
    let mut builder = WalkBuilder::new(root);
    builder.standard_filters(false);
    if ignored {
        // The tree's own .gitignore files say what make makes, whether git is used or not.
        builder.git_ignore(true).require_git(false);
    }
    let skip: BTreeMap<OsString, Vec<Utf8PathBuf>> =
        excluded.iter().fold(BTreeMap::new(), |mut skip, path| {
            let name = path.file_name().unwrap_or_default().into();
            skip.entry(name).or_insert_with(Vec::new).push(path.clone());
            skip
        });
    builder.filter_entry(move |entry| {
        let mut namesakes = skip.get(entry.file_name()).into_iter().flatten();
        !namesakes.any(|path| entry.path() == path.as_std_path())
    });
    let listing = Mutex::new(Ok(Vec::new()));
    builder.build_parallel().run(|| {
        Box::new(|item| {
            let found = item.map_err(std::io::Error::other).and_then(|item| {
                let path = Utf8Path::from_path(item.path()).ok_or_else(|| {
                    std::io::Error::other(format!(
                        "the path {} is not UTF-8",
                        item.path().display()
                    ))
                })?;
                Ok((path.to_owned(), look(path)?))
            });
            let mut listing = listing.lock().unwrap_or_else(PoisonError::into_inner);
            match (found, listing.as_mut()) {
                (_, Err(_)) => return WalkState::Quit,
                (Ok((path, Some(entry))), Ok(listing)) => {
                    if let Ok(relative) = path.strip_prefix(root)
                        && !relative.as_str().is_empty()
                    {
                        listing.push((relative.as_str().to_owned(), entry));
                    }
                }
                (Ok((_, None)), Ok(_)) => {}
                (Err(error), Ok(_)) => *listing = Err(error),
            }
            WalkState::Continue
        })
    });
    let listing = listing.into_inner().unwrap_or_else(PoisonError::into_inner).map_err(failed)?;
    Ok(listing.into_iter().collect())
}

/// The files that git knows or would add. `None` where git is not of use.
fn from_git(root: &Utf8Path, excluded: &[Utf8PathBuf]) -> Result<Option<Listing>, MirrorError> {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"]
    {
        command.env_remove(name);
    }
    let output = command
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(output) = output else { return Ok(None) };
    let Ok(names) = String::from_utf8(output.stdout) else { return Ok(None) };
    // Inside a repository that ignores this tree, git knows nothing of it.
    if !output.status.success() || !names.split('\0').any(|name| name == "Makefile") {
        return Ok(None);
    }
    let mut listing = Listing::new();
    for name in names.split_terminator('\0') {
        let path = root.join(name);
        if excluded.iter().any(|skip| path.starts_with(skip)) {
            continue;
        }
        let entry =
            look(&path).map_err(|source| MirrorError::List { path: path.clone(), source })?;
        // Removed without telling git, or a submodule: its files are listed by nobody.
        let Some(entry) = entry.filter(|entry| entry.kind != Kind::Directory) else { continue };
        let parents = Utf8Path::new(name).ancestors().skip(1).map(Utf8Path::as_str);
        for parent in parents.filter(|parent| !parent.is_empty()) {
            listing.entry(parent.to_owned()).or_insert(Entry { kind: Kind::Directory });
        }
        listing.insert(name.to_owned(), entry);
    }
    Ok(Some(listing))
}

/// What is at a path; nothing for what is gone, and for sockets and the like.
pub(super) fn look(path: &Utf8Path) -> std::io::Result<Option<Entry>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let kind = if metadata.is_dir() {
        Kind::Directory
    } else if metadata.is_symlink() {
        let target = fs::read_link(path)?;
        Kind::Symlink(Utf8PathBuf::from_path_buf(target).map_err(|target| {
            std::io::Error::other(format!("the symlink to {} is not UTF-8", target.display()))
        })?)
    } else if metadata.is_file() {
        Kind::File(FileStat {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            mode: metadata.mode() & 0o777,
        })
    } else {
        return Ok(None);
    };
    Ok(Some(Entry { kind }))
}
