//! `cargo klp check`.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::TreeArgs;

/// Check a livepatch module against the kernel that it is for
///
/// Every livepatch symbol has to resolve to exactly one address, version and checksums have to fit,
/// what the module imports has to be exported, and relocation and special sections have to be well
/// formed.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The livepatch module
    #[arg(value_name = "KO", value_hint = ValueHint::FilePath)]
    pub(crate) livepatch: Utf8PathBuf,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Check against this kernel [default: vmlinux in the output directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Kernel")]
    pub(crate) vmlinux: Option<Utf8PathBuf>,
}
