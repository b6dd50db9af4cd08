//! `cargo klp build --stock --dry-run`.

use kbuild_glue::{BuildError, PatchSet, StockParts, StockPreview, StockTouched};
use klp::Kernel;

use crate::cli::StreamFormat;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::report::dry_run::{DryRunFile, DryRunRecord, OriginalSource};
use crate::shell::Shell;
use crate::words::count;

use super::dry_run::tell_changes;

pub(super) fn run(
    (kernel, parts): (&Kernel, &StockParts),
    patch_set: &PatchSet,
    variables: &[String],
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let preview = StockPreview::of(parts, &kernel.root, patch_set, variables)?;
    if let Some(sources) = &preview.sources
        && let Some(note) = patch_set.left_out(sources).map_err(BuildError::from)?
    {
        shell.warning(note);
    }
    if format == StreamFormat::Json {
        report::records([record(kernel, parts, &preview)]).map_err(RunError::Print)?;
        return Ok(ExitStatus::Success);
    }
    let tools = format!("tools to compile for {}, in {}", parts.release, kernel.root);
    if preview.sources.is_none() {
        let what = "what the patches touch is known when that is done";
        shell.status("Would unpack", format_args!("{}: {what}", parts.sources));
    }
    if preview.is_ready {
        shell.status("Would use", tools);
    } else {
        shell.status("Would prepare", tools);
    }
    tell_changes(&preview.changes, shell);
    if !patch_set.patches().is_empty() {
        tell_objects(preview.touched.as_ref(), shell);
        shell.status("Would write", &kernel.results);
    }
    Ok(ExitStatus::Success)
}

fn tell_objects(touched: Option<&StockTouched>, shell: &Shell) {
    let Some(touched) = touched else {
        shell.status("Would compile", "the objects that can include what the patches change");
        return;
    };
    for path in &touched.not_compiled {
        shell.warning(format_args!("{path} is not compiled here"));
    }
    for path in touched.unseen.iter().chain(&touched.starting) {
        shell.warning(format_args!("what is made of {path} is not compared"));
    }
    let objects = count(touched.objects.len(), "object");
    shell.status("Would compile", format_args!("{objects} without the patches and with them"));
}

fn record<'a>(
    kernel: &'a Kernel,
    parts: &'a StockParts,
    preview: &'a StockPreview,
) -> DryRunRecord<'a> {
    let objects = preview.touched.as_ref().map(|touched| &touched.objects);
    let why_original = match (&preview.sources, preview.is_ready) {
        (None, _) => Some("the sources are not unpacked"),
        (_, false) => Some("no tools are prepared that it is compiled with"),
        _ => None,
    };
    DryRunRecord::DryRun {
        source: preview.sources.as_ref().unwrap_or(&parts.sources).as_str(),
        output: kernel.tree.output.as_str(),
        directory: kernel.root.as_str(),
        original: OriginalSource::Shipped,
        why_original,
        objects: objects.map(|objects| objects.iter().map(|object| object.as_str()).collect()),
        files: preview.changes.iter().map(DryRunFile::of).collect(),
        not_compiled: preview
            .touched
            .iter()
            .flat_map(|touched| &touched.not_compiled)
            .map(|path| path.as_str())
            .collect(),
    }
}
