//! Files that a build read from elsewhere than the sources: headers of a directory in `KCFLAGS`, of the compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use super::inventory::digest;
use super::readers::ends_word;
use super::records::{Records, target_of};
use crate::atomic;

/// Beside the list of objects: a line of digest, what the file system tells, and path each.
const LIST: &str = "outside.list";

/// What such files were when they were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OutsideFiles(BTreeMap<Utf8PathBuf, OutsideFile>);

#[derive(Debug, PartialEq, Eq)]
struct OutsideFile {
    digest: String,
    seen: String,
}

impl OutsideFiles {
    /// Those that the records of `build` name by whole paths and that are not ours.
    pub(super) fn of(
        build: &Utf8Path,
        is_ours: &dyn Fn(&Utf8Path) -> bool,
    ) -> Result<Self, BuildError> {
        Self::named(build, |word| {
            let path = Utf8Path::new(word);
            (path.is_absolute() && !is_ours(path)).then(|| path.to_owned())
        })
    }

    /// Those that the records of `build`, whose commands were run in `directory`, name by whole paths or from there, and that
    /// are not in `build`.
    pub(super) fn of_commands_in(
        directory: &Utf8Path,
        build: &Utf8Path,
    ) -> Result<Self, BuildError> {
        Self::named(build, |word| {
            let path = directory.join(word.trim_start_matches("./"));
            (!path.starts_with(build)).then_some(path)
        })
    }

    /// What `file` makes of the words of records, where that is a file.
    fn named(
        build: &Utf8Path,
        file: impl Fn(&str) -> Option<Utf8PathBuf>,
    ) -> Result<Self, BuildError> {
        let mut paths: BTreeSet<Utf8PathBuf> = BTreeSet::new();
        Records::find(build)?
            .for_each(|_, bytes| paths.extend(words_of(bytes).filter_map(&file)))?;
        let files = paths.into_iter().filter(|path| path.is_file());
        let look = |path: Utf8PathBuf| {
            let seen = seen(&path).unwrap_or_default();
            Ok((path.clone(), OutsideFile { digest: digest(&path)?, seen }))
        };
        Ok(Self(files.map(look).collect::<Result<_, BuildError>>()?))
    }

    /// Reads what was [written](Self::write); none where that is not there any more, or something else.
    pub(super) fn read(kept: &Utf8Path) -> Result<Option<Self>, BuildError> {
        let path = kept.join(LIST);
        let bytes = atomic::read_sealed(&path).map_err(BuildError::io(&path))?;
        let parse = |line: &str| {
            let [digest, seen, path] = line.splitn(3, '\t').collect::<Vec<_>>().try_into().ok()?;
            let state = OutsideFile { digest: digest.to_owned(), seen: seen.to_owned() };
            Some((Utf8PathBuf::from(path), state))
        };
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| text.lines().map(parse).collect::<Option<_>>()).map(Self))
    }

    /// Writes it down beside what else is kept of the original.
    pub(super) fn write(&self, kept: &Utf8Path) -> Result<(), BuildError> {
        let path = kept.join(LIST);
        let mut text = String::new();
        for (path, OutsideFile { digest, seen }) in &self.0 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{digest}\t{seen}\t{path}");
        }
        atomic::write_sealed(&path, text.as_bytes()).map_err(BuildError::io(&path))
    }

    /// Those that are not what they were. Where the file system tells what it told, nobody wrote to them; else the bytes
    /// decide.
    pub(super) fn altered(&self) -> BTreeSet<&Utf8Path> {
        let is_other = |(path, was): &(&Utf8PathBuf, &OutsideFile)| {
            seen(path).as_ref() != Some(&was.seen)
                && digest(path).ok().as_ref() != Some(&was.digest)
        };
        self.0.iter().filter(is_other).map(|(path, _)| path.as_path()).collect()
    }
}

/// Size and times of a file or of what a link leads to. The last of them changes with every edit.
fn seen(path: &Utf8Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let [modified, changed] =
        [(metadata.mtime(), metadata.mtime_nsec()), (metadata.ctime(), metadata.ctime_nsec())]
            .map(|(seconds, part)| format!("{seconds}.{part:09}"));
    Some(format!("{} {} {modified} {changed}", metadata.ino(), metadata.size()))
}

/// What was made from any of `paths` in `build`: make goes by times, and a file can be older than the one before.
pub(super) fn made_from(
    paths: &BTreeSet<&Utf8Path>,
    build: &Utf8Path,
) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
    let mut targets = BTreeSet::new();
    Records::find(build)?.for_each(|record, bytes| {
        if absolute_in(bytes).any(|path| paths.contains(path)) {
            targets.extend(target_of(record));
        }
    })?;
    Ok(targets)
}

fn absolute_in(record: &[u8]) -> impl Iterator<Item = &Utf8Path> {
    words_of(record).map(Utf8Path::new).filter(|path| path.is_absolute())
}

fn words_of(record: &[u8]) -> impl Iterator<Item = &str> {
    let words = record.split(|byte| ends_word(*byte)).filter(|word| !word.is_empty());
    words.filter_map(|word| std::str::from_utf8(word).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of Linux up to 6.12, of a module outside of the sources of a kernel that was built between them.
    #[test]
    fn headers_that_are_named_from_the_kernels_directory() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (kernel, build) = (root.join("linux"), root.join("module/.klp/build"));
        for directory in [kernel.join("include/linux"), kernel.join("arch"), build.clone()] {
            fs::create_dir_all(directory).unwrap();
        }
        let (one, two) = (kernel.join("include/linux/one.h"), kernel.join("arch/two.h"));
        let own = build.join("tiny.c");
        for path in [&one, &two, &own] {
            fs::write(path, "1").unwrap();
        }
        let record =
            format!("deps_x.o := \\\n  include/linux/one.h \\\n ./arch/two.h {own} none.h\n");
        fs::write(build.join(".tiny.o.cmd"), record).unwrap();
        let outside = OutsideFiles::of_commands_in(&kernel, &build).unwrap();
        assert_eq!(outside.0.keys().collect::<Vec<_>>(), [&two, &one]);
        fs::write(&one, "2").unwrap();
        assert_eq!(outside.altered(), BTreeSet::from([one.as_path()]));
    }
}
