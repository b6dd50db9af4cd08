//! One file for each subcommand.

mod build;
mod checksum;
mod diff;
mod rules;

use klp_core::diff::Changes;

use crate::cli::{Command, Klp};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::shell::Shell;

pub(crate) fn run(klp: &Klp, shell: &Shell) -> Result<ExitStatus, Error> {
    let format = klp.output.message_format;
    match &klp.command {
        Command::Build(arguments) => build::run(arguments, format, shell),
        Command::Checksum(arguments) => checksum::run(arguments, format, shell),
        Command::Diff(arguments) => diff::run(arguments, format, shell),
        Command::Rules => rules::run(format),
    }
}

/// Whether something in `changes` cannot be put into a livepatch as it is.
fn is_refused(changes: &Changes) -> bool {
    changes.summary.data_changed > 0 || changes.summary.refused > 0
}
