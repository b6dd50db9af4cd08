//! `cargo klp build --dry-run`.

use kbuild_glue::{BuildError, FileChange, PatchSet, Preview};
use serde_json::json;

use crate::cli::MessageFormat;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::place::Place;
use crate::report;
use crate::shell::Shell;

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
    let changes = preview.changes.iter().map(|change| (change, action(change)));
    if format == MessageFormat::Json {
        let files = changes.map(|(change, action)| json!({"path": change.path, "action": action}));
        let record = json!({
            "reason": "dry-run",
            "source": place.module.as_ref().unwrap_or(&place.tree.source),
            "output": place.tree.output,
            "directory": place.root,
            "original": if preview.why_original.is_none() { "kept" } else { "built" },
            "why-original": preview.why_original,
            "objects": preview.objects,
            "files": files.collect::<Vec<_>>(),
        });
        report::text(format!("{record}\n").as_bytes()).map_err(Error::Print)?;
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
    for (change, action) in changes {
        shell.status("Would patch", format_args!("{} ({action})", change.path));
    }
    if !preview.changes.is_empty() {
        match &preview.objects {
            Some(objects) => {
                shell.status("Would compile", format_args!("{} objects", objects.len()));
            }
            None => shell.status("Would build", "what depends on these files"),
        }
        shell.status("Would write", &place.results);
    }
    Ok(ExitStatus::Success)
}

fn action(change: &FileChange) -> &'static str {
    match (&change.old, &change.new) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    }
}
