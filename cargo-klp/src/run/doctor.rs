//! `cargo klp doctor`.

use kbuild_glue::doctor::{CheckState, DoctorCheck, examine, examine_stock, rust_target_patch};
use klp::Kernel;

use crate::cli::{DoctorArgs, StreamFormat, TreeArgs};
use crate::environment;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;
use crate::words::count;

pub(crate) fn run(
    arguments: &DoctorArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    if arguments.tree.stock.is_some() {
        let location = arguments.tree.location()?;
        let (release, root) = (location.release(), location.packages_root());
        let (sources, make) = (location.sources(), environment::make());
        let checks = examine_stock(&release, &root, sources.as_deref(), &make);
        return told(checks, format, shell);
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
        report::text(patch.as_bytes()).map_err(RunError::Print)?;
        return Ok(ExitStatus::Success);
    }
    let tree = kernel.as_ref().map(|kernel| &kernel.tree);
    let root = kernel.as_ref().ok().map(|kernel| kernel.root.as_path());
    told(examine(tree, root, &variables, &environment::make()), format, shell)
}

/// Whether a livepatch can be tried here. It can be made all the same.
fn of_trial() -> impl Iterator<Item = DoctorCheck> {
    let programs = klp_vm::programs(klp_vm::QEMU, &environment::search_path());
    programs.into_iter().map(|(name, found)| match found {
        Ok(()) => DoctorCheck::good(name, "there for `cargo klp try`"),
        Err(error) => {
            let found = format!("`cargo klp try` will not work: {error}");
            DoctorCheck::doubtful(name, found, error.hint().unwrap_or_default())
        }
    })
}

fn told(
    mut checks: Vec<DoctorCheck>,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    checks.extend(of_trial());
    report::doctor(&checks, format).map_err(RunError::Print)?;
    let number = |state| checks.iter().filter(|check| check.state == state).count();
    let (bad, doubtful) = (number(CheckState::Bad), number(CheckState::Doubtful));
    let checks = count(checks.len(), "check");
    shell.finished(format_args!("{checks}: {bad} failed, {doubtful} to think about"));
    Ok(if bad > 0 { ExitStatus::Unsupported } else { ExitStatus::Success })
}
