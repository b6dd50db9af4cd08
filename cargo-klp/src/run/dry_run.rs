//! `cargo klp build --dry-run`.

use kbuild_glue::{BuildError, FileChange, NotCompiled, PatchSet, Preview};
use klp::{Kernel, Session};

use crate::cli::StreamFormat;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::report::dry_run::{Action, DryRunFile, DryRunRecord, OriginalSource};
use crate::shell::Shell;
use crate::words::count;

pub(super) fn run(
    kernel: &Kernel,
    patch_set: &PatchSet,
    session: &Session,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let preview = if let Some(module) = kernel.module() {
        let changes = patch_set.apply(module).map_err(BuildError::from)?;
        Preview::of_no_build("make knows what is left of it".to_owned(), changes)
    } else {
        let (variables, environment) = (&session.variables, &session.environment);
        Preview::of(&kernel.tree, &kernel.root, patch_set, variables, environment)?
    };
    if let Some(note) = patch_set.left_out(kernel.sources()).map_err(BuildError::from)? {
        shell.warning(note);
    }
    if format == StreamFormat::Json {
        report::records([record(kernel, &preview)]).map_err(RunError::Print)?;
        return Ok(ExitStatus::Success);
    }
    let what = match kernel.module() {
        Some(module) => format!("original module in {module}"),
        None => {
            format!("original kernel {}", kernel.tree.kernel_version().map_err(klp::Error::from)?)
        }
    };
    match &preview.why_original {
        None => shell.status("Would use", format_args!("{what}, in {}", kernel.root)),
        Some(why) => {
            shell.status("Would build", format_args!("{what}, in {} ({why})", kernel.root));
        }
    }
    tell_changes(&preview.changes, shell);
    for NotCompiled { path, options } in &preview.not_compiled {
        let why = options.as_ref().map_or(String::new(), |options| format!(": {options}"));
        shell.warning(format_args!("{path} is not compiled here{why}"));
    }
    if !preview.changes.is_empty() {
        match &preview.objects {
            Some(objects) => {
                shell.status("Would compile", count(objects.len(), "object"));
            }
            None => shell.status("Would build", "what depends on these files"),
        }
        shell.status("Would write", &kernel.results);
    }
    Ok(ExitStatus::Success)
}

/// Says what the patches do to which files.
pub(super) fn tell_changes(changes: &[FileChange], shell: &Shell) {
    for change in changes {
        let action = Action::of(change).word();
        shell.status("Would patch", format_args!("{} ({action})", change.path));
    }
}

fn record<'a>(kernel: &'a Kernel, preview: &'a Preview) -> DryRunRecord<'a> {
    let objects = preview.objects.as_ref();
    DryRunRecord::DryRun {
        source: kernel.sources().as_str(),
        output: kernel.tree.output.as_str(),
        directory: kernel.root.as_str(),
        original: match preview.why_original {
            None => OriginalSource::Kept,
            Some(_) => OriginalSource::Built,
        },
        why_original: preview.why_original.as_deref(),
        objects: objects.map(|objects| objects.iter().map(|object| object.as_str()).collect()),
        files: preview.changes.iter().map(DryRunFile::of).collect(),
        not_compiled: preview.not_compiled.iter().map(|it| it.path.as_str()).collect(),
    }
}
