//! Modules outside of the kernel's sources, as Kbuild builds them with `M=`.
//!
//! Kbuild puts objects beside the sources of such a module, so both builds happen in a copy of its
//! directory, one after the other. The copy is brought up to date file by file before each build: what
//! a patch or a killed run left there goes, and make compiles only what is newer than its object.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::calls::pinned;
use super::lock::Lock;
use super::patched::count;
use super::{BuildError, BuildSettings, ours};
use crate::atomic;
use crate::event::{BuildEvent, Events};
use crate::interrupt::Interrupt;
use crate::make::{Make, MakeEvent};
use crate::objects::{LinkedObject, linked_modules};
use crate::patch::PatchSet;
use crate::tree::{Tree, resolved};

/// An out-of-tree module and our directory for it, locked for as long as this lives.
#[derive(Debug)]
pub struct ModuleWorkspace {
    kernel: Tree,
    source: Utf8PathBuf,
    root: Utf8PathBuf,
    _lock: Lock,
}

/// One build of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleBuild {
    /// Directory of the objects.
    pub root: Utf8PathBuf,
    /// What was linked, relative to `root`.
    pub objects: Vec<LinkedObject>,
}

impl ModuleWorkspace {
    /// Opens the directory `root` (usually `.klp` in the module's directory `source`) and waits for its
    /// lock. `kernel` is built, or at least prepared for modules; it is only read.
    pub fn open(
        kernel: &Tree,
        source: &Utf8Path,
        root: &Utf8Path,
        interrupt: &Interrupt,
        events: &mut Events<'_>,
    ) -> Result<Self, BuildError> {
        if !["Kbuild", "Makefile"].iter().any(|name| source.join(name).is_file()) {
            return Err(BuildError::NoModule { path: source.to_owned() });
        }
        if !kernel.output.join("include/config/auto.conf").is_file() {
            return Err(BuildError::NotPrepared { path: kernel.output.clone() });
        }
        let root = resolved(root)?;
        let lock = ours::open(&root, interrupt, events)?;
        let (kernel, source) = (kernel.clone(), source.to_owned());
        Ok(Self { kernel, source, root, _lock: lock })
    }

