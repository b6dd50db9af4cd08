//! `cargo klp inlined`.

use klp::{Kernel, inlined_in};

use crate::cli::{InlinedArgs, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;
use crate::words::count;

use super::session;
use super::show;

pub(crate) fn run(
    arguments: &InlinedArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let InlinedArgs { functions, object, list, tree } = arguments;
    let gone = if let Some(file) = object.as_ref().filter(|_| tree.stock.is_none()) {
        inlined_in(file, functions, &mut |event| show(event, shell))?
    } else {
        let session = session::with_jobs(None, shell)?;
        let kernel = Kernel::find(&tree.location()?)?;
        let events = &mut |event| show(event, shell);
        kernel.recover(&session.interrupt, events)?;
        kernel.inlined(functions, object.as_deref(), &session, events)?
    };
    report::inlined(&gone, *list, format).map_err(RunError::Print)?;
    shell.finished(count(gone.len(), "object"));
    Ok(ExitStatus::Success)
}
