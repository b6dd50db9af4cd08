//! `cargo klp makefile`, `man` and `schema`.

use std::io::{self, Write};

use camino::Utf8PathBuf;
use clap::{Args, Command};
use kbuild_glue::makefile::{KLP_MK, KLP_MK_NAME};

use crate::cli::{Klp, MakefileArgs, ManArgs, MessageFormat, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report::{self, done};
use crate::shell::Shell;

use super::install::InstallPlace;

/// What begins a comment in a manual page.
const ROFF_COMMENT: &str = ".\\\"";

pub(crate) fn run(
    arguments: &MakefileArgs,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let Some(directory) = &arguments.install else {
        format.expect_as_it_is("klp.mk")?;
        report::text(KLP_MK.as_bytes()).map_err(RunError::Print)?;
        return Ok(ExitStatus::Success);
    };
    let format = format.stream()?;
    let place = InstallPlace { directory, force: arguments.force };
    let path = place.write(KLP_MK_NAME, "#", KLP_MK.as_bytes())?;
    installed(&[path], format, shell)
}

/// `cargo klp schema`.
pub(crate) fn schema(format: MessageFormat) -> Result<ExitStatus, RunError> {
    format.expect_as_it_is("the JSON schema")?;
    let text = format!("{:#}\n", report::schema().as_value());
    report::text(text.as_bytes()).map_err(RunError::Print)?;
    Ok(ExitStatus::Success)
}

pub(crate) fn man(
    arguments: &ManArgs,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let mut all = command("cargo-klp").bin_name("cargo klp").disable_help_subcommand(true);
    all.build();
    let page = |command: &Command, name: &str| page(command, name).map_err(RunError::Print);
    let Some(directory) = &arguments.install else {
        format.expect_as_it_is("a manual page")?;
        report::text(&page(&all, "cargo-klp")?).map_err(RunError::Print)?;
        return Ok(ExitStatus::Success);
    };
    let format = format.stream()?;
    let place = InstallPlace { directory, force: arguments.force };
    let write = |name: &str, page: &[u8]| place.write(&format!("{name}.1"), ROFF_COMMENT, page);
    let mut paths = vec![write("cargo-klp", &page(&all, "cargo-klp")?)?];
    for subcommand in all.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let name = format!("cargo-klp-{}", subcommand.get_name());
        paths.push(write(&name, &page(subcommand, &name)?)?);
    }
    installed(&paths, format, shell)
}

/// A manual page. Its synopsis is the usage that `--help` has: one with all options has no room for their values.
fn page(command: &Command, name: &str) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command.clone().display_name(name.to_owned()));
    let man = man.title(name.to_uppercase());
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace('-', "\\-");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    writeln!(text, ".SH SYNOPSIS\n{usage}")?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if command.get_after_help().is_some() {
        man.render_extra_section(&mut text)?;
    }
    if command.get_version().is_some() {
        man.render_version_section(&mut text)?;
    }
    Ok(text)
}

/// The whole command line, as `cargo klp` has it.
fn command(name: &'static str) -> Command {
    Klp::augment_args(Command::new(name))
}

/// Names the files that were written.
fn installed(
    paths: &[Utf8PathBuf],
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    for path in paths {
        shell.status("Installed", path);
    }
    if format == StreamFormat::Json {
        let records = paths.iter().map(|path| done::DoneRecord::Installed { path: path.as_str() });
        report::records(records).map_err(RunError::Print)?;
    }
    Ok(ExitStatus::Success)
}
