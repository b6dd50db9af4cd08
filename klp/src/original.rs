//! The kernel as it is, built or compiled as far as it is needed.

use std::sync::Arc;

use camino::Utf8Path;
use kbuild_glue::{
    BuildError, BuildEvent, ModuleBuild, ModuleWorkspace, OriginalBuild, PatchSet, Revisions,
    StockBuild, StockParts, Workspace,
};
use klp_core::Manifest;

use crate::cache::Cache;
use crate::checksums::Checksums;
use crate::error::Error;
use crate::event::{Event, Events, Phase, of_build};
use crate::external;
use crate::kept::KeptChecksums;
use crate::kernel::{Kernel, KernelKind};
use crate::output;
use crate::rules::Rules;
use crate::session::Session;

/// A kernel whose directory is locked for as long as this lives.
#[derive(Debug)]
pub struct LockedKernel<'k> {
    kernel: &'k Kernel,
    session: &'k Session,
    work: LockedWorkspace<'k>,
}

/// What is done in that directory.
#[derive(Debug)]
enum LockedWorkspace<'k> {
    Built(Workspace),
    Module(ModuleWorkspace, &'k Utf8Path),
    Shipped(Workspace, &'k StockParts),
}

/// The kernel, or the module, without the patches.
#[derive(Debug)]
pub struct Original<'k> {
    pub(crate) kernel: &'k Kernel,
    pub(crate) session: &'k Session,
    pub(crate) rules: &'k Rules,
    pub(crate) state: OriginalKind<'k>,
}

/// What there is of it.
#[derive(Debug)]
pub(crate) enum OriginalKind<'k> {
    /// All of it.
    Built { workspace: Workspace, build: OriginalBuild, checksums: Arc<Checksums<'static>> },
    /// The module.
    Module {
        workspace: ModuleWorkspace,
        directory: &'k Utf8Path,
        build: ModuleBuild,
        checksums: Arc<Checksums<'static>>,
    },
    /// What its objects are compiled with. Which of them are needed is known with the patches.
    Shipped { workspace: Workspace, stock: StockBuild, parts: &'k StockParts },
}

impl Kernel {
    /// Waits until no other run works in our directory. Results that lie there are removed: they must not be taken
    /// for those of this run.
    pub fn open<'k>(
        &'k self,
        session: &'k Session,
        events: &mut Events<'_>,
    ) -> Result<LockedKernel<'k>, Error> {
        let Self { tree, root, .. } = self;
        let interrupt = &session.interrupt;
        let mut events = of_build(events);
        let work = match &self.kind {
            KernelKind::Built => {
                LockedWorkspace::Built(Workspace::open(tree, root, interrupt, &mut events)?)
            }
            KernelKind::Module(directory) => LockedWorkspace::Module(
                ModuleWorkspace::open(tree, directory, root, interrupt, &mut events)?,
                directory,
            ),
            KernelKind::Shipped(parts) => LockedWorkspace::Shipped(
                Workspace::open(tree, root, interrupt, &mut events)?,
                parts,
            ),
        };
        output::remove(&self.results, output::is_results, output::RESULTS)?;
        Ok(LockedKernel { kernel: self, session, work })
    }
}

impl<'k> LockedKernel<'k> {
    /// Takes the first of `revisions` for the sources, whatever the user's tree is at.
    pub fn check_out(
        &mut self,
        revisions: &Revisions,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        match &mut self.work {
            LockedWorkspace::Built(workspace) => {
                Ok(workspace.check_out(revisions, &mut of_build(events))?)
            }
            LockedWorkspace::Module(workspace, _) => {
                Ok(workspace.check_out(revisions, &mut of_build(events))?)
            }
            LockedWorkspace::Shipped(..) => Ok(()),
        }
    }

