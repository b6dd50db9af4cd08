//! `cargo klp stock`.

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};

/// Get the packages of a kernel that somebody else built, and see how far it can be proven
#[derive(Debug, Args)]
pub(crate) struct StockArgs {
    #[command(subcommand)]
    pub(crate) command: StockCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StockCommand {
    Get(StockGetArgs),
    Prove(StockProveArgs),
}

/// Download and unpack the packages of a kernel, without installing them
///
/// On Debian and what comes from it, with apt; for others the commands are told.
#[derive(Debug, Args)]
pub(crate) struct StockGetArgs {
    /// What `uname -r` says on the machine that runs it [default: the running kernel]
    #[arg(value_name = "RELEASE")]
    pub(crate) release: Option<String>,
    /// Where to unpack the packages [default: cargo-klp/packages/RELEASE in the cache of the user, where --stock
    /// looks as well]
    #[arg(long, value_name = "DIR")]
    pub(crate) sysroot: Option<Utf8PathBuf>,
}

/// Compile objects of a kernel and prove that they are what it was linked from
#[derive(Debug, Args)]
pub(crate) struct StockProveArgs {
    /// Objects, such as `mm/slub.o`
    #[arg(value_name = "OBJECT")]
    pub(crate) objects: Vec<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) tree: super::TreeArgs,
    /// So many objects of vmlinux and of modules each, chosen at random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) sample: usize,
    /// Where the random choice starts
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Jobs at once, unless a parent make decides [default: number of processors]
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
}
