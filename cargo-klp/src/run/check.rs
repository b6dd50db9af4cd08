//! `cargo klp check`.

use klp::{CheckedModule, Kernel};

use crate::cli::{CheckArgs, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;
use crate::words::{attested, count};

use super::{session, show};

pub(crate) fn run(
    arguments: &CheckArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let kernel = Kernel::find(&arguments.tree.location()?)?;
    kernel.recover(&*session::interrupt()?, &mut |event| show(event, shell))?;
    let CheckedModule { report, attested: opinion } =
        kernel.check(&arguments.livepatch, arguments.vmlinux.as_deref())?;
    report::check(&report, format).map_err(RunError::Print)?;
    match opinion {
        Some(opinion) if report.passed() => shell.status("Attesting", attested(opinion)),
        Some(_) => {}
        None => shell.status(
            "Skipping",
            "second opinion: what the module was made of is not there any more, so that only what \
             the loader sees is checked",
        ),
    }
    let entries = if report.entries == 1 { "entry" } else { "entries" };
    let text = format!(
        "{}, {}, {}, {}, {} {entries} of special sections",
        count(report.functions, "function"),
        count(report.symbols, "livepatch symbol"),
        count(report.relocations, "livepatch relocation"),
        count(report.imports, "import"),
        report.entries
    );
    if !report.passed() {
        return Err(RunError::CheckFailed { path: arguments.livepatch.clone() });
    }
    shell.status("Checked", text);
    Ok(ExitStatus::Success)
}
