//! The two builds, and the directory where everything about them is kept.

mod beside;
mod blame;
mod borrowed;
mod calls;
mod clean;
mod clone;
mod directives;
mod environment;
mod error;
mod external;
mod generated;
mod image;
mod inventory;
mod kept;
mod lock;
mod makefiles;
mod not_compiled;
mod ours;
mod outside;
mod patched;
mod patterns;
mod plan;
mod preview;
mod random;
mod readers;
mod reads;
mod real_lines;
mod records;
mod running;
mod same_code;
mod scripts;
mod seed;
mod seed_proof;
mod single;
mod start;
mod unfinished;
mod written_after;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::atomic;
use crate::baseline::Fingerprint;
use crate::config::Config;
use crate::event::{BuildEvent, BuildEvents};
use crate::interrupt::Interrupt;
use crate::jobserver::Jobs;
use crate::last_build::LastBuild;
use crate::mirror::Mirror;
use crate::module::Recompiled;
use crate::objects::{LinkedObject, linked_objects};
use crate::patch::FileChange;
use crate::revisions::Revisions;
use crate::tree::{Tree, resolved};
use calls::{targets, variables};
pub use clean::{KeptFile, clean, kept_files};
use environment::Environment;
pub use error::BuildError;
pub use external::{ModuleBuild, ModuleWorkspace};
use kept::Kept;
use lock::Lock;
pub use not_compiled::NotCompiled;
pub(crate) use not_compiled::warn_not_compiled;
pub(crate) use ours::MARK;
pub use ours::usable;
pub use preview::Preview;
pub use reads::{Reads, sources_of};
pub use unfinished::recover;

/// How to build.
#[derive(Debug, Clone, Copy)]
pub struct BuildSettings<'a> {
    /// The limit on what runs at once.
    pub jobs: &'a Jobs,
    /// For make's command line, for example `LLVM=1`.
    pub variables: &'a [String],
    /// Names and values of what else the environment has for scripts of the build.
    pub environment: &'a [(String, String)],
    /// Whether the patched kernel is made by a full make in any case.
    pub full_make: bool,
    /// Ends the build from another thread.
    pub interrupt: &'a Interrupt,
    /// The make program, usually `make`.
    pub make: &'a str,
}

/// Our directory beside a build's outputs, locked for as long as this lives.
#[derive(Debug)]
pub struct Workspace {
    tree: Tree,
    pub(crate) root: Utf8PathBuf,
    _lock: Lock,
}

/// What an original is made from.
#[derive(Debug)]
pub(crate) struct Basis {
    pub(crate) mirror: Mirror,
    pub(crate) config: Config,
    pub(crate) fingerprint: Fingerprint,
}

/// The kernel as it is.
#[derive(Debug, Clone)]
pub struct OriginalBuild {
    /// What was linked, relative to `root`.
    pub objects: Vec<LinkedObject>,
    /// The output directory of the build. While a patched kernel is built, its objects are not all
    /// there.
    pub root: Utf8PathBuf,
    /// A directory for what is made from the original and has to go when it goes.
    pub kept: Utf8PathBuf,
    /// The linked kernel before its final link, where this kernel has one.
    pub vmlinux_o: Option<Utf8PathBuf>,
    /// Whether it was there already.
    pub reused: bool,
    /// Those that were compiled for a livepatch meanwhile.
    pub with_sections: BTreeMap<Utf8PathBuf, Recompiled>,
    pub(crate) basis: Arc<Basis>,
}

