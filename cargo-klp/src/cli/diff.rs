//! `cargo klp diff`.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::{CacheArgs, RuleArgs};

/// Name the functions that differ between two builds
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// An object, a checksum file or a build directory
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) original: Utf8PathBuf,
    /// The same of the patched build
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) patched: Utf8PathBuf,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}
