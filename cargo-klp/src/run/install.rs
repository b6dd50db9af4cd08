//! Files that are installed for other programs. The first line of each has the digest of the rest: one that somebody edited
//! since is not replaced.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::tree::resolved;
use klp::output;

use crate::error::RunError;

/// What stands between the sign of a comment and the digest.
const SEAL: &str = " Written by cargo-klp. An edited file is not replaced: ";

/// Where files go, and what may be replaced there.
pub(super) struct InstallPlace<'a> {
    pub(super) directory: &'a Utf8Path,
    /// Files that are not ours, too.
    pub(super) force: bool,
}

impl InstallPlace<'_> {
    /// Writes `text` to the file `name`, in whose format `comment` begins a comment. Returns its path.
    pub(super) fn write(
        &self,
        name: &str,
        comment: &str,
        text: &[u8],
    ) -> Result<Utf8PathBuf, RunError> {
        let path = self.directory.join(name);
        fs_err::create_dir_all(self.directory)
            .map_err(|source| klp::Error::Write { path: self.directory.to_owned(), source })?;
        let is_ours = |there: &[u8]| there == text || is_sealed(there, comment);
        if let Err(error) = output::expect_free(&path, is_ours, "written by cargo-klp") {
            if !self.force || !matches!(error, klp::Error::Exists { .. }) {
                return Err(error.into());
            }
            self.expect_inside(&path)?;
        }
        let seal = format!("{comment}{SEAL}{}\n", blake3::hash(text).to_hex());
        output::replace(&path, |file| {
            file.write_all(seal.as_bytes())?;
            file.write_all(text)
        })?;
        Ok(path)
    }

    /// Whether the file is in the directory that was named, not where a link leads.
    fn expect_inside(&self, path: &Utf8Path) -> Result<(), RunError> {
        let failed = |source| klp::Error::Write { path: path.to_owned(), source };
        let file = fs_err::canonicalize(path).map_err(failed)?;
        let directory = resolved(self.directory).map_err(klp::Error::from)?;
        if file.starts_with(&directory) {
            return Ok(());
        }
        Err(RunError::LeadsElsewhere { path: path.to_owned(), file: file.display().to_string() })
    }
}

/// Whether `there` begins with the digest of the rest.
fn is_sealed(there: &[u8], comment: &str) -> bool {
    let start = format!("{comment}{SEAL}");
    let rest = there.strip_prefix(start.as_bytes());
    let halves = rest.and_then(|rest| rest.split_first_chunk::<{ blake3::OUT_LEN * 2 }>());
    halves.is_some_and(|(seal, rest)| {
        let text = rest.strip_prefix(b"\n");
        text.is_some_and(|text| blake3::hash(text).to_hex().as_bytes() == seal)
    })
}
