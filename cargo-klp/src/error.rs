//! Why a run failed, as the person reads it.

use camino::Utf8PathBuf;
use kbuild_glue::doctor::RustTargetError;
use kbuild_glue::{BuildError, JobsError, MakeError, ObjectsError, TreeError};
use klp_core::record::Failure;
use klp_vm::VmError;

use crate::exit::ExitStatus;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Klp(#[from] klp::Error),
    #[error(transparent)]
    RustTarget(#[from] RustTargetError),
    #[error("failed to print the results")]
    Print(#[source] std::io::Error),
    #[error("cannot compare {0} with {1}: one is a build directory and the other is not")]
    Mixed(Utf8PathBuf, Utf8PathBuf),
    #[error(
        "{format} is for what changed: only `cargo klp build` with a patch and `cargo klp diff` print it"
    )]
    OnlyChanges { format: &'static str },
    #[error("{what} is printed as it is, and not in another format (--message-format)")]
    OnlyAsItIs { what: &'static str },
    #[error(
        "--unproven is for a kernel that somebody else built (--stock), or a module outside of the tree"
    )]
    NothingToProve,
    #[error("the path of the current directory is not UTF-8")]
    CurrentDirectory,
    #[error(transparent)]
    Vm(#[from] VmError),
    #[error("{path} is a symlink to {file}, which is somewhere else")]
    LeadsElsewhere { path: Utf8PathBuf, file: String },
    #[error("{path} does not fit the kernel")]
    CheckFailed { path: Utf8PathBuf },
    #[error("the trial failed, see {log}")]
    TrialFailed { log: Utf8PathBuf },
}

impl From<BuildError> for RunError {
    fn from(error: BuildError) -> Self {
        Self::Klp(error.into())
    }
}

impl From<JobsError> for RunError {
    fn from(error: JobsError) -> Self {
        Self::Klp(error.into())
    }
}

impl From<ObjectsError> for RunError {
    fn from(error: ObjectsError) -> Self {
        Self::Klp(error.into())
    }
}

impl From<TreeError> for RunError {
    fn from(error: TreeError) -> Self {
        Self::Klp(error.into())
    }
}

impl RunError {
    /// What the person can do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Klp(error) => error.hint(),
            Self::Vm(error) => error.hint(),
            Self::LeadsElsewhere { .. } => Some("remove the symlink first".to_owned()),
            _ => None,
        }
    }

    /// The lines of make's output that tell why a build failed.
    pub(crate) fn details(&self) -> &[String] {
        match self {
            Self::Klp(klp::Error::Build(BuildError::Make(MakeError::Failed { tail, .. }))) => tail,
            _ => &[],
        }
    }

    /// What a program reads of it; none where the last record says it already, or the format is the mistake.
    pub(crate) fn record(&self) -> Option<Failure> {
        if matches!(
            self,
            Self::Klp(klp::Error::NotAllowed { .. })
                | Self::OnlyChanges { .. }
                | Self::CheckFailed { .. }
                | Self::TrialFailed { .. }
        ) {
            return None;
        }
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        Some(Failure {
            exit_status: self.exit_status().number(),
            message: self.to_string(),
            causes: causes.map(|cause| cause.to_string().trim_end().to_owned()).collect(),
            hint: self.hint(),
            details: self.details().to_vec(),
        })
    }

    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Klp(error) => status(error),
            Self::Vm(VmError::Interrupted) => ExitStatus::Interrupted,
            Self::OnlyChanges { .. } | Self::OnlyAsItIs { .. } | Self::NothingToProve => {
                ExitStatus::Usage
            }
            Self::Vm(error) if error.is_unsupported() => ExitStatus::Unsupported,
            _ => ExitStatus::Failure,
        }
    }
}

fn status(error: &klp::Error) -> ExitStatus {
    use klp::Error::{Build, Config, NoLivepatch, NotAllowed, Tree, TreeOf};
    match error {
        Build(error) if error.is_interrupt() => ExitStatus::Interrupted,
        Build(BuildError::Make(MakeError::Failed { .. })) => ExitStatus::BuildFailed,
        NotAllowed { .. } => ExitStatus::NotAllowed,
        NoLivepatch { .. } => ExitStatus::Refused,
        Tree(_)
        | TreeOf { .. }
        | Config(_)
        | Build(
            BuildError::Tree(_)
            | BuildError::Config(_)
            | BuildError::Stock(_)
            | BuildError::UnusablePath { .. }
            | BuildError::NotPrepared { .. },
        ) => ExitStatus::Unsupported,
        _ => ExitStatus::Failure,
    }
}
