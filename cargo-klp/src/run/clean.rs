//! `cargo klp clean`.

use indicatif::HumanBytes;
use kbuild_glue::build;
use klp::{Kernel, output};

use crate::cli::{CleanArgs, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report::{self, done};
use crate::shell::Shell;

use super::{events, session};

pub(crate) fn run(
    arguments: &CleanArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let kernel = Kernel::find(&arguments.tree.location()?)?;
    let interrupt = session::interrupt()?;
    let kept = if arguments.dry_run {
        build::kept_files(&kernel.root)?
    } else {
        build::clean(&kernel.root, &interrupt, &mut |event| events::of_build(event, shell))?
    };
    let verb = if arguments.dry_run { "Would remove" } else { "Removed" };
    let mut paths: Vec<_> = kept.iter().map(|kept| (&kept.path, kept.bytes)).collect();
    // In a directory that was named, they are among what is kept.
    if arguments.tree.target_dir.is_none() && kernel.results.exists() {
        match output::expect_ours(&kernel.results, output::is_results, output::RESULTS) {
            Err(klp::Error::Exists { path, what }) => {
                shell.warning(format_args!("{path} stays: it is not {what}"));
            }
            found => {
                found?;
                if !arguments.dry_run {
                    output::remove(&kernel.results, output::is_results, output::RESULTS)?;
                }
                paths.push((&kernel.results, 0));
            }
        }
    }
    for (path, bytes) in &paths {
        shell.status(verb, format_args!("{path} ({})", HumanBytes(*bytes)));
    }
    let sum: u64 = paths.iter().map(|(_, bytes)| bytes).sum();
    if format == StreamFormat::Json {
        let dry_run = arguments.dry_run;
        let removed = paths.iter().map(|(path, bytes)| done::DoneRecord::Removed {
            path: path.as_str(),
            bytes: *bytes,
            dry_run,
        });
        let summary = done::DoneRecord::CleanSummary { paths: paths.len(), bytes: sum, dry_run };
        report::records(removed.chain([summary])).map_err(RunError::Print)?;
    }
    match paths.as_slice() {
        [] => shell.status("Finished", format_args!("nothing is kept for {}", kernel.tree.output)),
        _ => shell.status("Finished", HumanBytes(sum)),
    }
    Ok(ExitStatus::Success)
}
