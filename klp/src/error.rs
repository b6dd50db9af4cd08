//! Why a run failed.

use camino::Utf8PathBuf;
use kbuild_glue::{BitcodeError, BuildError, ConfigError, JobsError, ObjectsError, TreeError};
use klp_core::ElfError;
use klp_core::check::CheckError;
use klp_core::kernel::KernelError;
use klp_core::manifest::ManifestError;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant says in its message what it is")]
#[non_exhaustive]
pub enum Error {
    #[error("failed to read {path}")]
    Read { path: Utf8PathBuf, source: std::io::Error },
    #[error("{path} is not a regular file")]
    NotRegular { path: Utf8PathBuf },
    #[error("failed to write {path}")]
    Write { path: Utf8PathBuf, source: std::io::Error },
    #[error("{path} exists and is not {what}")]
    Exists { path: Utf8PathBuf, what: &'static str },
    #[error("{path} is {what}, where a file is to be written")]
    NotAFile { path: Utf8PathBuf, what: &'static str },
    #[error("{first} and {second} would be one file: {path}")]
    Twice { path: Utf8PathBuf, first: &'static str, second: &'static str },
    #[error("cannot use the kernel that {manifest} names")]
    TreeOf { manifest: Utf8PathBuf, source: TreeError },
    #[error("cannot checksum {path}")]
    Object { path: Utf8PathBuf, source: ElfError },
    #[error("cannot use the checksum file {path}")]
    Manifest { path: Utf8PathBuf, source: ManifestError },
    #[error("cannot use the rules in {path}")]
    Allowlist { path: Utf8PathBuf, source: klp_core::allowlist::AllowlistError },
    #[error("not allowed by {path}: {functions}")]
    NotAllowed { path: Utf8PathBuf, functions: String },
    #[error("cannot use `metadata.klp` of {path}")]
    Metadata { path: Utf8PathBuf, source: serde_json::Error },
    #[error("cannot read the Cargo workspace of {path}")]
    Cargo { path: Utf8PathBuf, source: cargo_metadata::Error },
    #[error(
        "there is no directory for what is kept of this kernel: neither HOME nor XDG_CACHE_HOME is set"
    )]
    NoCache,
    #[error("cannot use the kernel image {path}")]
    Image { path: Utf8PathBuf, source: klp_core::image::ImageError },
    #[error("cannot make the package {path}")]
    Package { path: Utf8PathBuf, source: kbuild_glue::PackageError },
    #[error("the kernel in {path} has no build ID, by which a package knows it")]
    NoBuildId { path: Utf8PathBuf },
    #[error("the kernel has no module {name} in {directory}")]
    NoShippedModule { name: String, directory: Utf8PathBuf },
    #[error("cannot start threads")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Livepatch(#[from] klp_core::livepatch::LivepatchError),
    #[error("cannot judge the livepatch module")]
    Attest(#[from] klp_core::attest::AttestError),
    #[error("cannot finish the livepatch module")]
    Finish(#[from] klp_core::livepatch::FinishError),
    #[error("cannot check {path}")]
    Check { path: Utf8PathBuf, source: CheckError },
    #[error("cannot use {path}")]
    Kernel { path: Utf8PathBuf, source: KernelError },
    #[error(transparent)]
    Command(#[from] kbuild_glue::CmdFileError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Jobs(#[from] JobsError),
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    #[error(transparent)]
    Bitcode(#[from] BitcodeError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("there is no {path}: nothing was built with a patch")]
    NoResults { path: Utf8PathBuf },
    #[error("cannot use {path}")]
    Results { path: Utf8PathBuf, source: serde_json::Error },
    #[error("the versions of {object} that were compared are not there any more")]
    OtherObjects { object: Utf8PathBuf },
    #[error("there is no original kernel in {path}")]
    NoOriginal { path: Utf8PathBuf },
    #[error("cannot tell what was inlined in {path}")]
    Debug { path: Utf8PathBuf, source: klp_core::debug::DebugError },
    #[error(
        "nothing is known of {name}: no symbol and no debug information that was read names it as a function with code"
    )]
    NowhereInlined { name: String },
    #[error(
        "by the text of the sources, {count} objects can have something of {names}, more than {most}"
    )]
    TooManyUsers { names: String, count: String, most: usize },
    #[error("the kernel {release} has no object {object}")]
    NoShippedObject { object: Utf8PathBuf, release: String },
    #[error("a livepatch in {path} could not be loaded: the kernel has a module {name}")]
    NameTaken { path: Utf8PathBuf, name: String },
    #[error("no livepatch module is made at {path}: {why}")]
    NoLivepatch { path: Utf8PathBuf, why: String },
    #[error("{name} is no function that changed")]
    NotChanged { name: String },
    #[error("no {path}, which tells what the kernel exports")]
    NoSymvers { path: Utf8PathBuf },
}

impl Error {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { path, .. } if path.file_name() == Some("-") => Some(
                "only patches are read from standard input; `./-` is a file of that name".to_owned(),
            ),
            Self::NotRegular { .. } => Some("write what it has to a file, and name that".to_owned()),
            Self::Object { source, .. } => source.hint().map(str::to_owned),
            Self::Manifest { source: ManifestError::Version(_), .. } => {
                Some("make it again with this version: cargo klp checksum -o FILE OBJ".to_owned())
            }
            Self::NotAllowed { .. } => Some(
                "where a change is meant, add its function to `allow` of a rule for its object"
                    .to_owned(),
            ),
            Self::Exists { .. } => Some("name another file, or remove this one first".to_owned()),
            Self::NotAFile { .. } => Some("name a file".to_owned()),
            Self::Twice { .. } => Some("name another file for one of them".to_owned()),
            Self::Write { source, .. } if is_denied(source) => {
                Some("name a directory that you can write to with --target-dir".to_owned())
            }
            Self::Tree(error) => error.hint(),
            Self::TreeOf { manifest, .. } => Some(format!(
                "correct `kernel` and `output` under `metadata.klp` of {manifest}, or name a tree with -C"
            )),
            Self::Command(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::Jobs(error) => error.hint(),
            Self::Objects(error) => error.hint(),
            Self::Bitcode(error) => error.hint(),
            Self::Build(error) => error.hint(),
            Self::Check { source, .. } => source.hint().map(str::to_owned),
            Self::Kernel { source, .. } => Some(source.hint().to_owned()),
            Self::Package { source, .. } => source.hint(),
            Self::NoCache => Some("name a directory with --target-dir".to_owned()),
            Self::NoResults { .. } => Some("cargo klp build fix.patch writes it".to_owned()),
            Self::OtherObjects { .. } => Some("build again, then explain".to_owned()),
            Self::Results { .. } => Some("build again with this version".to_owned()),
            Self::NoOriginal { .. } => Some("cargo klp build makes it".to_owned()),
            Self::Debug { source, .. } => source.hint().map(str::to_owned),
            Self::TooManyUsers { .. } => Some(
                "name an object: --object fs/ext4/super.o; without --stock it needs debug information"
                    .to_owned(),
            ),
            Self::NoShippedObject { .. } => {
                Some("name an object as Kbuild does: --object fs/ext4/super.o".to_owned())
            }
            Self::NameTaken { .. } => Some("name another file with -o".to_owned()),
            Self::NoLivepatch { .. } => {
                Some("without -o, or with --no-module, this is no error".to_owned())
            }
            Self::NotChanged { .. } => {
                Some("without a name, all functions that changed are explained".to_owned())
            }
            Self::NoSymvers { .. } => {
                Some("`make modules` writes it; keep it in the output directory".to_owned())
            }
            _ => None,
        }
    }
}

fn is_denied(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}
