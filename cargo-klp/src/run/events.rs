//! What a run tells while it works, in words.

use kbuild_glue::BuildEvent;
use klp::{Event, Phase};

use crate::shell::Shell;
use crate::words::{attested, count};

pub(super) fn show(event: Event, shell: &Shell) {
    match event {
        Event::Phase(phase) => shell.phase(name(phase)),
        Event::Build(event) => of_build(event, shell),
        Event::OriginalReused { root, objects } => {
            let objects = count(objects, "object");
            shell.verbose("Reusing", format_args!("original build in {root} ({objects})"));
        }
        Event::Checksumming { objects } => {
            shell.status("Checksumming", count(objects, "object"));
        }
        Event::ChecksumsReused { objects } => {
            shell.verbose("Reusing", format_args!("checksums of {}", count(objects, "object")));
        }
        Event::ObjectsReused { objects } => {
            shell.verbose("Reusing", format_args!("{} of the original", count(objects, "object")));
        }
        Event::Proven { functions, equal, of } => {
            let message = format_args!("{equal} of {functions} functions are those of {of}");
            shell.status("Proving", message);
        }
        Event::Reading { objects } => shell.status("Reading", count(objects, "object")),
        Event::Comparing { objects } => shell.status("Comparing", count(objects, "object")),
        Event::NoLivepatch { why } => {
            shell.status("Skipping", format_args!("livepatch module: {why}"));
        }
        Event::Extracting { functions } => {
            shell.status("Extracting", count(functions, "function"));
        }
        Event::Linking { path } => shell.status("Linking", path),
        Event::Attested(what) => shell.status("Attesting", attested(what)),
        Event::Packaged { path } => shell.status("Packaged", path),
        Event::Warning(text) => shell.warning(text),
        _ => {}
    }
}

pub(super) fn of_build(event: BuildEvent, shell: &Shell) {
    match event {
        BuildEvent::Status { verb, message } => shell.status(verb, message),
        BuildEvent::Objects { paths } => shell.progress().expect(paths),
        BuildEvent::Step { verb, target } => shell.progress().step(&verb, &target),
        BuildEvent::Waiting { reason } => shell.status("Waiting", reason),
        BuildEvent::Note { message } => shell.warning(message),
        _ => {}
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Original => "the original build",
        Phase::Checksums => "checksums of the original",
        Phase::Patched => "the patched build",
        Phase::Comparison => "the comparison",
        Phase::Livepatch => "the livepatch module",
        _ => "the rest",
    }
}
