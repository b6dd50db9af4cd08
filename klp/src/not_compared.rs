//! What a patch can change beside the objects that are compared.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use kbuild_glue::{NotCompiled, StockTouched};
use klp_core::diff::Changes;
use klp_core::obstacle::Obstacle;
use klp_core::record::{Note, Refused};

use crate::proofs::UnseenChange;

/// What objects are called together whose sources a build makes.
const GENERATED: &str = "generated-sources";

/// The code of notes about sources that are no part of the kernel.
const NOT_COMPILED: &str = "not-compiled";

/// The code of notes about code that the running kernel does not run.
const NOT_RUNNING: &str = "not-running";

/// What is refused, since it is in the running kernel and nobody has looked at it.
pub(crate) fn unseen(touched: &StockTouched) -> Vec<UnseenChange> {
    let files = touched.unseen.iter().map(|path| UnseenChange {
        name: path.to_string(),
        why: format!(
            "it goes into what the kernel brings along as data, the vDSO or code for another mode of the processor, and that is \
             only made by a whole build; leave it out of the patch, or take that with `--unproven {path}`"
        ),
    });
    files.chain(generated(touched)).collect()
}

/// Objects whose sources are made by a build, which there is none of.
fn generated(touched: &StockTouched) -> Option<UnseenChange> {
    const SHOWN: usize = 3;
    let names: Vec<&str> = touched.generated.iter().map(|object| object.as_str()).collect();
    let (shown, more) = names.split_at(names.len().min(SHOWN));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    (!names.is_empty()).then(|| UnseenChange {
        name: GENERATED.to_owned(),
        why: format!(
            "what the patch changes can be included by sources that a build of the kernel makes, which nobody has here: {}{more} \
             can change with it; if they do not, take that with `--unproven {GENERATED}`",
            shown.join(", ")
        ),
    })
}

/// Says of what starts the kernel that nobody has looked at it: a note where anything else changed, else a refusal, since
/// nobody knows that nothing changed.
pub(crate) fn tell_starting(starting: &[Utf8PathBuf], changes: &mut Changes) {
    let why = "it goes into what starts the kernel, which is not compared: no livepatch changes what follows from it";
    if changes.is_empty() {
        let refused =
            |path: &Utf8PathBuf| Refused::new(Obstacle::NotRunning, "", path.as_str(), why);
        changes.refuse_livepatch(starting.iter().map(refused).collect());
    } else {
        let note = |path: &Utf8PathBuf| Note::new(NOT_RUNNING, "", path.as_str(), why);
        changes.note_livepatch(starting.iter().map(note));
    }
}

/// Says of sources that nothing is compiled from them, so that nobody takes them for unchanged.
pub(crate) fn not_compiled(files: &BTreeSet<NotCompiled>) -> impl Iterator<Item = Note> {
    files.iter().map(|NotCompiled { path, options }| {
        let why = match options {
            Some(options) => format!("not compiled here: {options}"),
            None => "not compiled here: no object of this kernel is made from it".to_owned(),
        };
        Note::new(NOT_COMPILED, "", path.as_str(), why)
    })
}

/// What is given to programs or starts the kernel, and is not compared.
pub(crate) fn notes(touched: &StockTouched) -> Vec<Note> {
    let objects = touched.not_running.first().map(|first| {
        let more = match touched.not_running.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" with {more} more objects"),
        };
        let why = format!(
            "it{more} can change with the patch and cannot be livepatched: that code starts the kernel, or is given to programs"
        );
        Note::new(NOT_RUNNING, "", first.as_str(), why)
    });
    objects.into_iter().collect()
}
