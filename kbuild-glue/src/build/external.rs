//! Modules outside of the kernel's sources, as Kbuild builds them with `M=`.
//!
//! Kbuild puts objects beside the sources of such a module, so both builds happen in a copy of its
//! directory, one after the other. The copy is brought up to date file by file before each build: what
//! a patch or a killed run left there goes, and make compiles only what is newer than its object.

mod above;
mod calls;
mod copy;
mod exports;
mod made_with;

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::lock::Lock;
use super::patched::count;
use super::reads::sources_of;
use super::{BuildError, BuildSettings, ours};
use crate::atomic;
use crate::cmd_file::cmd_path;
use crate::event::{BuildEvent, BuildEvents};
use crate::interrupt::Interrupt;
use crate::last_build::LastBuild;
use crate::make::MakeError;
use crate::objects::{LinkedInto, LinkedObject, linked_modules};
use crate::patch::{FileChange, PatchSet};
use crate::revisions::Revisions;
use crate::source_names::is_plain;
use crate::tree::{Tree, resolved};
use copy::ModuleCopy;

/// Where it is kept how the sources are named: the next run need not find it by building twice.
const NAMED: &str = "named";

/// An out-of-tree module and our directory for it, locked for as long as this lives.
#[derive(Debug)]
pub struct ModuleWorkspace {
    kernel: Tree,
    /// The module's directory.
    directory: Utf8PathBuf,
    /// Where its sources are: there, or checked out.
    source: Utf8PathBuf,
    root: Utf8PathBuf,
    /// The directory that its sources are in for `__FILE__`.
    named: Utf8PathBuf,
    _lock: Lock,
}

/// One build of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleBuild {
    /// Directory of the objects.
    pub root: Utf8PathBuf,
    /// What was linked, relative to `root`.
    pub objects: Vec<LinkedObject>,
    /// What patches changed in the sources for it.
    pub changes: Vec<FileChange>,
}

impl ModuleWorkspace {
    /// Opens the directory `root` (usually `.klp` in the module's `directory`) and waits for its
    /// lock. `kernel` is built, or at least prepared for modules; it is only read.
    pub fn open(
        kernel: &Tree,
        directory: &Utf8Path,
        root: &Utf8Path,
        interrupt: &Interrupt,
        events: &mut BuildEvents<'_>,
    ) -> Result<Self, BuildError> {
        if !["Kbuild", "Makefile"].iter().any(|name| directory.join(name).is_file()) {
            return Err(BuildError::NoModule { path: directory.to_owned() });
        }
        if !kernel.output.join("include/config/auto.conf").is_file() {
            return Err(BuildError::NotPrepared { path: kernel.output.clone() });
        }
        let root = resolved(root)?;
        let lock = ours::open(&root, interrupt, events)?;
        let (kernel, directory) = (kernel.clone(), directory.to_owned());
        let named = match fs::read_to_string(root.join(NAMED)) {
            Ok(named) if is_plain(&named) => named.into(),
            _ => directory.clone(),
        };
        Ok(Self { kernel, source: directory.clone(), directory, root, named, _lock: lock })
    }

    /// Takes the sources of the first of `revisions` for the original, unless the directory has them.
    pub fn check_out(
        &mut self,
        revisions: &Revisions,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        if let Some(source) = revisions.check_out_unless_here(&self.root, events)? {
            self.source = source;
        }
        Ok(())
    }

    /// The directory that the original is built from.
    #[must_use]
    pub fn source(&self) -> &Utf8Path {
        &self.source
    }

    /// Names the sources in the next builds as if they were in `directory`, as in the module that is in use. Returns whether
    /// builds named them otherwise until now.
    pub fn name_sources(&mut self, directory: Option<&Utf8Path>) -> Result<bool, BuildError> {
        let directory = directory.unwrap_or(&self.directory);
        let is_new = self.named != directory;
        if is_new {
            let path = self.root.join(NAMED);
            atomic::write(&path, directory.as_str().as_bytes()).map_err(BuildError::io(&path))?;
            self.named = directory.to_owned();
        }
        Ok(is_new)
    }

    /// The kernel that the module is for.
    #[must_use]
    pub fn kernel(&self) -> &Tree {
        &self.kernel
    }

