//! `cargo klp completions`: for `cargo klp` as well as for `cargo-klp klp`.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::cli::{CompletionsArgs, Klp, MessageFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;

/// What has the shells ask us where cargo is completed.
const BASH: &str = include_str!("cargo.bash");
const ZSH: &str = include_str!("cargo.zsh");
const FISH: &str = include_str!("cargo.fish");

pub(crate) fn run(
    arguments: &CompletionsArgs,
    format: MessageFormat,
) -> Result<ExitStatus, RunError> {
    format.expect_as_it_is("a script for a shell")?;
    report::text(script(arguments.shell).as_bytes()).map_err(RunError::Print)?;
    Ok(ExitStatus::Success)
}

fn script(shell: Shell) -> String {
    let klp = || Klp::augment_args(Command::new("klp"));
    let whole = || generated(shell, Command::new("cargo-klp").subcommand(klp()), "cargo-klp");
    match shell {
        // clap's function for the words behind `klp`, without the lines that have the shell call it: ours do.
        Shell::Bash => {
            let text = generated(shell, klp(), "cargo_klp");
            before(&text, "\nif [[ \"${BASH_VERSINFO").to_owned() + BASH
        }
        Shell::Zsh => {
            let text = generated(shell, klp(), "cargo-klp-klp");
            let functions = before(&text, "\nif [ \"$funcstack");
            let functions = functions.trim_start_matches("#compdef cargo-klp-klp\n");
            format!("#compdef cargo-klp\n{functions}{ZSH}")
        }
        Shell::Fish => whole() + FISH,
        _ => whole(),
    }
}

/// What of `text` stands before `end`.
fn before<'t>(text: &'t str, end: &str) -> &'t str {
    text.rsplit_once(end).map_or(text, |(before, _)| before)
}

fn generated(shell: Shell, mut command: Command, name: &str) -> String {
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
