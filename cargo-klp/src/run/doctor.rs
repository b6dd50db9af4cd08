//! `cargo klp doctor`.

use kbuild_glue::doctor::{Check, State, examine, examine_stock, rust_target_patch};
use klp::Kernel;

use crate::cli::{Doctor, StreamFormat, TreeArgs};
use crate::environment;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;
use crate::words::count;

pub(crate) fn run(
    arguments: &Doctor,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    if arguments.tree.stock.is_some() {
        let location = arguments.tree.location()?;
        let (release, root) = (location.release(), location.packages_root());
        let (sources, make) = (location.sources(), environment::make());
        return told(&examine_stock(&release, &root, sources.as_deref(), &make), format, shell);
    }
    let mut variables = environment::kbuild_variables();
    variables.extend(arguments.variables.iter().filter(|name| !TreeArgs::says(name)).cloned());
    let location = arguments.tree.with(arguments.variables.iter()).location()?;
    let kernel = match Kernel::find(&location) {
        Ok(kernel) => Ok(kernel),
        Err(klp::Error::Tree(error) | klp::Error::TreeOf { source: error, .. }) => Err(error),
        Err(other) => return Err(other.into()),
    };
    if arguments.fix_rust_target {
        let patch = rust_target_patch(&kernel?.tree.source)?;
        report::text(patch.as_bytes()).map_err(Error::Print)?;
        return Ok(ExitStatus::Success);
    }
    let tree = kernel.as_ref().map(|kernel| &kernel.tree);
    let root = kernel.as_ref().ok().map(|kernel| kernel.root.as_path());
    let checks = examine(tree, root, &variables, &environment::make());
    told(&checks, format, shell)
}

fn told(checks: &[Check], format: StreamFormat, shell: &Shell) -> Result<ExitStatus, Error> {
    report::doctor(checks, format).map_err(Error::Print)?;
    let number = |state| checks.iter().filter(|check| check.state == state).count();
    let (bad, doubtful) = (number(State::Bad), number(State::Doubtful));
    let checks = count(checks.len(), "check");
    shell.finished(format_args!("{checks}: {bad} failed, {doubtful} to think about"));
    Ok(if bad > 0 { ExitStatus::Unsupported } else { ExitStatus::Success })
}
