//! What a livepatch module needs of Kbuild: touched objects compiled again, and the link.

mod compile;
mod lines;
mod link;
pub(crate) mod saved;
mod sign;
mod workshop;

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use crate::build::Workspace;
use crate::cmd_file::{CmdFileError, SavedCommand, cmd_path};

pub use compile::Recompiled;
pub(crate) use compile::with_sections;
pub use link::ModuleSources;
pub use sign::Signing;
pub use workshop::Workshop;

impl Workspace {
    /// The directory of what is made for a livepatch.
    #[must_use]
    pub fn module_path(&self) -> Utf8PathBuf {
        self.root.join("module")
    }
}

/// How `object` was made with the patches: as in the `original` build, unless it was made anew.
fn newest_command(
    original: &Utf8Path,
    patched: &Utf8Path,
    object: &Utf8Path,
) -> Result<SavedCommand, ModuleError> {
    let is_new = cmd_path(&patched.join(object)).exists();
    Ok(SavedCommand::of_target(if is_new { patched } else { original }, object)?)
}

/// Why there is no module.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// How an object was compiled is not recorded.
    #[error(transparent)]
    Command(#[from] CmdFileError),
    /// An object that no compiler of C or Rust made.
    #[error(
        "`{object}` was made neither from C nor from Rust, so its functions cannot be told from each other"
    )]
    NotCompiled {
        /// Relative to the output directory.
        object: Utf8PathBuf,
    },
    /// An object whose commands are not understood.
    #[error("`{object}` cannot be compiled again: {why}")]
    NotAgain {
        /// Relative to the output directory.
        object: Utf8PathBuf,
        /// What is not understood.
        why: String,
    },
    /// The kernel has no program that signs modules.
    #[error("no module can be signed: there is no `{path}`")]
    NoSignFile {
        /// Where it would be.
        path: Utf8PathBuf,
    },
    /// The program that signs modules did not.
    #[error("the module was not signed: {said}")]
    NotSigned {
        /// What it said.
        said: String,
    },
}

impl ModuleError {
    fn not_again(saved: &SavedCommand, why: &str) -> Self {
        Self::NotAgain { object: saved.target.clone(), why: why.to_owned() }
    }

    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Command(error) => error.hint(),
            Self::NotCompiled { .. } | Self::NotAgain { .. } => {
                Some("leave it out with --no-module, or change other code instead".to_owned())
            }
            Self::NoSignFile { .. } => Some(
                "the kernel makes it with CONFIG_MODULE_SIG=y; else sign the module with the sign-file of your \
                 distribution (Debian: package linux-kbuild-VERSION)"
                    .to_owned(),
            ),
            Self::NotSigned { .. } => Some(
                "name a private key as PEM and its X.509 certificate; KBUILD_SIGN_PIN has its passphrase"
                    .to_owned(),
            ),
        }
    }
}
