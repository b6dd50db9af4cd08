//! One file for each subcommand.

mod allowlist;
mod build;
mod check;
mod checksum;
mod diff;
mod module;
mod rules;
mod trial;

use klp_core::diff::Changes;

use crate::cli::{Command, Klp, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report;
use crate::rules::Rules;
use crate::shell::Shell;

pub(crate) fn run(klp: &Klp, shell: &Shell) -> Result<ExitStatus, Error> {
    let format = klp.output.message_format;
    match &klp.command {
        Command::Allowlist(arguments) => allowlist::run(arguments, format, shell),
        Command::Build(arguments) => build::run(arguments, format, shell),
        Command::Check(arguments) => check::run(arguments, format, shell),
        Command::Checksum(arguments) => checksum::run(arguments, format, shell),
        Command::Diff(arguments) => diff::run(arguments, format, shell),
        Command::Rules => rules::run(format),
        Command::Try(arguments) => trial::run(arguments, format, klp.output.verbosity(), shell),
    }
}

/// Prints the changes and says how the run ended; `unchanged` is the status when nothing changed.
fn finish(
    changes: &Changes,
    rules: &Rules,
    unchanged: ExitStatus,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    report::changes(changes, format).map_err(Error::Print)?;
    report::summary(changes, shell);
    if let Some(error) = rules.broken(changes) {
        shell.error(&error, error.hint().as_deref());
        return Ok(error.exit_status());
    }
    Ok(if changes.module.is_some() {
        ExitStatus::Success
    } else if changes.summary.data_changed > 0 || changes.summary.refused > 0 {
        ExitStatus::Refused
    } else if changes.is_empty() {
        unchanged
    } else {
        ExitStatus::Success
    })
}
