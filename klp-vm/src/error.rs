//! Why a livepatch could not be tried.

use camino::Utf8PathBuf;
use kbuild_glue::{ConfigError, ObjectsError};
use klp_core::ElfError;
use thiserror::Error;

use crate::arch;

/// Why a livepatch could not be tried. A livepatch that was tried and failed is no error of this kind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VmError {
    /// A program is missing.
    #[error("cannot run {program}")]
    Program {
        /// Its name or path.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Busybox is missing.
    #[error("no busybox for the guest")]
    NoBusybox,
    /// Busybox needs libraries, which the guest does not have.
    #[error("`{path}` is dynamically linked")]
    DynamicBusybox {
        /// The program.
        path: Utf8PathBuf,
    },
    /// The kernel image is missing.
    #[error("no kernel image at `{path}`")]
    NoImage {
        /// Where it should be.
        path: Utf8PathBuf,
    },
    /// The kernel cannot do what a trial needs.
    #[error("the kernel is built without {option}: {why}")]
    Option {
        /// For example `CONFIG_BLK_DEV_INITRD`.
        option: &'static str,
        /// What it is needed for.
        why: &'static str,
    },
    /// A module was not built.
    #[error("the kernel has no module `{name}`")]
    NoModule {
        /// Its name.
        name: String,
    },
    /// A file is not a module.
    #[error("cannot use the module `{path}`")]
    Module {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        source: ElfError,
    },
    /// A module is not a livepatch.
    #[error("`{path}` is not a livepatch: its .modinfo does not say `livepatch=Y`")]
    NotLivepatch {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The configuration cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The modules cannot be listed.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// QEMU ended before the guest said anything.
    #[error("QEMU did not start the guest: {message}")]
    NotStarted {
        /// What it printed last.
        message: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refused something else.
    #[error("cannot talk to the guest")]
    Io(#[source] std::io::Error),
    /// Stopped by the caller.
    #[error("interrupted")]
    Interrupted,
}

impl VmError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Program { program, .. } if program.contains("qemu") => {
                format!("install QEMU, on Debian the package {}", arch::QEMU_PACKAGE)
            }
            Self::NoBusybox | Self::DynamicBusybox { .. } => {
                "install a static busybox, on Debian the package busybox-static, or name one with \
                 --busybox"
                    .to_owned()
            }
            Self::NoImage { .. } => {
                format!(
                    "build it with `make {}` (and the same O=) or with `cargo klp build`, or name one \
                     with --kernel",
                    arch::IMAGE_TARGET
                )
            }
            Self::Option { option, .. } => {
                format!("set {option}=y in the .config and build the kernel again")
            }
            Self::NoModule { .. } => {
                "name a module as `make modules` has built it, for example ext4".to_owned()
            }
            Self::Module { source, .. } => return source.hint().map(str::to_owned),
            Self::NotLivepatch { .. } => {
                "name a module that `cargo klp build` has written; other modules are put into the \
                 guest with --module"
                    .to_owned()
            }
            Self::Config(error) => return error.hint(),
            Self::Objects(error) => return error.hint(),
            _ => return None,
        })
    }

    /// Whether the tree or its configuration is what is wrong.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Option { .. } | Self::Config(_))
    }
}
