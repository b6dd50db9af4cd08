//! Files of a build that Kbuild has no record of.
//!
//! Some are written by any make, whatever it makes: in Linux 6.1 the `Makefile` of the output directory.
//! What is the same as before is no news: it gets its time back, and to make nothing happened.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use super::records::target_of;
use crate::atomic;
use crate::cmd_file::cmd_path;

/// Beside the list of objects: a line of digest, time and path each.
const LIST: &str = "unrecorded.list";

/// What they were when the original was built.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unrecorded {
    files: BTreeMap<Utf8PathBuf, State>,
}

#[derive(Debug, PartialEq, Eq)]
struct State {
    digest: String,
    /// Since 1970, as a file system has it.
    modified: Duration,
}

impl Unrecorded {
    /// Looks at the files of `build`.
    pub(super) fn of(build: &Utf8Path) -> Result<Self, BuildError> {
        let failed = |source| BuildError::Io { path: build.to_owned(), source };
        let mut files = BTreeMap::new();
        let mut directories = vec![build.to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in directory.read_dir_utf8().map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
                if kind.is_dir() {
                    directories.push(path.to_owned());
                } else if kind.is_file() && !is_recorded(path) && !is_scratch(path) {
                    let state = State { digest: digest(path)?, modified: modified(path)? };
                    files.insert(path.strip_prefix(build).unwrap_or(path).to_owned(), state);
                }
            }
        }
        Ok(Self { files })
    }

    /// Reads what was [written](Self::write). Without it, no file is known.
    pub(super) fn read(kept: &Utf8Path) -> Result<Self, BuildError> {
        let path = kept.join(LIST);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self { files: text.lines().filter_map(parse).collect() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(BuildError::Io { path, source }),
        }
    }

    /// Writes it down beside what else is kept of the original.
    pub(super) fn write(&self, kept: &Utf8Path) -> Result<(), BuildError> {
        let path = kept.join(LIST);
        let mut text = String::new();
        for (path, State { digest, modified }) in &self.files {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{digest}\t{}\t{path}", modified.as_nanos());
        }
        atomic::write(&path, text.as_bytes()).map_err(|source| BuildError::Io { path, source })
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
        let Some(state) = self.files.get(path) else { return Ok(()) };
        let path = build.join(path);
        let time = UNIX_EPOCH.checked_add(state.modified).unwrap_or(UNIX_EPOCH);
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(time))
            .map_err(|source| BuildError::Io { path, source })
    }
}

/// Whether it is left over from making something else, and nothing is made from it.
pub(super) fn is_scratch(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.starts_with('.') && (path.extension() == Some("d") || name.contains("tmp"))
}

/// Whether Kbuild wrote down how it was made, or it is such a record itself.
fn is_recorded(path: &Utf8Path) -> bool {
    target_of(path).is_some() || cmd_path(path).exists()
}

fn digest(path: &Utf8Path) -> Result<String, BuildError> {
    let mut hasher = blake3::Hasher::new();
    fs::File::open(path)
        .and_then(|file| hasher.update_reader(file).map(drop))
        .map_err(|source| BuildError::Io { path: path.to_owned(), source })?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn modified(path: &Utf8Path) -> Result<Duration, BuildError> {
    let time = fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .map_err(|source| BuildError::Io { path: path.to_owned(), source })?;
    Ok(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn parse(line: &str) -> Option<(Utf8PathBuf, State)> {
    let mut fields = line.splitn(3, '\t');
    let digest = fields.next()?.to_owned();
    let nanoseconds: u64 = fields.next()?.parse().ok()?;
    let modified = Duration::from_nanos(nanoseconds);
    Some((Utf8PathBuf::from(fields.next()?), State { digest, modified }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_again_gets_its_time_back() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (build, kept) = (root.join("build"), root.join("kept"));
        for path in ["build/fs", "kept"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        for name in ["Makefile", "table.h", "fs/a.o", "fs/.a.o.cmd", ".x.d", ".tmp_x"] {
            fs::write(build.join(name), name).unwrap();
        }
        let time = |name: &str| fs::metadata(build.join(name)).unwrap().modified().unwrap();
        let before = time("Makefile");
        Unrecorded::of(&build).unwrap().write(&kept).unwrap();
        let unrecorded = Unrecorded::read(&kept).unwrap();
        assert_eq!(unrecorded, Unrecorded::of(&build).unwrap());
        let names: Vec<&str> = unrecorded.files.keys().map(|path| path.as_str()).collect();
        assert_eq!(names, ["Makefile", "table.h"]);

        std::thread::sleep(Duration::from_millis(20));
        fs::write(build.join("Makefile"), "Makefile").unwrap();
        fs::write(build.join("table.h"), "other").unwrap();
        assert!(unrecorded.is_same(&build, "Makefile".into()).unwrap());
        assert!(!unrecorded.is_same(&build, "table.h".into()).unwrap());
        assert!(!unrecorded.is_same(&build, "fs/a.o".into()).unwrap());
        assert_ne!(time("Makefile"), before);
        unrecorded.give_time(&build, "Makefile".into()).unwrap();
        assert_eq!(time("Makefile"), before);
        assert_eq!(Unrecorded::read(root).unwrap(), Unrecorded::default());
    }
}
