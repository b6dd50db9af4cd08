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
mod external;
mod left_out;
mod makefile;
mod module;
mod opinion;
mod output;
mod rules;
mod session;
mod sources;
mod stock;
mod stock_tools;
mod trial;

use camino::Utf8Path;
use kbuild_glue::{BuildEvent, Config, NonStandard, Tree};
use klp_core::diff::Changes;

use crate::cli::{Command, Klp, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report::{self, done};
use crate::rules::Rules;
use crate::shell::Shell;
use crate::words::count;

pub(crate) fn run(klp: &Klp, shell: &Shell) -> Result<ExitStatus, Error> {
    let format = klp.output.message_format;
    match &klp.command {
        Command::Allowlist(arguments) => allowlist::run(arguments, format, shell),
        Command::Build(arguments) => build::run(arguments, format, shell),
        Command::Check(arguments) => check::run(arguments, format, shell),
        Command::Checksum(arguments) => checksum::run(arguments, format, shell),
        Command::Clean(arguments) => clean::run(arguments, format, shell),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Diff(arguments) => diff::run(arguments, format, shell),
        Command::Doctor(arguments) => doctor::run(arguments, format, shell),
        Command::Makefile(arguments) => makefile::run(arguments, format, shell),
        Command::Man(arguments) => makefile::man(arguments, format, shell),
        Command::Rules => rules::run(format),
        Command::Stock(arguments) => stock_tools::run(arguments, format, shell),
        Command::Schema => makefile::schema(),
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
    directory: &Utf8Path,
    objects: usize,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    if format == MessageFormat::Json {
        let record = done::Record::Original { directory: directory.as_str(), objects };
        report::records([record]).map_err(Error::Print)?;
    }
    shell.finished(format_args!("{}, no patch", count(objects, "object")));
    Ok(ExitStatus::Success)
}

fn show(event: BuildEvent, shell: &Shell) {
    match event {
        BuildEvent::Status { verb, message } => shell.status(verb, message),
        BuildEvent::Objects { paths } => shell.progress().expect(paths),
        BuildEvent::Step { verb, target } => shell.progress().step(&verb, &target),
        BuildEvent::Waiting { reason } => shell.status("Waiting", reason),
        BuildEvent::Note { message } => shell.warning(message),
        _ => {}
    }
}

/// Results of an earlier run must not be taken for those of this one.
fn remove(path: &Utf8Path) -> Result<(), Error> {
    match fs_err::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Names changed functions in objects that objtool is kept away from: those cannot be livepatched.
/// `source` has the Makefiles of the objects.
fn refuse_non_standard(changes: &mut Changes, source: &Utf8Path, tree: &Tree) -> Result<(), Error> {
    let config = Config::read(&tree.config_path())?;
    let mut non_standard = NonStandard::new(source, &config);
    let why = "cannot be livepatched: objtool does not check its object";
    changes.refuse("OBJECT_FILES_NON_STANDARD", why, |function| {
        non_standard.contains(Utf8Path::new(&function.object))
    });
    Ok(())
}
