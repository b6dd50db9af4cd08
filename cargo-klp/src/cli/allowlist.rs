//! `cargo klp allowlist`, and the option of the subcommands that obey the rules.

use camino::Utf8PathBuf;
use clap::Args;

use super::TreeArgs;

/// Show which rule of the allowlist applies to which objects and functions
///
/// The functions are those of the original build that is kept, else of the build in the output
/// directory. Objects that Kbuild keeps objtool away from are listed too: they are compared, but cannot
/// be livepatched.
#[derive(Debug, Args)]
pub(crate) struct Allowlist {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

/// Which rules are obeyed.
#[derive(Debug, Clone, Args)]
pub(crate) struct RuleArgs {
    /// Rules about objects and functions [default: klp.toml here, `rule` under
    /// `[workspace.metadata.klp]` of the Cargo.toml here, klp.toml in the output directory or in the
    /// source tree, whichever is found first]
    #[arg(long, value_name = "FILE")]
    pub(crate) allowlist: Option<Utf8PathBuf>,
}
