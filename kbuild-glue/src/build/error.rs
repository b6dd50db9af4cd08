//! What can go wrong with a build.

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use crate::baseline::BaselineError;
use crate::config::ConfigError;
use crate::make::MakeError;
use crate::mirror::MirrorError;
use crate::module::ModuleError;
use crate::objects::ObjectsError;
use crate::patch::PatchError;
use crate::stock::StockError;
use crate::tree::TreeError;

/// Why there is no build.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The mirror.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// Sources, configuration and tools.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// The patches.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// Make.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// The records of what was linked.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The livepatch module.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// A kernel that somebody else built.
    #[error(transparent)]
    Stock(#[from] StockError),
    /// Kbuild takes no such path.
    #[error(
        "Kbuild cannot build in `{path}`: it takes no {character:?} in the name of a directory"
    )]
    UnusablePath {
        /// The work directory.
        path: Utf8PathBuf,
        /// What is in the way.
        character: char,
    },
    /// Make would make the original in another way by now.
    #[error("`{object}` of the original was made by another command than make has for it now")]
    OtherEnvironment {
        /// The object.
        object: Utf8PathBuf,
    },
    /// A directory holds files of somebody else.
    #[error("`{path}` is not a directory of cargo-klp: `{found}` is in it")]
    NotOurs {
        /// The directory.
        path: Utf8PathBuf,
        /// A name in it.
        found: String,
    },
    /// What is in the work directory is somewhere else.
    #[error("`{path}` is a symlink, and a run would write to what it leads to")]
    Linked {
        /// The symlink.
        path: Utf8PathBuf,
    },
    /// A directory is no out-of-tree module.
    #[error("no module in `{path}`: neither Kbuild nor Makefile is there")]
    NoModule {
        /// The directory.
        path: Utf8PathBuf,
    },
    /// Modules cannot be built for a kernel.
    #[error("the kernel in `{path}` is not prepared for modules")]
    NotPrepared {
        /// The output directory.
        path: Utf8PathBuf,
    },
    /// A make that an earlier run left behind does not end.
    #[error("a make of an earlier run (process group {group}) still works in `{path}`")]
    Busy {
        /// The group.
        group: i32,
        /// The output directory.
        path: Utf8PathBuf,
    },
    /// We were told to stop.
    #[error("interrupted")]
    Interrupted,
    /// Somebody wrote to what only we write to.
    #[error("`{path}` was changed or removed by somebody else")]
    Altered {
        /// The file.
        path: Utf8PathBuf,
    },
    /// An object that was linked is not there.
    #[error("the build has no object `{path}`, though it was linked")]
    ObjectGone {
        /// The object.
        path: Utf8PathBuf,
    },
    /// The patches that were kept of the last build are gone, or others.
    #[error("the patches of the last build were removed or changed since")]
    PatchesGone,
    /// The file system refused.
    #[error("cannot use the work directory `{path}`")]
    Io {
        /// The file or directory.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl BuildError {
    /// What the file system said about `path`.
    pub(crate) fn io(path: &Utf8Path) -> impl Fn(std::io::Error) -> Self + Copy + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Tree(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::Mirror(error) => error.hint(),
            Self::Baseline(error) => error.hint(),
            Self::Patch(error) => error.hint(),
            Self::Make(error) => error.hint(),
            Self::Objects(error) => error.hint(),
            Self::Module(error) => error.hint(),
            Self::Stock(error) => error.hint(),
            Self::UnusablePath { .. } => Some("name a directory somewhere else with --target-dir".to_owned()),
            Self::OtherEnvironment { .. } => Some(
                "a variable of the environment, or what a Makefile reads outside of the sources, is not what it was: the next run \
                 makes the original again"
                    .to_owned(),
            ),
            Self::Linked { .. } => Some(
                "remove the symlink; --target-dir names another place for the whole directory"
                    .to_owned(),
            ),
            Self::NotOurs { .. } => Some(
                "name a new or an empty directory with --target-dir; if an earlier version of cargo-klp made \
                 this one, remove it"
                    .to_owned(),
            ),
            Self::NoModule { .. } => Some("name the directory whose Makefile has obj-m".to_owned()),
            Self::NotPrepared { path } => Some(format!(
                "build it, or at least run `make -C {path} modules_prepare`; or name another with -C"
            )),
            Self::Busy { group, .. } => Some(format!("wait for it, or end it: kill -- -{group}")),
            Self::Interrupted => Some("run again to go on from here".to_owned()),
            Self::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    Some("name a directory that you can write to with --target-dir".to_owned())
                }
                std::io::ErrorKind::StorageFull => Some("make room and run again".to_owned()),
                std::io::ErrorKind::InvalidData
                | std::io::ErrorKind::IsADirectory
                | std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::DirectoryNotEmpty => {
                    Some("`cargo klp clean` removes what is kept".to_owned())
                }
                _ => None,
            },
            Self::Altered { .. } => Some(
                "run `cargo klp build` again, which makes it anew, or `cargo klp clean` first".to_owned(),
            ),
            Self::PatchesGone => Some("build again, then explain".to_owned()),
            Self::ObjectGone { .. } => None,
        }
    }

    /// Whether it is the person who stopped the build.
    #[must_use]
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Make(MakeError::Interrupted { .. }))
    }
}
