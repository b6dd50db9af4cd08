//! `cargo klp makefile`, `completions` and `man`.

use std::io::Write;

use camino::Utf8Path;
use clap::{Args, Command};
use kbuild_glue::makefile::{KLP_MK, KLP_MK_NAME};

use crate::cli::{Completions, Klp, Makefile, Man};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;

use super::output;

pub(crate) fn run(arguments: &Makefile, shell: &Shell) -> Result<ExitStatus, Error> {
    match &arguments.install {
        None => report::text(KLP_MK.as_bytes()).map_err(Error::Print)?,
        Some(directory) => {
            write(&directory.join(KLP_MK_NAME), KLP_MK.as_bytes(), arguments.force, shell)?;
        }
    }
    Ok(ExitStatus::Success)
}

pub(crate) fn completions(arguments: &Completions) -> Result<ExitStatus, Error> {
    let mut command = Command::new("cargo-klp").subcommand(command("klp"));
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "cargo-klp", &mut script);
    report::text(&script).map_err(Error::Print)?;
    Ok(ExitStatus::Success)
}

pub(crate) fn man(arguments: &Man, shell: &Shell) -> Result<ExitStatus, Error> {
    let mut all = command("cargo-klp").bin_name("cargo klp").disable_help_subcommand(true);
    all.build();
    let page = |command: &Command, name: &str| -> Result<Vec<u8>, Error> {
        let mut text = Vec::new();
        let man = clap_mangen::Man::new(command.clone().display_name(name.to_owned()));
        man.title(name.to_uppercase()).render(&mut text).map_err(Error::Print)?;
        Ok(text)
    };
    let Some(directory) = &arguments.install else {
        report::text(&page(&all, "cargo-klp")?).map_err(Error::Print)?;
        return Ok(ExitStatus::Success);
    };
    write(&directory.join("cargo-klp.1"), &page(&all, "cargo-klp")?, arguments.force, shell)?;
    for subcommand in all.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let name = format!("cargo-klp-{}", subcommand.get_name());
        let page = page(subcommand, &name)?;
        write(&directory.join(format!("{name}.1")), &page, arguments.force, shell)?;
    }
    Ok(ExitStatus::Success)
}

/// The whole command line, as `cargo klp` has it.
fn command(name: &'static str) -> Command {
    Klp::augment_args(Command::new(name))
}

fn write(path: &Utf8Path, text: &[u8], force: bool, shell: &Shell) -> Result<(), Error> {
    if let Some(directory) = path.parent() {
        fs_err::create_dir_all(directory)
            .map_err(|source| Error::Write { path: directory.to_owned(), source })?;
    }
    if !force {
        let is_ours = |start: &[u8]| String::from_utf8_lossy(start).contains("cargo-klp");
        output::expect_free(path, is_ours, "written by cargo-klp")?;
    }
    report::replace_file(path, |file| file.write_all(text))?;
    shell.status("Installed", path);
    Ok(())
}
