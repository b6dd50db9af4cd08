//! The exit status, as a contract.

use std::process::ExitCode;

/// How a run ended. The numbers never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Done.
    Success = 0,
    /// Something failed that has no number of its own.
    Failure = 1,
    /// The command line asks for what there is not. Clap ends with the same number.
    Usage = 2,
    /// A patch was given and nothing changed.
    NothingChanged = 3,
    /// Changed data, or code that cannot be compared or patched.
    Refused = 4,
    /// A change that the allowlist does not allow.
    NotAllowed = 5,
    /// The tree or its configuration is not supported.
    Unsupported = 96,
    /// The kernel build failed.
    BuildFailed = 101,
    /// Stopped by Ctrl-C or SIGTERM.
    Interrupted = 130,
}

impl ExitStatus {
    /// What the program ends with.
    pub(crate) fn number(self) -> u8 {
        self as u8
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.number())
    }
}

/// What `--help` says about it.
pub(crate) const HELP: &str = "\
Exit status:
    0  done
    1  failed
    2  wrong usage
    3  a patch was given and nothing changed
    4  refused: changed data, or code that cannot be compared or patched
    5  a change that the allowlist does not allow
   96  the tree or its configuration is not supported
  101  the kernel build failed
  130  interrupted";
