//! The two builds, and the directory where everything about them is kept.

mod error;
mod lock;
mod running;
mod snapshot;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::atomic;
use crate::baseline::Fingerprint;
use crate::config::Config;
use crate::event::{BuildEvent, Events};
use crate::interrupt::Interrupt;
use crate::jobserver::Jobs;
use crate::make::{Make, MakeEvent};
use crate::mirror::Mirror;
use crate::objects::{LinkedObject, linked_objects};
use crate::patch::{FileChange, PatchSet};
use crate::tree::Tree;
pub use error::BuildError;
use lock::Lock;
use running::Running;

/// Make variables that end up in the kernel's version string, and the same for both builds.
const PINNED: &[(&str, &str)] = &[
    ("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"),
    ("KBUILD_BUILD_USER", "klp"),
    ("KBUILD_BUILD_HOST", "klp"),
    ("KBUILD_BUILD_VERSION", "1"),
];

/// How to build.
#[derive(Debug, Clone, Copy)]
pub struct BuildSettings<'a> {
    /// The limit on what runs at once.
    pub jobs: &'a Jobs,
    /// For make's command line, for example `LLVM=1`.
    pub variables: &'a [String],
    /// Ends the build from another thread.
    pub interrupt: &'a Interrupt,
    /// The make program, usually `make`.
    pub make: &'a str,
}

/// Our directory beside a build's outputs, locked for as long as this lives.
#[derive(Debug)]
pub struct Workspace {
    tree: Tree,
    root: Utf8PathBuf,
    mirror: Option<Mirror>,
    _lock: Lock,
}

/// The kernel as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalBuild {
    /// What was linked, relative to `root`.
    pub objects: Vec<LinkedObject>,
    /// The directory with the kept objects.
    pub root: Utf8PathBuf,
    /// The linked kernel before its final link, where this kernel has one.
    pub vmlinux_o: Option<Utf8PathBuf>,
    /// Whether it was there already.
    pub reused: bool,
}

/// The kernel with the patches. Its objects stay until the next build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchedBuild {
    /// What was linked, relative to `root`.
    pub objects: Vec<LinkedObject>,
    /// The output directory of the build.
    pub root: Utf8PathBuf,
    /// The linked kernel before its final link, where this kernel has one.
    pub vmlinux_o: Option<Utf8PathBuf>,
    /// The files that the patches changed, sorted by path.
    pub changes: Vec<FileChange>,
}

impl Workspace {
    /// Opens the directory `root` (usually `.klp` in the output) and waits for its lock.
    pub fn open(
        tree: &Tree,
        root: &Utf8Path,
        interrupt: &Interrupt,
        events: &mut Events<'_>,
    ) -> Result<Self, BuildError> {
        // Kbuild refuses such source directories, in words that would not name our mirror.
        if root.as_str().contains([' ', ':', '\t', '\n']) {
            return Err(BuildError::UnusablePath { path: root.to_owned() });
        }
        let failed = |source| BuildError::Io { path: root.to_owned(), source };
        for directory in [root.to_owned(), root.join("log")] {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        // Our files are no news to a git tree that we happen to be in.
        let ignore = root.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n").map_err(failed)?;
        }
        let lock = Lock::take(&root.join("lock"), interrupt, events)?;
        Ok(Self { tree: tree.clone(), root: root.to_owned(), mirror: None, _lock: lock })
    }

    /// The mirror of the sources.
    #[must_use]
    pub fn mirror_path(&self) -> Utf8PathBuf {
        self.root.join("mirror")
    }

    /// The output directory of our builds.
    #[must_use]
    pub fn build_path(&self) -> Utf8PathBuf {
        self.root.join("build")
    }

    /// What is kept of the original build.
    #[must_use]
    pub fn original_path(&self) -> Utf8PathBuf {
        self.root.join("original")
    }

    /// The logs of make.
    #[must_use]
    pub fn log_path(&self) -> Utf8PathBuf {
        self.root.join("log")
    }