    /// Whether `patches` apply, before anything is built for them, and what of them is left out. The sources of a
    /// kernel that was shipped may not be there yet; those are asked later.
    pub fn expect_to_apply(
        &self,
        patches: &PatchSet,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let sources = match &self.work {
            LockedWorkspace::Built(workspace) => &workspace.tree().source,
            LockedWorkspace::Module(workspace, _) => workspace.source(),
            LockedWorkspace::Shipped(..) => return Ok(()),
        };
        if let Some(message) = patches.left_out(sources).map_err(BuildError::from)? {
            events(Event::Build(BuildEvent::Note { message }));
        }
        Ok(())
    }

    /// Builds the original, or takes the one that is kept; of a kernel that was shipped, prepares what its objects
    /// are compiled with. Functions of objects that `rules` skip get no checksum.
    pub fn original(
        self,
        rules: &'k Rules,
        events: &mut Events<'_>,
    ) -> Result<Original<'k>, Error> {
        let Self { kernel, session, work } = self;
        let settings = session.settings();
        events(Event::Phase(Phase::Original));
        let state = match work {
            LockedWorkspace::Built(workspace) => {
                let build = workspace.build_original(&settings, &mut of_build(events))?;
                if build.reused {
                    let (root, objects) = (build.root.clone(), build.objects.len());
                    events(Event::OriginalReused { root, objects });
                }
                events(Event::Phase(Phase::Checksums));
                let checksums = kept_checksums(&build, rules, (kernel, session), events)?;
                OriginalKind::Built { workspace, build, checksums: Arc::new(checksums) }
            }
            LockedWorkspace::Module(mut workspace, directory) => {
                let build = external::original(&mut workspace, directory, session, events)?;
                events(Event::Phase(Phase::Checksums));
                let checksums = of_module(&build, rules, session)?;
                checksums.save(&kernel.root.join("original.checksums"))?;
                OriginalKind::Module { workspace, directory, build, checksums: Arc::new(checksums) }
            }
            LockedWorkspace::Shipped(mut workspace, parts) => {
                let stock = workspace.prepare_stock(parts, &settings, &mut of_build(events))?;
                OriginalKind::Shipped { workspace, stock, parts }
            }
        };
        Ok(Original { kernel, session, rules, state })
    }
}

impl Original<'_> {
    /// The directory that it was built in.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        match &self.state {
            OriginalKind::Built { build, .. } => &build.root,
            OriginalKind::Module { build, .. } => &build.root,
            OriginalKind::Shipped { stock, .. } => &stock.recipes.root,
        }
    }

    /// How many objects it has.
    #[must_use]
    pub fn objects(&self) -> usize {
        match &self.state {
            OriginalKind::Built { build, .. } => build.objects.len(),
            OriginalKind::Module { build, .. } => build.objects.len(),
            OriginalKind::Shipped { stock, .. } => stock.recipes.objects(),
        }
    }
}

/// Checksums of the original build. They are kept with it, for this program and to be compared elsewhere.
fn kept_checksums(
    original: &OriginalBuild,
    rules: &Rules,
    (kernel, session): (&Kernel, &Session),
    events: &mut Events<'_>,
) -> Result<Checksums<'static>, Error> {
    let OriginalBuild { objects, root, kept, .. } = original;
    let kept = KeptChecksums::in_directory(kept)?;
    let known = kept.read();
    events(if known.objects.is_empty() {
        Event::Checksumming { objects: objects.len() }
    } else {
        Event::ChecksumsReused { objects: objects.len() }
    });
    let checksums = session.on_threads(|| {
        Checksums::of_linked(root, objects, &rules.allowlist, &known, &kernel.digests())
    })??;
    if checksums.manifest != known {
        kept.write(&checksums.manifest)?;
    }
    Ok(checksums)
}

/// Checksums of a build of a module.
pub(crate) fn of_module(
    build: &ModuleBuild,
    rules: &Rules,
    session: &Session,
) -> Result<Checksums<'static>, Error> {
    let known = Manifest::default();
    session.on_threads(|| {
        let cache = Cache::default();
        Checksums::of_linked(&build.root, &build.objects, &rules.allowlist, &known, &cache)
    })?
}
