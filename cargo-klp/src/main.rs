//! `cargo klp`: builds a Linux kernel before and after a patch and names exactly the functions that
//! changed.

mod cli;
mod environment;
mod error;
mod exit;
mod printable;
mod progress;
mod report;
mod run;
mod shell;
mod signals;
mod usage;
mod words;

use std::process::ExitCode;

use cli::Cargo;
use shell::Shell;

fn main() -> ExitCode {
    let Cargo::Klp(klp) = usage::parse();
    let shell = Shell::new(klp.output.verbosity(), klp.output.color, klp.output.message_format);
    match run::run(&klp, &shell) {
        Ok(status) => status.into(),
        Err(error) => {
            error.details().iter().for_each(|line| shell.plain(line));
            shell.error(&error, error.hint().as_deref());
            if let Some(record) = error.record() {
                // Where nothing can be printed, standard error and the exit status have said it.
                let _ = report::failure(record, klp.output.message_format);
            }
            error.exit_status().into()
        }
    }
}
