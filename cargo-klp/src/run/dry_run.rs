//! `cargo klp build --dry-run`.

use kbuild_glue::{BuildError, FileChange, PatchSet, Preview};

use crate::cli::MessageFormat;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::place::Place;
use crate::report;
use crate::report::dry_run::{Action, File, Original, Record};
use crate::shell::Shell;
use crate::words::count;

pub(super) fn run(
    place: &Place,
    patch_set: &PatchSet,
    variables: &[String],
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let preview = match &place.module {
        Some(module) => Preview {
            why_original: Some("make knows what is left of it".to_owned()),
            changes: patch_set.apply(module).map_err(BuildError::from)?,
            objects: None,
        },
        None => Preview::of(&place.tree, &place.root, patch_set, variables)?,
    };
    if format == MessageFormat::Json {
        report::records([record(place, &preview)]).map_err(Error::Print)?;
        return Ok(ExitStatus::Success);
    }
    let what = match &place.module {
        Some(module) => format!("original module in {module}"),
        None => format!("original kernel {}", place.tree.kernel_version()?),
    };
    match &preview.why_original {
        None => shell.status("Would use", format_args!("{what}, in {}", place.root)),
        Some(why) => shell.status("Would build", format_args!("{what}, in {} ({why})", place.root)),
    }
    for change in &preview.changes {
        let action = Action::of(change).word();
        shell.status("Would patch", format_args!("{} ({action})", change.path));
    }
    if !preview.changes.is_empty() {
        match &preview.objects {
            Some(objects) => {
                shell.status("Would compile", count(objects.len(), "object"));
            }
            None => shell.status("Would build", "what depends on these files"),
        }
        shell.status("Would write", &place.results);
    }
    Ok(ExitStatus::Success)
}

fn record<'a>(place: &'a Place, preview: &'a Preview) -> Record<'a> {
    let file =
        |change: &'a FileChange| File { path: change.path.as_str(), action: Action::of(change) };
    let objects = preview.objects.as_ref();
    Record::DryRun {
        source: place.module.as_ref().unwrap_or(&place.tree.source).as_str(),
        output: place.tree.output.as_str(),
        directory: place.root.as_str(),
        original: match preview.why_original {
            None => Original::Kept,
            Some(_) => Original::Built,
        },
        why_original: preview.why_original.as_deref(),
        objects: objects.map(|objects| objects.iter().map(|object| object.as_str()).collect()),
        files: preview.changes.iter().map(file).collect(),
    }
}
