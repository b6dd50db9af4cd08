//! `cargo klp diff`.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::{CacheArgs, PageArgs, RuleArgs};

/// Name the functions that differ between two builds
///
/// Objects can be packed, as installed modules are (.ko.xz, .ko.zst, .ko.gz). Of two directories of installed modules,
/// /lib/modules/A and /lib/modules/B, modules of the same path are compared. With --stock it is two kernels that
/// somebody else built, by release; of the kernel itself is only told whether it is the same.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// An object, a checksum file, a build directory or a directory of installed modules; with --stock a release
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) original: Utf8PathBuf,
    /// The same of the patched build
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) patched: Utf8PathBuf,
    /// Compare two kernels that somebody else built; ORIGINAL and PATCHED are what `uname -r` says of them
    #[arg(long)]
    pub(crate) stock: bool,
    /// Look for the packages of the --stock kernels below this directory; named twice, for each of them [default: where
    /// `cargo klp stock get` put them, else /]
    #[arg(long, value_name = "DIR", requires = "stock", value_hint = ValueHint::DirPath)]
    pub(crate) sysroot: Vec<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}
