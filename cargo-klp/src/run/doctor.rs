//! `cargo klp doctor`.

use kbuild_glue::doctor::{Check, State, examine, examine_stock};

use crate::cli::{Doctor, MessageFormat, TreeArgs};
use crate::environment;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::place::{self, Place};
use crate::report;
use crate::shell::Shell;
use crate::words::count;

pub(crate) fn run(
    arguments: &Doctor,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    if let Some(release) = &arguments.tree.stock {
        let current = place::current_directory()?;
        let release = place::stock_release(release);
        let sysroot = place::stock_sysroot(&current, &release, &arguments.tree);
        let sources = arguments.tree.directory.as_ref().map(|path| current.join(path));
        let make = environment::make();
        return told(&examine_stock(&release, &sysroot, sources.as_deref(), &make), format, shell);
    }
    let mut variables = environment::kbuild_variables();
    variables.extend(arguments.variables.iter().filter(|name| !TreeArgs::says(name)).cloned());
    let place = match Place::find(&arguments.tree.with(arguments.variables.iter())) {
        Ok(place) => Ok(place),
        Err(Error::Tree(error) | Error::TreeOf { source: error, .. }) => Err(error),
        Err(other) => return Err(other),
    };
    let tree = place.as_ref().map(|place| &place.tree);
    let root = place.as_ref().ok().map(|place| place.root.as_path());
    let checks = examine(tree, root, &variables, &environment::make());
    told(&checks, format, shell)
}

fn told(checks: &[Check], format: MessageFormat, shell: &Shell) -> Result<ExitStatus, Error> {
    report::doctor(checks, format).map_err(Error::Print)?;
    let number = |state| checks.iter().filter(|check| check.state == state).count();
    let (bad, doubtful) = (number(State::Bad), number(State::Doubtful));
    let checks = count(checks.len(), "check");
    shell.finished(format_args!("{checks}: {bad} failed, {doubtful} to think about"));
    Ok(if bad > 0 { ExitStatus::Unsupported } else { ExitStatus::Success })
}
