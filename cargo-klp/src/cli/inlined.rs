//! `cargo klp inlined`.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::TreeArgs;

/// Tell where functions have gone: inlined, cloned, merged, called
///
/// Debug information and symbols tell it, of any compiler and with LTO. Without a file, of the original kernel of the last
/// `build`: objects whose sources use the function are compiled again with debug information, beside the build. With --stock, of
/// a kernel as it was shipped: objects are compiled from its sources, proven to be what it was linked from, and compiled
/// again.
#[derive(Debug, Args)]
pub(crate) struct InlinedArgs {
    /// Functions, by the name in the source, by symbol or by Rust path
    #[arg(value_name = "FUNCTION", required = true)]
    pub(crate) functions: Vec<String>,
    /// An object, a module or a kernel with debug information; with --stock an object of that kernel, such as
    /// fs/ext4/super.o [default: those of the kernel whose sources use the function]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) object: Option<Utf8PathBuf>,
    /// Print a list for other programs: what, symbol and object, with tabs between
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
}
