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

pub(crate) use allowlist::{Allowlist, RuleArgs};
pub(crate) use build::Build;
pub(crate) use cache::CacheArgs;
pub(crate) use check::Check;
pub(crate) use checksum::Checksum;
pub(crate) use diff::Diff;
pub(crate) use doctor::{Clean, Doctor};
pub(crate) use explain::Explain;
pub(crate) use inlined::Inlined;
pub(crate) use makefile::{Completions, Makefile, Man};
pub(crate) use output::{Color, MessageFormat, Output, PageArgs, StreamFormat, Verbosity};
pub(crate) use stock::{Stock, StockCommand, StockGet, StockProve};
pub(crate) use tree::TreeArgs;
pub(crate) use trial::{Accel, Try};

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
    pub(crate) output: Output,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Allowlist(Allowlist),
    Build(Build),
    Check(Check),
    Checksum(Checksum),
    Clean(Clean),
    Completions(Completions),
    Diff(Diff),
    Doctor(Doctor),
    Explain(Explain),
    Inlined(Inlined),
    Makefile(Makefile),
    Man(Man),
    /// List what checksums leave out, and why
    Rules,
    Stock(Stock),
    /// Print the JSON schema of the records that `--message-format json` prints
    Schema,
    Try(Box<Try>),
}
