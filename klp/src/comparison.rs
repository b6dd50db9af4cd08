//! What changed from the original to the patched kernel.

use std::collections::BTreeSet;

use camino::Utf8Path;
use kbuild_glue::{Config, NonStandard, Tree};
use klp_core::diff::Changes;

use crate::blame;
use crate::error::Error;
use crate::event::{Event, Events, Phase};
use crate::external;
use crate::last_link;
use crate::livepatch::{Livepatch, LivepatchRequest};
use crate::not_compared;
use crate::original::of_module;
use crate::output;
use crate::patched::{Patched, PatchedKind, ShippedIdentity};
use crate::proofs;
use crate::results;

/// What changed, and what it was found in.
#[derive(Debug)]
pub struct Comparison<'p> {
    patched: &'p Patched<'p>,
    unproven: Vec<String>,
    changes: Changes,
}

impl Patched<'_> {
    /// Compares the patched kernel with its original. Functions and variables that are not what was shipped are
    /// refused, but for those that `unproven` names.
    pub fn compare(
        &self,
        unproven: &[String],
        events: &mut Events<'_>,
    ) -> Result<Comparison<'_>, Error> {
        let Self { kernel, session, rules, before, after } = self;
        events(Event::Phase(Phase::Comparison));
        let checksums = match after {
            PatchedKind::Kernel { builds, .. } => {
                events(Event::Comparing { objects: builds.patched.made.len() });
                session.on_threads(|| {
                    before.with(&builds.patched, &rules.allowlist, &kernel.digests())
                })??
            }
            PatchedKind::Module { build, .. } => {
                events(Event::Comparing { objects: build.objects.len() });
                of_module(build, rules, session)?
            }
        };
        checksums.save(&kernel.root.join("patched.checksums"))?;
        let mut changes = before.compare(&checksums);
        match after {
            PatchedKind::Kernel { workspace, .. } => {
                let tree = workspace.tree();
                refuse_non_standard(&mut changes, &tree.source, tree)?;
            }
            PatchedKind::Module { directory, .. } => {
                refuse_non_standard(&mut changes, directory, &kernel.tree)?;
            }
        }
        for warning in rules.apply(&mut changes, before, &checksums) {
            events(Event::Warning(warning));
        }
        if let PatchedKind::Kernel {
            shipped: Some(ShippedIdentity { proofs, notes, .. }), ..
        } = after
        {
            proofs.judge(&mut changes, unproven);
            changes.note_livepatch(notes.iter().cloned());
        }
        if let PatchedKind::Kernel { workspace, builds, .. } = after {
            not_compared::tell_starting(&builds.patched.starting, &mut changes);
            changes.note_livepatch(not_compared::not_compiled(&builds.patched.not_compiled));
            changes.note_livepatch(last_link::notes(builds));
            blame::tell(workspace, builds, &mut changes);
        }
        Ok(Comparison { patched: self, unproven: unproven.to_vec(), changes })
    }
}

impl Comparison<'_> {
    pub(crate) fn patched(&self) -> &Patched<'_> {
        self.patched
    }

    /// What changed, and what was said about the livepatch module so far.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The same, for when the builds are not needed any more.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        self.changes
    }

    /// The error when something changed that no rule allows.
    #[must_use]
    pub fn broken(&self) -> Option<Error> {
        self.patched.rules.broken(&self.changes)
    }

    /// Makes the livepatch module. None is made where nothing changed, where something changed that is not allowed,
    /// and where something is refused: [`Self::changes`] tell why.
    pub fn livepatch(
        &mut self,
        request: &LivepatchRequest,
        events: &mut Events<'_>,
    ) -> Result<Option<Livepatch>, Error> {
        events(Event::Phase(Phase::Livepatch));
        if self.broken().is_some() {
            return Ok(None);
        }
        let changes = &mut self.changes;
        match &self.patched.after {
            PatchedKind::Kernel { workspace, builds, shipped } => {
                let release = self.patched.kernel.stock().map(|parts| parts.release.as_str());
                let about = release.zip(shipped.as_ref()).map(|(release, shipped)| {
                    proofs::about(release, &shipped.digests, &self.unproven)
                });
                let about = about.unwrap_or_default();
                let livepatch = request.fulfil(builds, &about, changes, events);
                blame::tell(workspace, builds, changes);
                livepatch
            }
            PatchedKind::Module { workspace, directory, original, build, digests } => {
                let parts = match external::ModuleKernel::usable(workspace.kernel())? {
                    Ok(parts) => parts,
                    Err(why) => return request.no_livepatch(why, events),
                };
                let Patched { session, .. } = self.patched;
                let linked = modules(changes);
                let (proofs, missing) =
                    external::finish(workspace, &parts, (directory, original), &linked, session)?;
                if !proofs.records().is_empty() {
                    events(proofs.event());
                }
                proofs.judge(changes, &self.unproven);
                changes.note_livepatch(missing);
                let about = proofs::about(parts.release(), digests, &self.unproven);
                let builds = external::builds(workspace, original, build, session);
                request.fulfil(&builds, &about, changes, events)
            }
        }
    }

    /// Writes the changed-function set to the file of results.
    pub fn save(&self) -> Result<(), Error> {
        let path = &self.patched.kernel.results;
        output::replace(path, |file| results::document(&self.changes, file))
    }
}

/// What anything changed in.
fn modules(changes: &Changes) -> BTreeSet<&str> {
    let functions = changes.functions.iter().map(|function| function.linked.as_deref());
    let data = changes.data.iter().map(|data| data.linked.as_deref());
    functions.chain(data).flatten().collect()
}

/// Names changed functions in objects that objtool is kept away from: those cannot be livepatched.
/// `source` has the Makefiles of the objects.
fn refuse_non_standard(changes: &mut Changes, source: &Utf8Path, tree: &Tree) -> Result<(), Error> {
    let config = Config::read(&tree.config_path())?;
    let mut non_standard = NonStandard::new(source, &config);
    let why = "cannot be livepatched: objtool does not check its object";
    changes.refuse_non_standard(why, |function| {
        non_standard.contains(Utf8Path::new(&function.object))
    });
    Ok(())
}
