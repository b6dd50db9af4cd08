//! Which objects of a build can have anything of a function: those that are made from a file which names it.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rayon::prelude::*;

use super::BuildError;
use crate::cmd_file::cmd_path;
use crate::lexical::in_mirror;
use crate::objects::LinkedObject;
use crate::word::is_word;

/// Those of the `objects` of the build in `build`, made from sources in `mirror`, that are made from a file in which one
/// of `names` is a word. Names that macros paste together are in no file.
pub fn mentioning(
    build: &Utf8Path,
    mirror: &Utf8Path,
    objects: &[LinkedObject],
    names: &[String],
) -> Result<Vec<Utf8PathBuf>, BuildError> {
    let objects: BTreeSet<&Utf8Path> = objects.iter().map(|it| it.object.as_path()).collect();
    let read =
        |object: &&Utf8Path| ((*object).to_owned(), sources_of(build, build, mirror, object));
    let reads: BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>> =
        objects.par_iter().map(read).collect();
    let files: BTreeSet<&Utf8PathBuf> = reads.values().flatten().collect();
    let last: Vec<&str> =
        names.iter().map(|name| name.rsplit("::").next().unwrap_or(name)).collect();
    let has_name = |path: &&Utf8PathBuf| -> Result<bool, BuildError> {
        let path = mirror.join(path.as_path());
        let text = match fs::read(&path) {
            // A header that was made by the build.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            text => text.map_err(|source| BuildError::Io { path, source })?,
        };
        Ok(last.iter().any(|name| is_word(&text, name)))
    };
    let telling = files.into_par_iter().map(|path| Ok(has_name(&path)?.then_some(path)));
    let telling: BTreeSet<&Utf8PathBuf> =
        telling.collect::<Result<Vec<_>, BuildError>>()?.into_iter().flatten().collect();
    let has_one = |files: &BTreeSet<Utf8PathBuf>| files.iter().any(|file| telling.contains(file));
    Ok(reads.iter().filter(|(_, files)| has_one(files)).map(|(object, _)| object.clone()).collect())
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
