//! `cargo klp inlined`.

use klp::{Kernel, inlined_in};

use crate::cli::{Inlined, StreamFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;
use crate::words::count;

use super::session;
use super::show;

pub(crate) fn run(
    arguments: &Inlined,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let Inlined { functions, object, list, tree } = arguments;
    let gone = if let Some(file) = object.as_ref().filter(|_| tree.stock.is_none()) {
        inlined_in(file, functions)?
    } else {
        let session = session::with_jobs(None, shell)?;
        let kernel = Kernel::find(&tree.location()?)?;
        kernel.inlined(functions, object.as_deref(), &session, &mut |event| show(event, shell))?
    };
    report::inlined(&gone, *list, format).map_err(Error::Print)?;
    shell.finished(count(gone.len(), "object"));
    Ok(ExitStatus::Success)
}
