//! `cargo klp explain`.

use std::sync::OnceLock;

use klp::{Checksums, Kernel, LineNumbers, Operand, explain_files, source_lines_of};
use klp_core::Allowlist;

use crate::cli::{Explain, StreamFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report::{self, Known};
use crate::shell::Shell;
use crate::words::count;

use super::{session, show};

pub(crate) fn run(
    arguments: &Explain,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let Explain { functions, original, patched, context, tree, cache, no_source, no_pager } =
        arguments;
    let mut known = Known::default();
    let explained = if let Some((original, patched)) = original.as_ref().zip(patched.as_ref()) {
        let (allowlist, cache) = (Allowlist::default(), cache.cache());
        let (old, new) = (OnceLock::new(), OnceLock::new());
        let before = Checksums::open(&Operand::of(original), &allowlist, &cache, &old)?;
        let after = Checksums::open(&Operand::of(patched), &allowlist, &cache, &new)?;
        let changes = before.compare(&after);
        let explained = explain_files(changes.functions, (original, patched), functions, &cache)?;
        if !no_source {
            known.lines = source_lines_of((original, patched), &explained)?;
        }
        let numbers = explained.iter().enumerate();
        let numbers = numbers.map(|(number, it)| LineNumbers::of(it, known.lines.get(number)));
        known.line_numbers = numbers.collect();
        explained
    } else {
        let kernel = Kernel::find(&tree.location()?)?;
        let explained = kernel.explain(functions)?;
        if !no_source {
            let session = session::with_jobs(None, shell)?;
            let events = &mut |event| show(event, shell);
            known.lines = kernel.source_lines(&explained, &session, events)?;
            known.why = kernel.why(functions, &session, events)?;
        }
        explained
    };
    report::explained(&explained, &known, *context, !no_pager, format).map_err(Error::Print)?;
    shell.finished(count(explained.len(), "function"));
    Ok(ExitStatus::Success)
}
