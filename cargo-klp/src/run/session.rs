//! What every run that builds needs from the command line and the environment.

use std::sync::Arc;

use kbuild_glue::Interrupt;
use klp::Session;

use crate::cli;
use crate::environment;
use crate::error::RunError;
use crate::shell::Shell;
use crate::signals;

/// As the arguments of a build say. Until [`signals::clean_up`], signals end the program at once.
pub(super) fn of_build(arguments: &cli::BuildArgs, shell: &Shell) -> Result<Session, RunError> {
    let mut variables: Vec<String> = environment::kbuild_variables();
    variables.extend(arguments.variables().cloned());
    if let Some(launcher) = &arguments.launcher {
        variables = kbuild_glue::launch_with(launcher, &variables);
    }
    let mut session = new(arguments.jobs, shell)?;
    session.variables = variables;
    session.environment = environment::for_scripts();
    session.full_make = arguments.full_make;
    Ok(session)
}

/// With so many jobs, and nothing else to say to make.
pub(super) fn with_jobs(jobs: Option<usize>, shell: &Shell) -> Result<Session, RunError> {
    signals::clean_up();
    new(jobs, shell)
}

fn new(jobs: Option<usize>, shell: &Shell) -> Result<Session, RunError> {
    let mut session = Session::new(jobs, forwarded()?)?;
    session.notes().iter().for_each(|note| shell.warning(note));
    session.make = environment::make();
    Ok(session)
}

/// Is raised by signals that end programs.
pub(super) fn interrupt() -> Result<Arc<Interrupt>, RunError> {
    signals::clean_up();
    forwarded()
}

fn forwarded() -> Result<Arc<Interrupt>, RunError> {
    let interrupt = Arc::new(Interrupt::new());
    signals::forward(&interrupt)
        .map_err(|source| klp::Error::Read { path: "signals".into(), source })?;
    Ok(interrupt)
}
