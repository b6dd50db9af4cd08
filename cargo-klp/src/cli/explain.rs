//! `cargo klp explain`.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::{CacheArgs, TreeArgs};

/// Show why and in what functions changed, instruction by instruction
///
/// Without files, the functions that the last `build` found changed, with the hunks of the patches that reach them, the
/// hunks that reached none, and in which members data differ. Operands are shown as checksums see them: by symbols, and by the content of strings and
/// constants. What checksums leave out has the name of its rule.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Functions, by symbol or Rust path, and data, by symbol [default: all that changed]
    #[arg(value_name = "NAME")]
    pub(crate) functions: Vec<String>,
    /// An object before the change: a .o or .ko file, vmlinux.o
    #[arg(long, value_name = "FILE", requires = "patched", value_hint = ValueHint::FilePath)]
    pub(crate) original: Option<Utf8PathBuf>,
    /// The same object after it
    #[arg(long, value_name = "FILE", requires = "original", value_hint = ValueHint::FilePath)]
    pub(crate) patched: Option<Utf8PathBuf>,
    /// Show so many instructions that are the same around each that differs
    #[arg(short = 'U', long, value_name = "N", default_value_t = 3)]
    pub(crate) context: usize,
    /// Show no source lines and no reasons, for which objects may have to be compiled again
    #[arg(long)]
    pub(crate) no_source: bool,
    /// Do not start a pager on a terminal: `CARGO_KLP_PAGER`, `GIT_PAGER`, `PAGER`, or less
    #[arg(long)]
    pub(crate) no_pager: bool,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}
