//! `cargo klp`: builds a Linux kernel before and after a patch and names exactly the functions that
//! changed.

mod cache;
mod cli;
mod environment;
mod error;
mod exit;
mod kept;
mod kernel;
mod objects;
mod operand;
mod origins;
mod place;
mod progress;
mod report;
mod rules;
mod run;
mod settings;
mod shell;
mod shipped;
mod signals;
mod source;
mod stamp;

use std::process::ExitCode;

use clap::Parser;

use cli::Cargo;
use shell::Shell;

fn main() -> ExitCode {
    let Cargo::Klp(klp) = Cargo::parse();
    let shell = Shell::new(klp.output.verbosity(), klp.output.color, klp.output.message_format);
    match run::run(&klp, &shell) {
        Ok(status) => status.into(),
        Err(error) => {
            error.details().iter().for_each(|line| shell.plain(line));
            shell.error(&error, error.hint().as_deref());
            error.exit_status().into()
        }
    }
}
