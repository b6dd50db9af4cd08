//! What can be wrong with the parts of a kernel that somebody else built.

use camino::Utf8PathBuf;
use thiserror::Error;

/// Why a kernel that somebody else built cannot be patched.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StockError {
    /// Packages are not there.
    #[error("parts of the kernel {release} are missing: {}", list(.missing))]
    Missing {
        /// As `uname -r` says it.
        release: String,
        /// What is not there, and what was looked for.
        missing: Vec<String>,
        /// Commands that help.
        commands: Vec<String>,
    },
    /// No archive that apt knows has such a kernel.
    #[error("no archive that apt knows has the kernel {release}")]
    NoArchive {
        /// As `uname -r` says it.
        release: String,
        /// What helps.
        commands: Vec<String>,
    },
    /// The sources are those of another kernel.
    #[error("the sources in `{path}` are Linux {sources}, the kernel {release} is Linux {kernel}")]
    OtherSources {
        /// The sources.
        path: Utf8PathBuf,
        /// Their version.
        sources: String,
        /// As `uname -r` says it.
        release: String,
        /// The version that its headers state.
        kernel: String,
    },
    /// The tools of this machine changed what the kernel was configured with.
    #[error("make has changed `{path}`, which has to stay as the kernel's package has it")]
    Reconfigured {
        /// The file.
        path: Utf8PathBuf,
    },
    /// Make does not say how objects are made.
    #[error("make does not tell how the objects of this kernel are made")]
    NoCommands {
        /// Where its output is.
        log: Utf8PathBuf,
    },
    /// A patch touches what decides how objects are made, or which.
    #[error(
        "the patch changes `{path}`, and what follows from that is only known after a whole build"
    )]
    NeedsBuild {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A patch changes sizes or offsets that assembly is compiled with.
    #[error(
        "with the patch `{path}` states other sizes or offsets, which assembly is compiled with"
    )]
    Offsets {
        /// The file that states them.
        path: Utf8PathBuf,
    },
    /// What objects are compiled with is not there.
    #[error("to compile for {release}, this is missing: {}", list(.missing))]
    Tools {
        /// As `uname -r` says it.
        release: String,
        /// Programs, and headers of libraries.
        missing: Vec<String>,
        /// Commands that help.
        commands: Vec<String>,
    },
    /// The sources cannot be read.
    #[error("cannot read the sources in `{path}`")]
    Sources {
        /// Where they are.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program did not do its work.
    #[error("`{program}` failed: {message}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it said last.
        message: String,
    },
}

impl StockError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { commands, .. } if commands.is_empty() => None,
            Self::Missing { commands, .. } | Self::NoArchive { commands, .. } => {
                Some(commands.join("\n      "))
            }
            Self::Tools { release, commands, .. } => Some(format!(
                "on Debian and what comes from it: {}; `cargo klp doctor --stock={release}` tells the same of others",
                commands.join("; ")
            )),
            Self::OtherSources { kernel, .. } => {
                Some(format!("name the sources of Linux {kernel} of this distribution with -C"))
            }
            Self::Reconfigured { .. } | Self::NoCommands { .. } | Self::Offsets { .. } => {
                Some("build this kernel, and leave out --stock".to_owned())
            }
            Self::NeedsBuild { .. } => Some(
                "leave that file out of the patch, or build this kernel and leave out --stock"
                    .to_owned(),
            ),
            Self::Program { .. } | Self::Sources { .. } => None,
        }
    }
}

fn list(items: &[String]) -> String {
    items.join(", ")
}
