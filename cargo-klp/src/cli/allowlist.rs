//! `cargo klp allowlist`, and the option of the subcommands that obey the rules.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::TreeArgs;

/// Show which rule of the allowlist applies to which objects and functions
///
/// The functions are those of the original build that is kept, else of the build in the output
/// directory. Objects that Kbuild keeps objtool away from are listed too: they are compared, but cannot
/// be livepatched.
#[derive(Debug, Args)]
pub(crate) struct AllowlistArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

/// Which rules are obeyed.
#[derive(Debug, Clone, Args)]
pub(crate) struct RuleArgs {
    /// Take the rules about expected changes from this file [default: the first of klp.toml in the current directory,
    /// `rule` under `[workspace.metadata.klp]` of the Cargo.toml there, klp.toml in the output directory or in the
    /// source tree]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What to compare")]
    pub(crate) allowlist: Option<Utf8PathBuf>,
}