    /// Builds the module as it is and keeps its objects.
    pub fn build_original(
        &self,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<ModuleBuild, BuildError> {
        let build = self.build_path();
        if self.marker().exists() {
            // A make was killed here, and what it wrote may be cut.
            atomic::remove_dir(&build).map_err(|source| self.failed(source))?;
        }
        self.sync(&BTreeSet::new())?;
        events(BuildEvent::Status {
            verb: "Building",
            message: format!(
                "original module in {} for kernel {}",
                self.source,
                self.kernel.kernel_version()?
            ),
        });
        let objects = self.make("original", settings, events)?;
        let kept = self.root.join("original");
        atomic::remove_dir(&kept).map_err(|source| self.failed(source))?;
        for LinkedObject { object, .. } in &objects {
            let (from, to) = (build.join(object), kept.join(object));
            let parent = to.parent().unwrap_or(&kept);
            fs::create_dir_all(parent)
                .and_then(|()| fs::copy(&from, &to))
                .map_err(|source| self.failed(source))?;
        }
        Ok(ModuleBuild { root: kept, objects })
    }

    /// Builds the module with the patches, whose paths are relative to its directory. Its objects stay
    /// until the next build.
    pub fn build_patched(
        &self,
        patches: &PatchSet,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<ModuleBuild, BuildError> {
        let build = self.build_path();
        let changes = patches.apply(&build)?;
        self.sync(&changes.iter().map(|change| change.path.clone()).collect())?;
        events(BuildEvent::Status {
            verb: "Building",
            message: format!("patched module ({} changed)", count(changes.len(), "file")),
        });
        for change in &changes {
            let path = build.join(&change.path);
            let written = match &change.new {
                None => atomic::remove_file(&path),
                Some(bytes) => {
                    let parent = path.parent().unwrap_or(&build);
                    fs::create_dir_all(parent).and_then(|()| atomic::write(&path, bytes))
                }
            };
            written.map_err(|source| self.failed(source))?;
        }
        Ok(ModuleBuild { objects: self.make("patched", settings, events)?, root: build })
    }

    fn make(
        &self,
        log: &str,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<Vec<LinkedObject>, BuildError> {
        let build = self.build_path();
        let mut variables = pinned(settings.variables);
        variables.push(format!("M={build}"));
        let log = self.root.join("log").join(format!("{log}.log"));
        atomic::remove_file(&log).map_err(|source| self.failed(source))?;
        let make = Make {
            program: settings.make.to_owned(),
            source: self.kernel.source.clone(),
            output: self.kernel.output.clone(),
            jobs: settings.jobs,
            variables: &variables,
            environment: &[],
            interrupt: settings.interrupt,
            log,
        };
        let failed = |source| BuildError::Io { path: self.marker(), source };
        fs::write(self.marker(), "").map_err(failed)?;
        let result = make.run(&["modules"], &mut |event| {
            if let MakeEvent::Step { verb, target } = event {
                let target = target
                    .strip_prefix(build.as_str())
                    .map_or(&*target, |rest| rest.trim_start_matches('/'));
                events(BuildEvent::Step { verb, target: target.to_owned() });
            }
        });
        // A make that ended by itself removed what was half made.
        if !matches!(result, Err(crate::make::MakeError::Interrupted { killed: true })) {
            atomic::remove_file(&self.marker()).map_err(failed)?;
        }
        result?;
        Ok(linked_modules(&build)?)
    }

    /// Makes the copy the same as the module's directory, but for objects and other outputs. `more` are
    /// files that are going to be written there.
    fn sync(&self, more: &BTreeSet<Utf8PathBuf>) -> Result<(), BuildError> {
        let build = self.build_path();
        let list = self.root.join("sources");
        let failed = |source| self.failed(source);
        fs::create_dir_all(&build).map_err(failed)?;
        let mut sources = BTreeSet::new();
        self.find_sources(Utf8Path::new(""), &mut sources)?;
        let known = match fs::read_to_string(&list) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            text => text.unwrap_or_default(),
        };
        let known: BTreeSet<Utf8PathBuf> = known.lines().map(Utf8PathBuf::from).collect();
        let all: Vec<&str> = sources.union(&known).chain(more).map(|path| path.as_str()).collect();
        atomic::write(&list, all.join("\n").as_bytes()).map_err(failed)?;
        for path in known.difference(&sources) {
            atomic::remove_file(&build.join(path)).map_err(failed)?;
        }
        for path in &sources {
            let bytes = fs::read(self.source.join(path)).map_err(failed)?;
            let copy = build.join(path);
            // Only what differs: make goes by time.
            if fs::read(&copy).ok().as_ref() != Some(&bytes) {
                let parent = copy.parent().unwrap_or(&build);
                fs::create_dir_all(parent)
                    .and_then(|()| atomic::write(&copy, &bytes))
                    .map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The files below `directory` that Kbuild did not make.
    fn find_sources(
        &self,
        directory: &Utf8Path,
        found: &mut BTreeSet<Utf8PathBuf>,
    ) -> Result<(), BuildError> {
        let path = self.source.join(directory);
        let failed = |source| BuildError::Io { path: path.clone(), source };
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let (relative, path) = (directory.join(name), path.join(name));
            let metadata = match fs::metadata(&path) {
                // A symlink that leads nowhere is no source.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(failed)?,
            };
            if metadata.is_dir() {
                // Other tools' outputs, such as cargo's, say what they are.
                let is_other = matches!(name, ".git" | ".klp")
                    || path == self.root
                    || path.join("CACHEDIR.TAG").exists();
                if !is_other && !entry.file_type().map_err(failed)?.is_symlink() {
                    self.find_sources(&relative, found)?;
                }
            } else if metadata.is_file() && !is_output(&path, name) {
                found.insert(relative);
            }
        }
        Ok(())
    }

    fn build_path(&self) -> Utf8PathBuf {
        self.root.join("build")
    }

    /// Is there while make runs.
    fn marker(&self) -> Utf8PathBuf {
        self.root.join("running")
    }

    fn failed(&self, source: io::Error) -> BuildError {
        BuildError::Io { path: self.root.clone(), source }
    }
}

/// Whether Kbuild or we made a file: it has a saved command, or a name that only outputs have.
fn is_output(path: &Utf8Path, name: &str) -> bool {
    let extension = path.extension().unwrap_or_default();
    crate::cmd_file::cmd_path(path).exists()
        || name.starts_with('.') && matches!(extension, "cmd" | "d")
        || name.ends_with(".mod.c")
        || extension == "ko"
        || matches!(name, "modules.order" | "Module.symvers" | "changed-functions.json")
}
