//! What a livepatch module needs of Kbuild: touched objects compiled again, and the link.

mod compile;
mod link;
mod saved;

use camino::Utf8PathBuf;
use thiserror::Error;

use crate::cmd_file::CmdFileError;

pub use link::ModuleSources;

/// Why there is no module.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// How an object was compiled is not recorded.
    #[error(transparent)]
    Command(#[from] CmdFileError),
    /// An object that a C compiler did not make.
    #[error("`{object}` was not made from C, so its functions cannot be told from each other")]
    NotFromC {
        /// Relative to the output directory.
        object: Utf8PathBuf,
    },
}

impl ModuleError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Command(error) => error.hint(),
            Self::NotFromC { .. } => {
                Some("leave it out with --no-module, or change C code instead".to_owned())
            }
        }
    }
}
