//! The kernel with patches.

use std::borrow::Cow;
use std::sync::Arc;

use camino::Utf8Path;
use kbuild_glue::{
    BuildError, BuildEvent, FileChange, ModuleBuild, OriginalBuild, PatchSet, PatchedBuild,
    Workspace,
};
use klp_core::Manifest;
use klp_core::record::Note;

use crate::checksums::Checksums;
use crate::error::Error;
use crate::event::{Event, Events, Phase, of_build};
use crate::kernel::Kernel;
use crate::not_compared;
use crate::original::{Original, State};
use crate::proofs::Proofs;
use crate::rules::Rules;
use crate::session::Session;

/// The kernel, or the module, with the patches, and the original that it is compared with.
#[derive(Debug)]
pub struct Patched<'o> {
    pub(crate) kernel: &'o Kernel,
    pub(crate) session: &'o Session,
    pub(crate) rules: &'o Rules,
    pub(crate) before: Arc<Checksums<'static>>,
    pub(crate) after: After<'o>,
}

/// What was built.
#[derive(Debug)]
pub(crate) enum After<'o> {
    Kernel { builds: Box<Builds<'o>>, shipped: Option<Shipped<'o>> },
    Module { directory: &'o Utf8Path, build: ModuleBuild },
}

/// Both builds of a kernel.
#[derive(Debug)]
pub(crate) struct Builds<'o> {
    pub(crate) workspace: &'o Workspace,
    pub(crate) original: Cow<'o, OriginalBuild>,
    pub(crate) patched: PatchedBuild,
    pub(crate) session: &'o Session,
}

/// What a kernel that was shipped is known by.
#[derive(Debug)]
pub(crate) struct Shipped<'o> {
    pub(crate) proofs: Proofs<'o>,
    /// Of each patch.
    pub(crate) digests: Vec<String>,
    /// What the patch changes beside the objects that are compared.
    pub(crate) notes: Vec<Note>,
}

impl Original<'_> {
    /// Builds the kernel with the patches: only what they touch, where that can be told.
    pub fn patched<'o>(
        &'o self,
        patch_set: &PatchSet,
        events: &mut Events<'_>,
    ) -> Result<Patched<'o>, Error> {
        let Self { kernel, session, rules, state } = self;
        let settings = session.settings();
        let (before, after) = match state {
            State::Built { workspace, build, checksums } => {
                events(Event::Phase(Phase::Patched));
                let patched =
                    workspace.build_patched(build, patch_set, &settings, &mut of_build(events))?;
                workspace.keep_patches(patch_set)?;
                let objects = patched.objects.len().saturating_sub(patched.made.len());
                events(Event::ObjectsReused { objects });
                let original = Cow::Borrowed(build);
                let builds = Box::new(Builds { workspace, original, patched, session });
                (Arc::clone(checksums), After::Kernel { builds, shipped: None })
            }
            State::Module { workspace, directory, checksums, .. } => {
                events(Event::Phase(Phase::Patched));
                let build = workspace.build_patched(patch_set, &settings, &mut of_build(events))?;
                (Arc::clone(checksums), After::Module { directory, build })
            }
            State::Shipped { workspace, stock, parts } => {
                let mirror = workspace.mirror_path();
                let changes: Vec<FileChange> =
                    patch_set.apply(&mirror).map_err(BuildError::from)?;
                if let Some(message) = patch_set.left_out(&mirror).map_err(BuildError::from)? {
                    events(Event::Build(BuildEvent::Note { message }));
                }
                let touched = stock.recipes.touched(&changes).map_err(BuildError::from)?;
                for path in &touched.not_compiled {
                    let message = format!("{path} is not compiled in this kernel");
                    events(Event::Build(BuildEvent::Note { message }));
                }
                let original = workspace.compile_stock_original(
                    stock,
                    &touched,
                    &settings,
                    &mut of_build(events),
                )?;
                events(Event::Phase(Phase::Checksums));
                let OriginalBuild { root, objects, .. } = &original;
                let proofs = session.on_threads(|| Proofs::of(parts, objects, root))??;
                let proofs = proofs.without(not_compared::unseen(&touched));
                events(proofs.event());
                let none = Manifest::default();
                let before = session.on_threads(|| {
                    Checksums::of_linked(root, objects, &rules.allowlist, &none, &kernel.digests())
                })??;
                events(Event::Phase(Phase::Patched));
                let patched = workspace.compile_stock_patched(
                    stock,
                    &touched,
                    changes,
                    &settings,
                    &mut of_build(events),
                )?;
                workspace.keep_patches(patch_set)?;
                let original = Cow::Owned(original);
                let builds = Box::new(Builds { workspace, original, patched, session });
                let digests = patch_set.patches().iter().map(|patch| patch.digest().to_string());
                let notes = not_compared::notes(&touched);
                let shipped = Some(Shipped { proofs, digests: digests.collect(), notes });
                (Arc::new(before), After::Kernel { builds, shipped })
            }
        };
        Ok(Patched { kernel, session, rules, before, after })
    }
}
