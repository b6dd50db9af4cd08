//! What objects are made from, as the records of the build say.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{LastBuild, TracedHunk, sources_of};
use rayon::prelude::*;

use crate::error::Error;
use crate::session::Session;

/// The sources that `object` is made from, as the record of it below `root` says.
pub(super) fn files_of(
    last: &LastBuild,
    root: &Utf8Path,
    object: &Utf8Path,
) -> BTreeSet<Utf8PathBuf> {
    sources_of(root, &last.build, &last.sources, object)
}

/// Those files of `hunks` from which one of the objects is made that the patches made.
pub(super) fn built_of(
    last: &LastBuild,
    hunks: &[TracedHunk],
    session: &Session,
) -> Result<BTreeSet<Utf8PathBuf>, Error> {
    let files: BTreeSet<&Utf8Path> = hunks.iter().map(|hunk| hunk.file.as_path()).collect();
    let of = |object: &Utf8PathBuf| {
        let sources = files_of(last, &last.patched, object);
        sources.into_iter().filter(|it| files.contains(it.as_path())).collect::<Vec<_>>()
    };
    let mut objects = files_below(&last.patched);
    objects.retain(|path| path.extension() == Some("o"));
    session.on_threads(|| objects.par_iter().flat_map_iter(of).collect())
}

/// What headers and sources that `build` makes are made by: programs of the build, and assembly of which numbers are read. Each
/// has a record, `.NAME.cmd`.
pub(super) fn generators(build: &Utf8Path) -> Vec<Utf8PathBuf> {
    let target = |path: Utf8PathBuf| {
        let name = path.file_name()?.strip_prefix('.')?.strip_suffix(".cmd")?;
        let target = path.with_file_name(name);
        matches!(target.extension(), None | Some("s")).then_some(target)
    };
    files_below(build).into_iter().filter_map(target).collect()
}

/// All files below `root`, as they are called there, sorted.
fn files_below(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_owned()]);
    while let Some(directory) = open.pop() {
        // One that cannot be read has nothing to tell.
        for entry in directory.read_dir_utf8().into_iter().flatten().flatten() {
            let is_directory = entry.file_type().is_ok_and(|it| it.is_dir());
            let path = entry.into_path();
            if is_directory {
                open.push(path);
            } else if let Ok(path) = path.strip_prefix(root) {
                found.push(path.to_owned());
            }
        }
    }
    found.sort();
    found
}
