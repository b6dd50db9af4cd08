//! `cargo klp explain`.

use std::sync::OnceLock;

use klp::{
    Checksums, Kernel, LineNumbers, PathOperand, data_among, explain_data_files, explain_files,
    source_lines_of,
};
use klp_core::Allowlist;

use crate::cli::{ExplainArgs, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report::{self, ExplanationContext};
use crate::shell::Shell;
use crate::words::count;

use super::{session, show};

pub(crate) fn run(
    arguments: &ExplainArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let ExplainArgs { functions, original, patched, context, tree, cache, no_source, no_pager } =
        arguments;
    let mut known = ExplanationContext::default();
    let explained = if let Some((original, patched)) = original.as_ref().zip(patched.as_ref()) {
        let (allowlist, cache) = (Allowlist::default(), cache.cache());
        let (old, new) = (OnceLock::new(), OnceLock::new());
        let before = Checksums::open(&PathOperand::of(original), &allowlist, &cache, &old)?;
        let after = Checksums::open(&PathOperand::of(patched), &allowlist, &cache, &new)?;
        let changes = before.compare(&after);
        let files = (original.as_path(), patched.as_path());
        let (data, functions) = data_among(&changes.data, functions);
        let explained = match &functions {
            Some(functions) => explain_files(changes.functions, files, functions, &cache)?,
            None => Vec::new(),
        };
        if let Some(data) = data {
            known.data = explain_data_files(changes.data, files, &data)?;
        }
        if !no_source {
            known.lines =
                source_lines_of((original, patched), &explained, &mut |event| show(event, shell))?;
        }
        let numbers = explained.iter().enumerate();
        let numbers = numbers.map(|(number, it)| LineNumbers::of(it, known.lines.get(number)));
        known.line_numbers = numbers.collect();
        explained
    } else {
        let kernel = Kernel::find(&tree.location()?)?;
        let session = session::with_jobs(None, shell)?;
        let events = &mut |event| show(event, shell);
        kernel.recover(&session.interrupt, events)?;
        let (data, functions) = data_among(&kernel.changed_data()?, functions);
        let explained = match &functions {
            Some(functions) => kernel.explain(functions)?,
            None => Vec::new(),
        };
        if !no_source {
            known.lines = kernel.source_lines(&explained, &session, events)?;
        }
        if let Some(functions) = functions.filter(|_| !no_source) {
            known.why = kernel.why(&functions, &session, events)?;
        }
        if let Some(data) = data {
            let session = (!no_source).then_some(&session);
            known.data = kernel.explain_data(&data, session, events)?;
        }
        explained
    };
    report::explained(&explained, &known, *context, !no_pager, format).map_err(RunError::Print)?;
    let kinds = [(explained.len(), "function"), (known.data.len(), "data object")];
    let some = kinds.into_iter().filter(|(number, _)| *number > 0);
    let some: Vec<String> = some.map(|(number, what)| count(number, what)).collect();
    shell.finished(if some.is_empty() { "nothing".to_owned() } else { some.join(" and ") });
    Ok(ExitStatus::Success)
}
