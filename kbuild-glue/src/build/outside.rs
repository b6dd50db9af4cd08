//! Files that a build read from elsewhere than the sources: headers of a directory in `KCFLAGS`, of the compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};

use super::BuildError;
use super::kept::stamp;
use super::readers::ends_word;
use super::records::{Records, target_of};
use crate::atomic;

/// Beside the list of objects: a line of stamp and path each.
const LIST: &str = "outside.list";

/// What such files were when they were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outside(BTreeMap<Utf8PathBuf, String>);

impl Outside {
    /// Those that the records of `build` name, whose sources are in `mirror`.
    pub(super) fn of(build: &Utf8Path, mirror: &Utf8Path) -> Result<Self, BuildError> {
        let mut paths: BTreeSet<Utf8PathBuf> = BTreeSet::new();
        Records::find(build)?.for_each(|_, bytes| {
            for path in absolute_in(bytes) {
                let is_ours = path.starts_with(build) || path.starts_with(mirror);
                if !is_ours && !paths.contains(path) {
                    paths.insert(path.to_owned());
                }
            }
        })?;
        let files = paths.into_iter().filter(|path| path.is_file());
        Ok(Self(files.filter_map(|path| Some((path.clone(), stamp(&path)?))).collect()))
    }

    /// Reads what was [written](Self::write); none where that is not there any more, or something else.
    pub(super) fn read(kept: &Utf8Path) -> Result<Option<Self>, BuildError> {
        let path = kept.join(LIST);
        let bytes = atomic::read_sealed(&path).map_err(|source| BuildError::Io { path, source })?;
        let parse = |line: &str| {
            let (stamp, path) = line.split_once('\t')?;
            Some((Utf8PathBuf::from(path), stamp.to_owned()))
        };
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| text.lines().map(parse).collect::<Option<_>>()).map(Self))
    }

    /// Writes it down beside what else is kept of the original.
    pub(super) fn write(&self, kept: &Utf8Path) -> Result<(), BuildError> {
        let path = kept.join(LIST);
        let mut text = String::new();
        for (path, stamp) in &self.0 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{stamp}\t{path}");
        }
        atomic::write_sealed(&path, text.as_bytes())
            .map_err(|source| BuildError::Io { path, source })
    }

    /// Those that are not what they were.
    pub(super) fn altered(&self) -> BTreeSet<&Utf8Path> {
        let is_other = |(path, was): &(&Utf8PathBuf, &String)| stamp(path).as_ref() != Some(*was);
        self.0.iter().filter(is_other).map(|(path, _)| path.as_path()).collect()
    }
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
    let words = record.split(|byte| ends_word(*byte)).filter(|word| word.starts_with(b"/"));
    words.filter_map(|word| std::str::from_utf8(word).ok()).map(Utf8Path::new)
}
