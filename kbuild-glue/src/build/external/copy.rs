//! The copy of a module's directory that both builds happen in.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::atomic;
use crate::build::BuildError;
use crate::cmd_file::cmd_path;
use crate::patch::FileChange;

/// The copy of the directory `source` in `build`, which is in our directory `root`.
pub(super) struct ModuleCopy<'a> {
    pub(super) source: &'a Utf8Path,
    pub(super) root: &'a Utf8Path,
    pub(super) build: Utf8PathBuf,
}

/// What the copy has of something in the module's directory.
enum CopiedEntry {
    /// The same bytes.
    File,
    /// A symlink to this path of the copy, so that who reads it reads what a patch writes there.
    Link(Utf8PathBuf),
}

type CopiedEntries = BTreeMap<Utf8PathBuf, CopiedEntry>;

impl ModuleCopy<'_> {
    /// Makes the copy the same as the module's directory, but for objects and other outputs. `changes` are
    /// going to be written there.
    pub(super) fn sync(&self, changes: &[FileChange]) -> Result<(), BuildError> {
        let sources = self.sources()?;
        self.bring(&sources, changes).map_err(|source| self.failed(source))
    }

    /// Writes what a patch changes.
    pub(super) fn apply(&self, changes: &[FileChange]) -> Result<(), BuildError> {
        let write = || {
            // First, since a file can take the place of a directory.
            for change in changes.iter().filter(|change| change.new.is_none()) {
                atomic::remove_file(&self.build.join(&change.path))?;
            }
            for change in changes {
                if let Some(bytes) = &change.new {
                    self.make(&change.path, bytes)?;
                }
            }
            Ok(())
        };
        write().map_err(|source| self.failed(source))
    }

    fn bring(&self, sources: &CopiedEntries, changes: &[FileChange]) -> io::Result<()> {
        let list = self.root.join("copied");
        let known = match fs::read_to_string(&list) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Nobody knows what is in it.
                atomic::remove_dir(&self.build)?;
                String::new()
            }
            text => text?,
        };
        let known: BTreeSet<&Utf8Path> = known.lines().map(Utf8Path::new).collect();
        let mut all = known.clone();
        all.extend(sources.keys().map(Utf8PathBuf::as_path));
        if all.iter().any(|path| self.is_other_link(path, sources.get(*path))) {
            // Make goes by time, and what a symlink leads to now can be older than what was made from it.
            atomic::remove_dir(&self.build)?;
        }
        fs::create_dir_all(&self.build)?;
        all.extend(changes.iter().map(|change| change.path.as_path()));
        let all: Vec<&str> = all.iter().map(|path| path.as_str()).collect();
        atomic::write(&list, all.join("\n").as_bytes())?;
        for path in known.iter().filter(|path| !sources.contains_key(**path)) {
            let copy = self.build.join(path);
            if !is_directory(&copy) {
                atomic::remove_file(&copy)?;
            }
        }
        for (path, source) in sources {
            let copy = self.build.join(path);
            match source {
                CopiedEntry::File => {
                    self.make(path, &fs::read(self.source.join(path))?)?;
                }
                CopiedEntry::Link(target) if fs::read_link(&copy).is_err() => {
                    fs::create_dir_all(copy.parent().unwrap_or(&self.build))?;
                    fs_err::os::unix::fs::symlink(self.build.join(target), &copy)?;
                }
                CopiedEntry::Link(_) => {}
            }
        }
        Ok(())
    }

    /// Whether a symlink of the copy is another one than `source`, or only one of both is one.
    fn is_other_link(&self, path: &Utf8Path, source: Option<&CopiedEntry>) -> bool {
        let there = fs::read_link(self.build.join(path)).ok();
        let target = match source {
            Some(CopiedEntry::Link(target)) => Some(self.build.join(target).into_std_path_buf()),
            Some(CopiedEntry::File) | None => None,
        };
        there != target
    }

    /// Makes `path` of the copy a file of these bytes. One that is so keeps its time, by which make goes.
    fn make(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        let copy = self.build.join(path);
        if is_directory(&copy) {
            // What is left in it was made from files that are gone.
            atomic::remove_dir(&copy)?;
        } else if fs::read(&copy).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        fs::create_dir_all(copy.parent().unwrap_or(&self.build))?;
        atomic::write(&copy, bytes)
    }

    /// What is in the module's directory and was not made by Kbuild.
    fn sources(&self) -> Result<CopiedEntries, BuildError> {
        let mut sources = CopiedEntries::new();
        self.find(Utf8Path::new(""), &mut sources)?;
        let is_there = |target: &Utf8Path| match sources.get(target) {
            Some(source) => matches!(source, CopiedEntry::File),
            None => sources.keys().any(|path| path.starts_with(target)),
        };
        let leads_out = |(path, source): (&Utf8PathBuf, &CopiedEntry)| match source {
            CopiedEntry::Link(target) if !is_there(target) => Some(path.clone()),
            CopiedEntry::Link(_) | CopiedEntry::File => None,
        };
        let out: Vec<Utf8PathBuf> = sources.iter().filter_map(leads_out).collect();
        for path in out {
            // To an output, or to another tool's directory.
            if self.source.join(&path).is_file() {
                sources.insert(path, CopiedEntry::File);
            } else {
                sources.remove(&path);
            }
        }
        Ok(sources)
    }

    fn find(&self, directory: &Utf8Path, found: &mut CopiedEntries) -> Result<(), BuildError> {
        let path = self.source.join(directory);
        let failed = BuildError::io(&path);
        let top = self.source.canonicalize_utf8().map_err(failed)?;
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let (relative, path) = (directory.join(name), path.join(name));
            let metadata = match fs::metadata(&path) {
                // A symlink that leads nowhere is no source.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(failed)?,
            };
            let is_link = entry.file_type().map_err(failed)?.is_symlink();
            let inside = if is_link {
                let target = path.canonicalize_utf8().map_err(failed)?;
                target.strip_prefix(&top).ok().map(Utf8Path::to_owned)
            } else {
                None
            };
            if metadata.is_dir() {
                // Other tools' outputs, such as cargo's, say what they are.
                let is_other = matches!(name, ".git" | ".klp")
                    || path == self.root
                    || path.join("CACHEDIR.TAG").exists();
                match inside {
                    Some(target) => drop(found.insert(relative, CopiedEntry::Link(target))),
                    None if is_other || is_link => {}
                    None => self.find(&relative, found)?,
                }
            } else if metadata.is_file() && !is_output(&path, name) {
                found.insert(relative, inside.map_or(CopiedEntry::File, CopiedEntry::Link));
            }
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> BuildError {
        BuildError::Io { path: self.root.to_owned(), source }
    }
}

fn is_directory(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Whether Kbuild or we made a file: it has a saved command, or a name that only outputs have.
fn is_output(path: &Utf8Path, name: &str) -> bool {
    let extension = path.extension().unwrap_or_default();
    cmd_path(path).exists()
        || name.starts_with('.') && matches!(extension, "cmd" | "d")
        || name.ends_with(".mod.c")
        || extension == "ko"
        || matches!(name, "modules.order" | "Module.symvers" | "changed-functions.json")
}
