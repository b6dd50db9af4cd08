//! The command line.

mod allowlist;
mod build;
mod cache;
mod check;
mod checksum;
mod diff;
mod doctor;
mod explain;
mod inlined;
mod makefile;
mod output;
mod stock;
mod tree;
mod trial;

use clap::{Parser, Subcommand};

pub(crate) use allowlist::{AllowlistArgs, RuleArgs};
pub(crate) use build::BuildArgs;
pub(crate) use cache::CacheArgs;
pub(crate) use check::CheckArgs;
pub(crate) use checksum::ChecksumArgs;
pub(crate) use diff::DiffArgs;
pub(crate) use doctor::{CleanArgs, DoctorArgs};
pub(crate) use explain::ExplainArgs;
pub(crate) use inlined::InlinedArgs;
pub(crate) use makefile::{CompletionsArgs, MakefileArgs, ManArgs};
pub(crate) use output::{Color, MessageFormat, OutputArgs, PageArgs, StreamFormat, Verbosity};
pub(crate) use stock::{StockArgs, StockCommand, StockGetArgs, StockProveArgs};
pub(crate) use tree::TreeArgs;
pub(crate) use trial::{Accel, TryArgs};

/// Cargo calls `cargo-klp klp …` for `cargo klp …`.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", styles = clap_cargo::style::CLAP_STYLING)]
pub(crate) enum Cargo {
    Klp(Klp),
}

/// Names exactly the functions that a patch changes in a Linux kernel.
#[derive(Debug, clap::Args)]
#[command(version, about, after_help = crate::exit::HELP)]
pub(crate) struct Klp {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Allowlist(AllowlistArgs),
    Build(BuildArgs),
    Check(CheckArgs),
    Checksum(ChecksumArgs),
    Clean(CleanArgs),
    Completions(CompletionsArgs),
    Diff(DiffArgs),
    Doctor(DoctorArgs),
    Explain(ExplainArgs),
    Inlined(InlinedArgs),
    Makefile(MakefileArgs),
    Man(ManArgs),
    /// List what checksums leave out, and why
    Rules,
    Stock(StockArgs),
    /// Print the JSON schema of the records that `--message-format json` prints
    Schema,
    Try(Box<TryArgs>),
}