/// The kernel with the patches. What was made for it stays until the next build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchedBuild {
    /// What is linked into it.
    pub objects: Vec<LinkedObject>,
    /// Those of them that were made anew, relative to `root`. The others are those of the original.
    pub made: BTreeSet<Utf8PathBuf>,
    /// Those that were compiled for a livepatch meanwhile.
    pub with_sections: BTreeMap<Utf8PathBuf, Recompiled>,
    /// The directory with the objects that were made.
    pub root: Utf8PathBuf,
    /// The directory with the others: [`OriginalBuild::root`].
    pub original_root: Utf8PathBuf,
    /// The linked kernel before its final link, if it was made.
    pub vmlinux_o: Option<Utf8PathBuf>,
    /// The files that the patches changed, sorted by path, as they were compiled: with the line numbers of the original.
    pub changes: Vec<FileChange>,
    /// The same as the patches leave them.
    pub written: Vec<FileChange>,
    /// Those of them that are a part of what starts the kernel, which is not compared.
    pub starting: Vec<Utf8PathBuf>,
    /// Those of them from which nothing is compiled.
    pub not_compiled: BTreeSet<NotCompiled>,
}

impl Basis {
    /// Does `work` while the mirror has `changes`; `written` are the same as patches leave them.
    pub(crate) fn with_changes(
        &self,
        changes: &[FileChange],
        written: &[FileChange],
        work: impl FnMut() -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let result = real_lines::make(&self.mirror, changes, written, work);
        self.mirror.restore()?;
        result
    }
}

impl PatchedBuild {
    /// Where the file of a linked object is.
    #[must_use]
    pub fn path(&self, object: &Utf8Path) -> Utf8PathBuf {
        let root = if self.made.contains(object) { &self.root } else { &self.original_root };
        root.join(object)
    }
}

impl Workspace {
    /// Opens the directory `root` (usually `.klp` in the output) and waits for its lock. It is refused if it
    /// holds files that are not ours.
    pub fn open(
        tree: &Tree,
        root: &Utf8Path,
        interrupt: &Interrupt,
        events: &mut BuildEvents<'_>,
    ) -> Result<Self, BuildError> {
        let root = resolved(root)?;
        let lock = ours::open(&root, interrupt, events)?;
        Ok(Self { tree: tree.clone(), root, _lock: lock })
    }

    /// Takes the sources of the first of `revisions` for the original, unless the tree has them.
    pub fn check_out(
        &mut self,
        revisions: &Revisions,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        if let Some(source) = revisions.check_out_unless_here(&self.root, events)? {
            self.tree.source = source;
        }
        Ok(())
    }

    /// Builds from another tree.
    pub(crate) fn set_tree(&mut self, tree: Tree) {
        self.tree = tree;
    }

    /// The tree that is built from.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
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

    /// The objects of the patched build.
    #[must_use]
    pub fn patched_path(&self) -> Utf8PathBuf {
        self.root.join("patched")
    }

    /// What the last build left.
    #[must_use]
    pub fn last_build(&self) -> LastBuild {
        LastBuild::of_kernel(&self.root)
    }

