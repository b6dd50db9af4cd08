//! `cargo klp doctor` and `clean`.

use clap::Args;

use super::TreeArgs;

/// Check tree, configuration and tools, and say how to fix what is missing
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Make variables of the build, such as LLVM=1
    #[arg(value_name = "VAR=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<String>,
    /// Print a patch for the kernel's sources with which rustc 1.98 and later make calls of __fentry__, so that
    /// functions of Rust can be replaced (with KRUSTFLAGS=-Zinstrument-mcount=fentry), and check nothing
    #[arg(long)]
    pub(crate) fix_rust_target: bool,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
}

/// Remove what is kept for builds: the mirror, both builds, their logs and the results
#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Only say what would be removed
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

fn variable(text: &str) -> Result<String, String> {
    if super::build::is_variable(text) {
        Ok(text.to_owned())
    } else {
        Err("no variable".to_owned())
    }
}
