//! `cargo klp checksum`.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::output::output_file;
use super::{CacheArgs, RuleArgs};

/// Checksum every function of object files
#[derive(Debug, Args)]
pub(crate) struct ChecksumArgs {
    /// Objects: .o and .ko files, vmlinux.o
    #[arg(value_name = "OBJ", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) objects: Vec<Utf8PathBuf>,
    /// Write a checksum file for `cargo klp diff` instead of printing
    #[arg(short, long, value_name = "FILE", value_parser = output_file, value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<Utf8PathBuf>,
    /// Replace FILE whatever it is, not only a checksum file
    #[arg(short, long, requires = "output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}
