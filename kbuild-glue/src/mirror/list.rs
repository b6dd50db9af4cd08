//! Which files there are, in the user's sources and in the mirror.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ignore::{WalkBuilder, WalkState};

use super::MirrorError;
use crate::tree::Tree;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TreeEntry {
    pub(super) kind: EntryKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntryKind {
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
    /// When anything about the file changed last.
    pub(super) changed: (i64, i64),
    pub(super) mode: u32,
}

impl FileStat {
    /// When it was written, whatever time it says that it is from.
    pub(super) fn written(&self) -> (i64, i64) {
        self.modified.max(self.changed)
    }
}

/// Entries by path, relative to the root. Strings are compared faster than paths, component by component,
/// and what is in a directory comes after it all the same.
pub(super) type TreeListing = BTreeMap<String, TreeEntry>;

/// A listing, and the paths that were left out since they are not UTF-8: no Makefile of the kernel names one.
pub(super) type ListedTree = (TreeListing, Vec<PathBuf>);

impl TreeEntry {
    /// Whether both are files, both are symlinks or both are directories.
    pub(super) fn same_type(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.kind) == std::mem::discriminant(&other.kind)
    }
}

/// The source files of a tree: all of it, or without what was built between the sources.
pub(super) fn sources(tree: &Tree, mirror: &Utf8Path) -> Result<ListedTree, MirrorError> {
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
pub(super) fn everything(directory: &Utf8Path) -> Result<TreeListing, MirrorError> {
    Ok(walk(directory, &[], false)?.0)
}

/// Directories in the sources that are no sources.
fn excluded(tree: &Tree, mirror: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut excluded = vec![tree.source.join(".git"), tree.source.join(".klp"), mirror.to_owned()];
    excluded.extend(mirror.parent().map(Utf8Path::to_owned));
    excluded.push(tree.output.clone());
    // Our own rules and results: the build is the same with others.
    let ours = ["klp.toml", "klp.mk", "changed-functions.json"];
    excluded.extend(ours.map(|name| tree.source.join(name)));
    // Output directories of other builds name their source, and what we keep of one has our mark.
    let entries = fs::read_dir(&tree.source).into_iter().flatten().flatten();
    for entry in entries {
        let Ok(path) = Utf8PathBuf::from_path_buf(entry.path()) else { continue };
        let is_output = fs::canonicalize(path.join("source"))
            .is_ok_and(|source| source == *tree.source)
            && path.join("Makefile").exists();
        if is_output || path.join(crate::build::MARK).exists() {
            excluded.push(path);
        }
    }
    excluded.retain(|path| *path != tree.source && path.starts_with(&tree.source));
    excluded
}

fn walk(
    root: &Utf8Path,
    excluded: &[Utf8PathBuf],
    ignored: bool,
) -> Result<ListedTree, MirrorError> {
    let failed = |source: io::Error| MirrorError::List { path: root.to_owned(), source };
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
    let found = Mutex::new(Ok((Vec::new(), Vec::new())));
    builder.build_parallel().run(|| {
        Box::new(|item| {
            let entry = item.map_err(io::Error::other).and_then(|item| {
                let path = item.into_path();
                let entry = Utf8Path::from_path(&path).map(look).transpose()?;
                Ok((path, entry))
            });
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            match (entry, found.as_mut()) {
                (_, Err(_)) => return WalkState::Quit,
                (Ok((path, None)), Ok((_, left_out))) => {
                    // Nor is anything below it.
                    left_out.push(path);
                    return WalkState::Skip;
                }
                (Ok((path, Some(Some(entry)))), Ok((listing, _))) => {
                    let relative =
                        Utf8Path::from_path(&path).and_then(|path| path.strip_prefix(root).ok());
                    if let Some(relative) = relative.filter(|path| !path.as_str().is_empty()) {
                        listing.push((relative.as_str().to_owned(), entry));
                    }
                }
                (Ok((_, Some(None))), Ok(_)) => {}
                (Err(error), Ok(_)) => *found = Err(error),
            }
            WalkState::Continue
        })
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (listing, left_out) = found.map_err(failed)?;
    Ok((listing.into_iter().collect(), left_out))
}

/// The files that git knows or would add. `None` where git is not of use.
fn from_git(root: &Utf8Path, excluded: &[Utf8PathBuf]) -> Result<Option<ListedTree>, MirrorError> {
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
    let names = || output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    // Inside a repository that ignores this tree, git knows nothing of it.
    if !output.status.success() || !names().any(|name| name == b"Makefile") {
        return Ok(None);
    }
    let mut left_out = Vec::new();
    let mut listing = TreeListing::new();
    for name in names() {
        let Ok(name) = std::str::from_utf8(name) else {
            left_out.push(root.as_std_path().join(OsStr::from_bytes(name)));
            continue;
        };
        let path = root.join(name);
        if excluded.iter().any(|skip| path.starts_with(skip)) {
            continue;
        }
        let entry =
            look(&path).map_err(|source| MirrorError::List { path: path.clone(), source })?;
        // Removed without telling git, or a submodule: its files are listed by nobody.
        let Some(entry) = entry.filter(|entry| entry.kind != EntryKind::Directory) else {
            continue;
        };
        let parents = Utf8Path::new(name).ancestors().skip(1).map(Utf8Path::as_str);
        for parent in parents.filter(|parent| !parent.is_empty()) {
            listing.entry(parent.to_owned()).or_insert(TreeEntry { kind: EntryKind::Directory });
        }
        listing.insert(name.to_owned(), entry);
    }
    Ok(Some((listing, left_out)))
}

/// What is at a path; nothing for what is gone, for sockets and the like, and for symlinks to what is not UTF-8.
pub(super) fn look(path: &Utf8Path) -> io::Result<Option<TreeEntry>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let kind = if metadata.is_dir() {
        EntryKind::Directory
    } else if metadata.is_symlink() {
        // It leads to nothing that a Makefile names.
        let Ok(target) = Utf8PathBuf::from_path_buf(fs::read_link(path)?) else { return Ok(None) };
        EntryKind::Symlink(target)
    } else if metadata.is_file() {
        EntryKind::File(FileStat {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            mode: metadata.mode() & 0o777,
        })
    } else {
        return Ok(None);
    };
    Ok(Some(TreeEntry { kind }))
}