    /// Builds the kernel as it is, or takes the build that is kept when nothing changed.
    pub fn build_original(
        &mut self,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<OriginalBuild, BuildError> {
        let config = self.tree.config_path();
        let parsed = Config::read(&config)?;
        let mirror = Mirror::sync(&self.tree, &self.mirror_path(), events)?;
        if mirror.is_fresh() {
            // Objects of a mirror that is gone: their sources are older than they are.
            self.discard_build()?;
        }
        let variables = pinned(settings.variables);
        let fingerprint = Fingerprint::take(mirror.stamps(), &config, &variables)?;
        self.mirror = Some(mirror);
        if let Some(objects) = snapshot::reuse(&self.original_path(), &fingerprint)? {
            return Ok(self.original(objects, true));
        }
        events(BuildEvent::Status {
            verb: "Building",
            message: format!("original kernel {}", self.tree.kernel_version()?),
        });
        snapshot::discard(&self.original_path())?;
        self.recover_build(settings.interrupt, events)?;
        let bytes = read(&config)?;
        self.write_config(&bytes)?;
        self.new_log("original")?;
        self.make("original", &["olddefconfig"], settings, events)?;
        self.make("original", &targets(&parsed, "vmlinux"), settings, events)?;
        let objects = linked_objects(&self.build_path())?;
        snapshot::keep(&self.build_path(), &self.original_path(), &objects, &fingerprint)?;
        Ok(self.original(objects, false))
    }

    /// Builds the kernel with the patches. The original comes first.
    ///
    /// The mirror is as the user's sources again when this returns, whatever it returns.
    pub fn build_patched(
        &mut self,
        patches: &PatchSet,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<PatchedBuild, BuildError> {
        let mirror = self.mirror.take().ok_or(BuildError::NoOriginal)?;
        let changes: Vec<FileChange> =
            patches.apply(mirror.path())?.into_iter().map(FileChange::with_kept_lines).collect();
        for change in &changes {
            if let Some(why) = change.unpatchable() {
                let message = format!("code of {} cannot be livepatched: {why}", change.path);
                events(BuildEvent::Note { message });
            }
        }
        let result = self.build_changed(&mirror, &changes, settings, events);
        self.mirror = Some(mirror);
        result?;
        let build = self.build_path();
        Ok(PatchedBuild {
            objects: linked_objects(&build)?,
            vmlinux_o: existing(build.join("vmlinux.o")),
            root: build,
            changes,
        })
    }

    fn build_changed(
        &self,
        mirror: &Mirror,
        changes: &[FileChange],
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), BuildError> {
        // The configuration that the original was built with: an earlier patch may have changed it.
        let kept = read(&snapshot::config(&self.original_path()))?;
        let parsed = Config::read(&snapshot::config(&self.original_path()))?;
        self.recover_build(settings.interrupt, events)?;
        events(BuildEvent::Status {
            verb: "Building",
            message: format!("patched kernel ({} files changed)", changes.len()),
        });
        let guard = Patched { mirror, restored: false };
        mirror.apply(changes)?;
        if read(&self.build_path().join(".config")).ok().as_ref() != Some(&kept) {
            self.write_config(&kept)?;
        }
        self.new_log("patched")?;
        let kconfig = |change: &FileChange| {
            change.path.file_name().is_some_and(|name| name.starts_with("Kconfig"))
        };
        if changes.iter().any(kconfig) {
            // New options would be asked for, and nobody answers.
            self.make("patched", &["olddefconfig"], settings, events)?;
        }
        // Nothing needs the final link, and it takes longest.
        let image = if self.tree.has_target("vmlinux_o")? { "vmlinux_o" } else { "vmlinux" };
        self.make("patched", &targets(&parsed, image), settings, events)?;
        guard.restore()
    }

    fn make(
        &self,
        log: &str,
        targets: &[&str],
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), BuildError> {
        let variables = pinned(settings.variables);
        let make = Make {
            program: settings.make.to_owned(),
            source: self.mirror_path(),
            output: self.build_path(),
            jobs: settings.jobs,
            variables: &variables,
            interrupt: settings.interrupt,
            log: self.log_path().join(format!("{log}.log")),
        };
        let mut running = Running::start(&self.root)?;
        let result = make.run(targets, &mut |event| match event {
            MakeEvent::Started { group } => running.group(group),
            MakeEvent::Step { verb, target } => events(BuildEvent::Step { verb, target }),
        });
        running.finish(&result)?;
        Ok(result?)
    }

    /// Makes the output directory right again when a make before was killed.
    fn recover_build(
        &self,
        interrupt: &Interrupt,
        events: &mut Events<'_>,
    ) -> Result<(), BuildError> {
        let build = self.build_path();
        fs::create_dir_all(&build)
            .map_err(|source| BuildError::Io { path: build.clone(), source })?;
        running::recover(&self.root, &build, interrupt, events)
    }

    fn discard_build(&self) -> Result<(), BuildError> {
        let build = self.build_path();
        atomic::remove_dir(&build).map_err(|source| BuildError::Io { path: build, source })?;
        snapshot::discard(&self.original_path())
    }

    fn original(&self, objects: Vec<LinkedObject>, reused: bool) -> OriginalBuild {
        let root = snapshot::objects(&self.original_path());
        OriginalBuild { objects, vmlinux_o: existing(root.join("vmlinux.o")), root, reused }
    }

    fn new_log(&self, name: &str) -> Result<(), BuildError> {
        let path = self.log_path().join(format!("{name}.log"));
        atomic::remove_file(&path).map_err(|source| BuildError::Io { path, source })
    }

    fn write_config(&self, bytes: &[u8]) -> Result<(), BuildError> {
        let path = self.build_path().join(".config");
        atomic::write(&path, bytes).map_err(|source| BuildError::Io { path, source })
    }
}

/// The original build that is kept in our directory `root`: where its objects are, and which.
pub fn kept_objects(
    root: &Utf8Path,
) -> Result<Option<(Utf8PathBuf, Vec<LinkedObject>)>, BuildError> {
    let original = root.join("original");
    Ok(snapshot::list(&original)?.map(|list| (snapshot::objects(&original), list)))
}

/// A mirror with patches in it, restored when this goes.
struct Patched<'a> {
    mirror: &'a Mirror,
    restored: bool,
}

impl Patched<'_> {
    fn restore(mut self) -> Result<(), BuildError> {
        self.restored = true;
        Ok(self.mirror.restore()?)
    }
}

impl Drop for Patched<'_> {
    fn drop(&mut self) {
        if !self.restored {
            // An error is on its way already, and the journal is there for the next run.
            let _ = self.mirror.restore();
        }
    }
}

/// The user's variables, and ours where the user has none.
fn pinned(variables: &[String]) -> Vec<String> {
    let given = |name: &str| {
        variables.iter().any(|variable| {
            variable.split_once('=').is_some_and(|(key, _)| key.trim_end_matches(':') == name)
        })
    };
    let pins = PINNED.iter().filter(|(name, _)| !given(name));
    pins.map(|(name, value)| format!("{name}={value}")).chain(variables.iter().cloned()).collect()
}

fn targets<'a>(config: &Config, image: &'a str) -> Vec<&'a str> {
    let mut targets = vec![image];
    if config.is_enabled("CONFIG_MODULES") {
        targets.push("modules");
    }
    targets
}

fn read(path: &Utf8Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| BuildError::Io { path: path.to_owned(), source })
}

fn existing(path: Utf8PathBuf) -> Option<Utf8PathBuf> {
    path.exists().then_some(path)
}