    /// What is written down about the original build.
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
    fn make_original(
        &self,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<OriginalBuild, BuildError> {
        let config = self.tree.config_path();
        let parsed = Config::read(&config)?;
        self.recover(settings.interrupt, events)?;
        let mirror = Mirror::sync(&self.tree, &self.mirror_path(), events)?;
        if mirror.is_fresh() || mirror.is_relinked() {
            // Objects of a mirror that is gone: their sources are older than they are.
            self.discard_build()?;
        }
        if mirror.altered().is_some() {
            kept::discard(&self.original_path())?;
        }
        self.make_anew_beside(&mirror, &parsed)?;
        mirror.keep()?;
        let variables = variables(settings);
        let fingerprint = Fingerprint::take(&self.root, mirror.stamps(), &config, &variables)?;
        let (kept, build) = (self.original_path(), self.build_path());
        let why = match kept::find(&kept, &build, &fingerprint, settings.environment)? {
            Kept::Usable(objects, inventory, checked) => {
                inventory.refresh(&checked, &build, &kept)?;
                let basis = Basis { mirror, config: parsed, fingerprint };
                return Ok(self.original_build(basis, objects, true));
            }
            Kept::Outdated(why, altered) => {
                kept::discard(&kept)?;
                for path in altered.iter().map(|path| build.join(path)) {
                    atomic::remove_file(&path).map_err(BuildError::io(&path))?;
                }
                format!(" ({why})")
            }
            Kept::Useless(why) => {
                self.discard_build()?;
                format!(" ({why})")
            }
            Kept::OfOtherEnvironment(why) => {
                self.discard_build()?;
                // Nobody knows of which environment the user's build is: ours starts from nothing.
                fs::create_dir_all(&build).map_err(BuildError::io(&build))?;
                format!(" ({why})")
            }
            Kept::Nothing => String::new(),
        };
        events(BuildEvent::Status {
            verb: "Building",
            message: format!("original kernel {}{why}", self.tree.kernel_version()?),
        });
        if !build.join(".config").exists()
            && let Ok(objects) = linked_objects(&self.tree.output)
        {
            // The user's own build tells how many there will be.
            let paths = objects.into_iter().map(|object| object.object).collect();
            events(BuildEvent::Objects { paths });
        }
        self.start(&mirror, &parsed, &variables, events)?;
        self.new_log("original")?;
        self.make("original", &["olddefconfig"], settings, events)?;
        random::take_seed(&self.tree, &build, &parsed, events)?;
        self.make("original", &targets(&parsed, "vmlinux"), settings, events)?;
        if let Some(path) = mirror.touched()? {
            return Err(BuildError::Altered { path });
        }
        let objects = linked_objects(&build)?;
        self.keep_original(&mirror, &objects, &fingerprint, settings)?;
        Ok(self.original_build(Basis { mirror, config: parsed, fingerprint }, objects, false))
    }

    /// Writes down what was built.
    fn keep_original(
        &self,
        mirror: &Mirror,
        objects: &[LinkedObject],
        fingerprint: &Fingerprint,
        settings: &BuildSettings<'_>,
    ) -> Result<(), BuildError> {
        let environment = Environment::of(mirror.path(), mirror.stamps(), settings.environment)?;
        let (kept, build) = (self.original_path(), self.build_path());
        kept::write(&kept, &build, mirror, objects, fingerprint, &environment)
    }

    /// Makes output directory and mirror right again when a run before was killed.
    pub(crate) fn recover(
        &self,
        interrupt: &Interrupt,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        running::wait(&self.root, interrupt, events)?;
        patched::recover(self, events)?;
        running::recover(&self.root, &self.build_path(), events)?;
        // Nobody works in it, so what stands aside there stays from a run that was killed.
        Mirror::as_it_is(&self.tree, &self.mirror_path())?;
        Ok(())
    }

    pub(crate) fn discard_build(&self) -> Result<(), BuildError> {
        let build = self.build_path();
        atomic::remove_dir(&build).map_err(BuildError::io(&build))?;
        // Last: without a build, what is written down about it counts for nothing.
        kept::discard(&self.original_path())
    }

    fn original_build(
        &self,
        basis: Basis,
        objects: Vec<LinkedObject>,
        reused: bool,
    ) -> OriginalBuild {
        let root = self.build_path();
        OriginalBuild {
            objects,
            vmlinux_o: existing(root.join("vmlinux.o")),
            root,
            kept: self.original_path(),
            reused,
            with_sections: BTreeMap::new(),
            basis: Arc::new(basis),
        }
    }

    pub(crate) fn new_log(&self, name: &str) -> Result<(), BuildError> {
        let path = self.log_path().join(format!("{name}.log"));
        atomic::remove_file(&path).map_err(BuildError::io(&path))
    }

    fn write_config(&self, bytes: &[u8]) -> Result<(), BuildError> {
        let path = self.build_path().join(".config");
        atomic::write(&path, bytes).map_err(BuildError::io(&path))
    }
}

/// The original build that is kept in our directory `root`: where its objects are, and which.
pub fn kept_objects(
    root: &Utf8Path,
) -> Result<Option<(Utf8PathBuf, Vec<LinkedObject>)>, BuildError> {
    Ok(kept::list(&root.join("original"))?.map(|list| (root.join("build"), list)))
}

fn read(path: &Utf8Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(BuildError::io(path))
}

fn existing(path: Utf8PathBuf) -> Option<Utf8PathBuf> {
    path.exists().then_some(path)
}
