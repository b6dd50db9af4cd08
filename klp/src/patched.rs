//! The kernel with patches.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{
    BuildError, BuildEvent, FileChange, LinkedObject, ModuleBuild, ModuleWorkspace, OriginalBuild,
    PatchSet, PatchedBuild, Recompiled, Workshop, Workspace,
};
use klp_core::Manifest;
use klp_core::record::Note;

use crate::checksums::Checksums;
use crate::error::Error;
use crate::event::{Event, Events, Phase, of_build};
use crate::kernel::Kernel;
use crate::not_compared;
use crate::original::{Original, OriginalKind};
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
    pub(crate) after: PatchedKind<'o>,
}

/// What was built.
#[derive(Debug)]
pub(crate) enum PatchedKind<'o> {
    Kernel {
        workspace: &'o Workspace,
        builds: Box<Builds<'o>>,
        shipped: Option<ShippedIdentity>,
    },
    Module {
        workspace: &'o ModuleWorkspace,
        directory: &'o Utf8Path,
        original: &'o ModuleBuild,
        build: ModuleBuild,
        digests: Vec<String>,
    },
}

/// Both builds, of which a livepatch is made.
#[derive(Debug)]
pub(crate) struct Builds<'o> {
    pub(crate) workshop: Workshop<'o>,
    pub(crate) original: BuiltOriginal<'o>,
    pub(crate) patched: PatchedBuild,
    pub(crate) session: &'o Session,
}

/// The original build: a directory as make has left it, with the linked kernel and the modules that count.
#[derive(Debug)]
pub(crate) struct BuiltOriginal<'o> {
    pub(crate) root: Utf8PathBuf,
    pub(crate) objects: Cow<'o, [LinkedObject]>,
    /// Those that were compiled for a livepatch meanwhile.
    pub(crate) with_sections: BTreeMap<Utf8PathBuf, Recompiled>,
}

/// What a kernel that was shipped is known by.
#[derive(Debug)]
pub(crate) struct ShippedIdentity {
    pub(crate) proofs: Proofs,
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
            OriginalKind::Built { workspace, build, checksums } => {
                events(Event::Phase(Phase::Patched));
                let patched =
                    workspace.build_patched(build, patch_set, &settings, &mut of_build(events))?;
                workspace.last_build().keep_patches(patch_set)?;
                let objects = patched.objects.len().saturating_sub(patched.made.len());
                events(Event::ObjectsReused { objects });
                let original = BuiltOriginal {
                    root: build.root.clone(),
                    objects: (&build.objects).into(),
                    with_sections: BTreeMap::new(),
                };
                let workshop = workspace.workshop(build);
                let builds = Box::new(Builds { workshop, original, patched, session });
                (Arc::clone(checksums), PatchedKind::Kernel { workspace, builds, shipped: None })
            }
            OriginalKind::Module { workspace, directory, build: original, checksums } => {
                events(Event::Phase(Phase::Patched));
                let build = workspace.build_patched(patch_set, &settings, &mut of_build(events))?;
                let digests = digests(patch_set);
                let after = PatchedKind::Module { workspace, directory, original, build, digests };
                (Arc::clone(checksums), after)
            }
            OriginalKind::Shipped { workspace, stock, parts } => {
                let mirror = workspace.mirror_path();
                let changes: Vec<FileChange> =
                    patch_set.apply(&mirror).map_err(BuildError::from)?;
                if let Some(message) = patch_set.left_out(&mirror).map_err(BuildError::from)? {
                    events(Event::Build(BuildEvent::Note { message }));
                }
                let touched = stock.recipes.touched(&changes).map_err(BuildError::from)?;
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
                workspace.last_build().keep_patches(patch_set)?;
                let workshop = workspace.workshop(&original);
                let OriginalBuild { root, objects, with_sections, .. } = original;
                let original = BuiltOriginal { root, objects: objects.into(), with_sections };
                let builds = Box::new(Builds { workshop, original, patched, session });
                let digests = digests(patch_set);
                let notes = not_compared::notes(&touched);
                let shipped = Some(ShippedIdentity { proofs, digests, notes });
                (Arc::new(before), PatchedKind::Kernel { workspace, builds, shipped })
            }
        };
        Ok(Patched { kernel, session, rules, before, after })
    }
}

/// By which the patches are known.
fn digests(patch_set: &PatchSet) -> Vec<String> {
    patch_set.patches().iter().map(|patch| patch.digest().to_string()).collect()
}
