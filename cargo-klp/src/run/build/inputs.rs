//! What leads from the original to the patched kernel: revisions and patches.

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildError, Patch, PatchError, PatchSet, Revisions};

use crate::cli;
use crate::error::RunError;

/// Names standard input among the patches.
const STANDARD_INPUT: &str = "-";

/// The two states of the git tree that the arguments name.
pub(super) fn revisions(
    arguments: &cli::BuildArgs,
    source: &Utf8Path,
) -> Result<Option<Revisions>, PatchError> {
    if arguments.worktree {
        return Ok(Some(Revisions::of_work_tree(source)));
    }
    arguments.rev.as_ref().map(|range| Revisions::of_range(source, range)).transpose()
}

/// What leads from one of `revisions` to the other, then the patches in the files.
pub(super) fn patches(
    revisions: Option<&Revisions>,
    paths: &[Utf8PathBuf],
) -> Result<PatchSet, RunError> {
    let first = revisions.map(Revisions::patch).transpose().map_err(BuildError::from)?;
    let mut all = PatchSet::new(first.into_iter().collect());
    for path in paths {
        let next = match path.as_str() {
            STANDARD_INPUT => PatchSet::new(vec![standard_input()?]),
            _ => PatchSet::read(&[path]).map_err(BuildError::from)?,
        };
        all = all.and(next);
    }
    Ok(all)
}

/// The patch that another program writes to us.
fn standard_input() -> Result<Patch, RunError> {
    let path = Utf8Path::new("standard input");
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|source| klp::Error::Read { path: path.to_owned(), source })?;
    Ok(Patch::unpack(&bytes, path).map_err(BuildError::from)?)
}
