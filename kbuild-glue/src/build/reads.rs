//! What the objects of a build are made from.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rayon::prelude::*;

use super::BuildError;
use crate::cmd_file::cmd_path;
use crate::lexical::in_mirror;
use crate::objects::LinkedObject;
use crate::word::is_word;

/// The sources that each object of a build is made from, as its records say.
#[derive(Debug)]
pub struct Reads {
    /// Where the sources are.
    mirror: Utf8PathBuf,
    objects: BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>,
}

impl Reads {
    /// Those of `objects` of the build in `build`, which are made from sources in `mirror`.
    #[must_use]
    pub fn of(build: &Utf8Path, mirror: &Utf8Path, objects: &[LinkedObject]) -> Self {
        let objects: BTreeSet<&Utf8Path> = objects.iter().map(|it| it.object.as_path()).collect();
        let read =
            |object: &&Utf8Path| ((*object).to_owned(), sources_of(build, build, mirror, object));
        Self { mirror: mirror.to_owned(), objects: objects.par_iter().map(read).collect() }
    }

    /// The sources in which one of `words` stands. Those that the build made are not read.
    pub fn sources_with(
        &self,
        words: &BTreeSet<String>,
    ) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
        let files: BTreeSet<&Utf8PathBuf> = self.objects.values().flatten().collect();
        let has_word = |path: &Utf8PathBuf| -> Result<bool, BuildError> {
            let path = self.source_path(path);
            match fs::read(&path) {
                Ok(text) => Ok(words.iter().any(|word| is_word(&text, word))),
                // A header that was made by the build.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
                Err(source) => Err(BuildError::Io { path, source }),
            }
        };
        let found = files.into_par_iter().map(|path| Ok(has_word(path)?.then(|| path.clone())));
        Ok(found.collect::<Result<Vec<_>, BuildError>>()?.into_iter().flatten().collect())
    }

    /// The objects that are made from one of `sources`.
    #[must_use]
    pub fn objects_from(&self, sources: &BTreeSet<Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
        let made = self.objects.iter().filter(|(_, files)| !files.is_disjoint(sources));
        made.map(|(object, _)| object.clone()).collect()
    }

    /// Where a source is.
    #[must_use]
    pub fn source_path(&self, source: &Utf8Path) -> Utf8PathBuf {
        self.mirror.join(source)
    }
}

/// The sources in `mirror` that `object` of the build in `build` is made from, as the record of it below `root` says;
/// none where there is no record.
#[must_use]
pub fn sources_of(
    root: &Utf8Path,
    build: &Utf8Path,
    mirror: &Utf8Path,
    object: &Utf8Path,
) -> BTreeSet<Utf8PathBuf> {
    let record = fs::read(cmd_path(&root.join(object))).unwrap_or_default();
    let words = record.split(|byte| b" \t\n\\".contains(byte));
    let is_source = |word: &&[u8]| SOURCES.iter().any(|end| word.ends_with(end.as_bytes()));
    words.filter(is_source).filter_map(|word| in_mirror(word, build, mirror)).collect()
}

const SOURCES: [&str; 5] = [".c", ".h", ".S", ".rs", ".inc"];
