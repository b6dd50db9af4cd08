//! `cargo klp makefile`, `man` and `schema`.

use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Command};
use kbuild_glue::makefile::{KLP_MK, KLP_MK_NAME};
use klp::output;

use crate::cli::{Klp, MakefileArgs, ManArgs, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report::{self, done};
use crate::shell::Shell;

pub(crate) fn run(
    arguments: &MakefileArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let Some(directory) = &arguments.install else {
        report::text(KLP_MK.as_bytes()).map_err(RunError::Print)?;
        return Ok(ExitStatus::Success);
    };
    let path = directory.join(KLP_MK_NAME);
    write(&path, KLP_MK.as_bytes(), arguments.force)?;
    installed(&[path], format, shell)
}

/// `cargo klp schema`.
pub(crate) fn schema() -> Result<ExitStatus, RunError> {
    let text = format!("{:#}\n", report::schema().as_value());
    report::text(text.as_bytes()).map_err(RunError::Print)?;
    Ok(ExitStatus::Success)
}

pub(crate) fn man(
    arguments: &ManArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let mut all = command("cargo-klp").bin_name("cargo klp").disable_help_subcommand(true);
    all.build();
    let page = |command: &Command, name: &str| page(command, name).map_err(RunError::Print);
    let Some(directory) = &arguments.install else {
        report::text(&page(&all, "cargo-klp")?).map_err(RunError::Print)?;
        return Ok(ExitStatus::Success);
    };
    let mut paths = vec![directory.join("cargo-klp.1")];
    write(&directory.join("cargo-klp.1"), &page(&all, "cargo-klp")?, arguments.force)?;
    for subcommand in all.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let name = format!("cargo-klp-{}", subcommand.get_name());
        let page = page(subcommand, &name)?;
        let path = directory.join(format!("{name}.1"));
        write(&path, &page, arguments.force)?;
        paths.push(path);
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

fn write(path: &Utf8Path, text: &[u8], force: bool) -> Result<(), RunError> {
    if let Some(directory) = path.parent() {
        fs_err::create_dir_all(directory)
            .map_err(|source| klp::Error::Write { path: directory.to_owned(), source })?;
    }
    if !force {
        let is_ours = |start: &[u8]| String::from_utf8_lossy(start).contains("cargo-klp");
        output::expect_free(path, is_ours, "written by cargo-klp")?;
    }
    Ok(output::replace(path, |file| file.write_all(text))?)
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
