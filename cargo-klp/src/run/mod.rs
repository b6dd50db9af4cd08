//! One file for each subcommand.

mod allowlist;
mod build;
mod check;
mod checksum;
mod clean;
mod completions;
mod diff;
mod doctor;
mod dry_run;
mod events;
mod explain;
mod inlined;
mod install;
mod makefile;
mod page;
mod rules;
mod session;
mod stock_dry_run;
mod stock_tools;
mod trial;

use klp::{Original, Rules};
use klp_core::diff::Changes;

use crate::cli::{Command, Klp, MessageFormat, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report::{self, SourcesKnown, done};
use crate::shell::Shell;
use crate::words::count;

use events::show;

pub(crate) fn run(klp: &Klp, shell: &Shell) -> Result<ExitStatus, RunError> {
    let format = klp.output.message_format;
    let stream = || format.stream();
    match &klp.command {
        Command::Allowlist(arguments) => allowlist::run(arguments, stream()?, shell),
        Command::Build(arguments) => build::run(arguments, format, shell),
        Command::Check(arguments) => check::run(arguments, stream()?, shell),
        Command::Checksum(arguments) => checksum::run(arguments, stream()?, shell),
        Command::Clean(arguments) => clean::run(arguments, stream()?, shell),
        Command::Completions(arguments) => completions::run(arguments, format),
        Command::Diff(arguments) => diff::run(arguments, format, shell),
        Command::Doctor(arguments) => doctor::run(arguments, stream()?, shell),
        Command::Explain(arguments) => explain::run(arguments, stream()?, shell),
        Command::Inlined(arguments) => inlined::run(arguments, stream()?, shell),
        Command::Makefile(arguments) => makefile::run(arguments, format, shell),
        Command::Man(arguments) => makefile::man(arguments, format, shell),
        Command::Rules => rules::run(stream()?),
        Command::Stock(arguments) => stock_tools::run(arguments, stream()?, shell),
        Command::Schema => makefile::schema(format),
        Command::Try(arguments) => trial::run(arguments, stream()?, klp.output.verbosity(), shell),
    }
}

/// Prints the changes and says how the run ended; `unchanged` is the status when nothing changed.
fn finish(
    changes: &Changes,
    sources: SourcesKnown<'_>,
    rules: &Rules,
    unchanged: ExitStatus,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    report::changes(changes, sources, format).map_err(RunError::Print)?;
    report::summary(changes, shell);
    if let Some(error) = rules.broken(changes).map(RunError::from) {
        shell.error(&error, error.hint().as_deref());
        return Ok(error.exit_status());
    }
    Ok(if changes.module.is_some() {
        ExitStatus::Success
    } else if changes.summary.data_changed > 0 || changes.summary.refused > 0 {
        report::refused(changes, shell);
        ExitStatus::Refused
    } else if changes.is_empty() {
        unchanged
    } else {
        ExitStatus::Success
    })
}

/// Says that there is an original now, and no patch to compare it with.
fn finish_original(
    original: &Original<'_>,
    format: StreamFormat,
    shell: &Shell,
) -> Result<(), RunError> {
    let objects = original.objects();
    if format == StreamFormat::Json {
        let directory = original.root().as_str();
        let record = done::DoneRecord::Original { directory, objects };
        report::records([record]).map_err(RunError::Print)?;
    }
    shell.finished(format_args!("{}, no patch", count(objects, "object")));
    Ok(())
}
