//! The difference between two revisions of a git tree.

use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Patch, PatchError, PatchSet};

impl PatchSet {
    /// What `range` (`A..B`, or one commit for what it changes) does to the git tree at `source`.
    ///
    /// It is applied to the files that are there, which should be those of `A`.
    pub fn of_revisions(source: &Utf8Path, range: &str) -> Result<Self, PatchError> {
        let (from, to) = match range.split_once("..") {
            Some((from, to)) => (from.to_owned(), to.to_owned()),
            None => (format!("{range}^"), range.to_owned()),
        };
        let bytes = diff(source, range, &from, &to)?;
        Ok(Self::new(vec![Patch::parse(&bytes, &Utf8PathBuf::from(range))?]))
    }
}

fn diff(source: &Utf8Path, range: &str, from: &str, to: &str) -> Result<Vec<u8>, PatchError> {
    let failed = |message: String| PatchError::Git { range: range.to_owned(), message };
    // Anything else would be an option, or no range of two revisions.
    if [from, to].iter().any(|name| name.is_empty() || name.starts_with(['-', '.'])) {
        return Err(failed("it is not of the form A..B".to_owned()));
    }
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"] {
        command.env_remove(name);
    }
    // The user's own settings must not reach what we parse.
    let output = command
        .args(["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames"])
        .args(["--relative", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3"])
        .args(["--submodule=short", "--end-of-options", from, to, "--"])
        .current_dir(source)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()));
    }
    Ok(output.stdout)
}
