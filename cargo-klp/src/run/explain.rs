//! `cargo klp explain`.

use std::sync::OnceLock;

use klp::{Checksums, Kernel, Operand, explain_files};
use klp_core::Allowlist;

use crate::cli::{Explain, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;
use crate::words::count;

pub(crate) fn run(
    arguments: &Explain,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let Explain { functions, original, patched, context, tree, cache } = arguments;
    let explained = match original.as_ref().zip(patched.as_ref()) {
        Some((original, patched)) => {
            let (allowlist, cache) = (Allowlist::default(), cache.cache());
            let (old, new) = (OnceLock::new(), OnceLock::new());
            let before = Checksums::open(&Operand::of(original), &allowlist, &cache, &old)?;
            let after = Checksums::open(&Operand::of(patched), &allowlist, &cache, &new)?;
            let changes = before.compare(&after);
            explain_files(changes.functions, (original, patched), functions)?
        }
        None => Kernel::find(&tree.location()?)?.explain(functions)?,
    };
    report::explained(&explained, *context, format).map_err(Error::Print)?;
    shell.finished(count(explained.len(), "function"));
    Ok(ExitStatus::Success)
}