    /// Builds the module as it is and keeps its objects.
    pub fn build_original(
        &self,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<ModuleBuild, BuildError> {
        let build = self.build_path();
        self.last_build().forget()?;
        if self.marker().exists() {
            // A make was killed here, and what it wrote may be cut.
            atomic::remove_dir(&build).map_err(|source| self.failed(source))?;
        }
        let made_with = self.expect_made_with(settings.variables)?;
        self.copy().sync(&[])?;
        let (directory, version) = (&self.directory, self.kernel.kernel_version()?);
        let named = if self.named == self.directory {
            String::new()
        } else {
            format!(" as in {}", self.named)
        };
        events(BuildEvent::Status {
            verb: "Building",
            message: format!("original module in {directory}{named} for kernel {version}"),
        });
        let objects = self.make("original", settings, events)?;
        let kept = self.original_path();
        atomic::remove_dir(&kept).map_err(|source| self.failed(source))?;
        for path in outputs(&objects) {
            let (from, to) = (build.join(&path), kept.join(&path));
            // Kbuild does not write all of them for each kernel.
            if !from.is_file() {
                continue;
            }
            let parent = to.parent().unwrap_or(&kept);
            fs::create_dir_all(parent)
                .and_then(|()| fs::copy(&from, &to))
                .map_err(|source| self.failed(source))?;
        }
        self.keep_made_with(&made_with)?;
        Ok(ModuleBuild { root: kept, objects, changes: Vec::new() })
    }

    /// Builds the module with the patches, whose paths are relative to its directory. Its objects stay
    /// until the next build.
    pub fn build_patched(
        &self,
        patches: &PatchSet,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<ModuleBuild, BuildError> {
        let build = self.build_path();
        let changes = patches.apply(&build)?;
        let copy = self.copy();
        copy.sync(&changes)?;
        events(BuildEvent::Status {
            verb: "Building",
            message: format!("patched module ({} changed)", count(changes.len(), "file")),
        });
        copy.apply(&changes)?;
        let objects = self.make("patched", settings, events)?;
        let last = self.last_build();
        last.keep_files(&changes)?;
        last.keep_patches(patches)?;
        Ok(ModuleBuild { root: build, objects, changes })
    }

    /// The files of the module's that `build`, the one that was last, was made from.
    #[must_use]
    pub fn sources_of(&self, build: &ModuleBuild) -> BTreeSet<Utf8PathBuf> {
        let copy = self.build_path();
        let of = |it: &LinkedObject| sources_of(&copy, &copy, &copy, &it.object);
        build.objects.iter().flat_map(of).collect()
    }

    fn make(
        &self,
        log: &str,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<Vec<LinkedObject>, BuildError> {
        let build = self.build_path();
        self.new_log(log)?;
        let failed = |source| BuildError::Io { path: self.marker(), source };
        fs::write(self.marker(), "").map_err(failed)?;
        let output = &self.kernel.output;
        let result = self.make_for((log, output), &build, settings, &mut |event| {
            if let BuildEvent::Step { verb, target } = event {
                let target = target
                    .strip_prefix(build.as_str())
                    .map_or(&*target, |rest| rest.trim_start_matches('/'));
                events(BuildEvent::Step { verb, target: target.to_owned() });
            }
        });
        // A make that ended by itself removed what was half made.
        if !matches!(result, Err(MakeError::Interrupted { killed: true })) {
            atomic::remove_file(&self.marker()).map_err(failed)?;
        }
        let note = match &result {
            Err(MakeError::Failed { tail, .. }) => above::not_found(tail, &self.source),
            Err(_) => None,
            Ok(()) => above::not_searched(&build, &self.source)?,
        };
        if let Some(message) = note {
            events(BuildEvent::Note { message });
        }
        result?;
        Ok(linked_modules(&build)?)
    }

    fn copy(&self) -> ModuleCopy<'_> {
        ModuleCopy { source: &self.source, root: &self.root, build: self.build_path() }
    }

    /// Makes the copy what both builds are made from: the module's sources with `changes`.
    pub(crate) fn bring_sources(&self, changes: &[FileChange]) -> Result<(), BuildError> {
        let copy = self.copy();
        copy.sync(changes)?;
        copy.apply(changes)
    }

    /// Does `work` while the copy has the `changes` of the last build, also where a run was killed that took them away.
    pub(crate) fn with_changes(
        &self,
        changes: &[FileChange],
        work: impl FnOnce() -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        self.copy().apply(changes)?;
        work()
    }

    /// Does `work` while the copy has its files as they were before the `changes` of the last build.
    pub(crate) fn without_changes(
        &self,
        changes: &[FileChange],
        work: impl FnOnce() -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let before: Vec<FileChange> = changes.iter().map(FileChange::undone).collect();
        self.copy().apply(&before)?;
        let result = work();
        self.copy().apply(changes)?;
        result
    }

    /// What the last build left.
    #[must_use]
    pub fn last_build(&self) -> LastBuild {
        LastBuild::of_module(&self.root, &self.kernel)
    }

    /// The copy of the module's directory. It has the objects of the build that was last.
    pub(crate) fn build_path(&self) -> Utf8PathBuf {
        self.root.join("build")
    }

    /// What is kept of the original.
    pub(crate) fn original_path(&self) -> Utf8PathBuf {
        self.root.join("original")
    }

    /// What is made for a livepatch.
    pub(crate) fn livepatch_path(&self) -> Utf8PathBuf {
        self.root.join("module")
    }

    /// Is there while make runs.
    fn marker(&self) -> Utf8PathBuf {
        self.root.join("running")
    }

    fn failed(&self, source: io::Error) -> BuildError {
        BuildError::Io { path: self.root.clone(), source }
    }
}

/// What is kept of a build: its objects and how each was made, its modules, and what they export.
fn outputs(objects: &[LinkedObject]) -> BTreeSet<Utf8PathBuf> {
    let mut paths = BTreeSet::from(["Module.symvers".into(), "modules.order".into()]);
    for LinkedObject { object, linked } in objects {
        paths.extend([object.clone(), cmd_path(object)]);
        if let LinkedInto::Module(name) = linked {
            paths
                .extend([".mod", ".ko"].map(|suffix| Utf8PathBuf::from(format!("{name}{suffix}"))));
        }
    }
    paths
}
