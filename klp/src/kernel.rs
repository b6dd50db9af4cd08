//! The kernel that a run is about: how it came to be, our directory beside it, and the file of results.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::build::{recover, usable};
use kbuild_glue::doctor::untraced_rust;
use kbuild_glue::tree::resolved;
use kbuild_glue::{BuildError, Config, Interrupt, LastBuild, StockParts, Tree, TreeError};

use crate::cache::Cache;
use crate::error::Error;
use crate::event::{Events, of_build};
use crate::external;
use crate::settings::{self, Settings};

/// The changed-function set, beside the build outputs.
const CHANGED_FUNCTIONS: &str = "changed-functions.json";

/// What names a kernel. Paths are absolute or relative to `current`.
#[derive(Debug, Clone, Default)]
pub struct Location {
    /// The directory that the run was started in.
    pub current: Utf8PathBuf,
    /// The source tree, or the output directory of a build with `O=`.
    pub directory: Option<Utf8PathBuf>,
    /// The output directory that has the `.config`.
    pub output: Option<Utf8PathBuf>,
    /// The directory of a module outside of the kernel's sources.
    pub module: Option<Utf8PathBuf>,
    /// The release of a kernel that was shipped; of the running one where it is empty.
    pub stock: Option<String>,
    /// The directory below which the packages of that kernel are.
    pub sysroot: Option<Utf8PathBuf>,
    /// Our own directory.
    pub target: Option<Utf8PathBuf>,
    /// Where programs of this user keep what they can make again.
    pub cache_home: Option<Utf8PathBuf>,
}

/// A kernel, or a module for one. All paths are absolute.
#[derive(Debug)]
pub struct Kernel {
    /// Where the sources and the outputs are.
    pub tree: Tree,
    /// How it came to be.
    pub kind: KernelKind,
    /// Our own directory.
    pub root: Utf8PathBuf,
    /// The changed-function set.
    pub results: Utf8PathBuf,
}

/// How a kernel came to be.
#[derive(Debug)]
pub enum KernelKind {
    /// From sources that we build, unless a finished build of them is there.
    Built,
    /// Somehow; a module is built for it, whose directory this is.
    Module(Utf8PathBuf),
    /// From the packages of somebody who built it.
    Shipped(Box<StockParts>),
}

impl Location {
    /// The release that `stock` names: that of the running kernel where it names none.
    #[must_use]
    pub fn release(&self) -> String {
        match self.stock.as_deref() {
            None | Some("") => rustix::system::uname().release().to_string_lossy().into_owned(),
            Some(named) => named.to_owned(),
        }
    }

    /// The directory below which the packages of that release are: the system's, unless `sysroot` names one or
    /// they are where [`Self::packages`] says.
    #[must_use]
    pub fn packages_root(&self) -> Utf8PathBuf {
        if let Some(path) = &self.sysroot {
            return self.current.join(path);
        }
        self.packages().ok().filter(|path| path.is_dir()).unwrap_or_else(|| "/".into())
    }

    /// Where the packages of that release are put if `sysroot` names no place for them.
    pub fn packages(&self) -> Result<Utf8PathBuf, Error> {
        match &self.sysroot {
            Some(path) => Ok(self.current.join(path)),
            None => Ok(self.cache()?.join("packages").join(self.release())),
        }
    }

    /// The sources that `directory` names.
    #[must_use]
    pub fn sources(&self) -> Option<Utf8PathBuf> {
        self.directory.as_ref().map(|path| self.current.join(path))
    }

    fn cache(&self) -> Result<Utf8PathBuf, Error> {
        Ok(self.cache_home.as_ref().ok_or(Error::NoCache)?.join("cargo-klp"))
    }
}

impl Kernel {
    /// What `location` names, or the kernel tree in the current directory, or what the Cargo workspace there names.
    pub fn find(location: &Location) -> Result<Self, Error> {
        if location.stock.is_some() {
            return Self::shipped(location);
        }
        let Location { current, .. } = location;
        let directory = location.sources();
        let output = location.output.as_ref().map(|path| current.join(path));
        let (tree, module) = match &location.module {
            Some(module) => {
                let module = canonical(&current.join(module))?;
                let tree = kernel_for(&module, directory.as_deref(), output.as_deref())?;
                (tree, Some(module))
            }
            None => tree_here(current, directory.as_deref(), output.as_deref())?,
        };
        let outputs = module.as_ref().unwrap_or(&tree.output);
        let (root, beside) = match &location.target {
            Some(path) => {
                let root = resolved(&current.join(path))?;
                (root.clone(), root)
            }
            None => (outputs.join(".klp"), outputs.clone()),
        };
        let results = beside.join(CHANGED_FUNCTIONS);
        Ok(Self { tree, kind: module.map_or(KernelKind::Built, KernelKind::Module), root, results })
    }

    /// The kernel of that release, whose packages are here or were unpacked somewhere.
    fn shipped(location: &Location) -> Result<Self, Error> {
        let release = location.release();
        let sources = location.sources();
        let parts = StockParts::find(&release, &location.packages_root(), sources.as_deref())
            .map_err(BuildError::from)?;
        let root = match &location.target {
            Some(path) => location.current.join(path),
            None => location.cache()?.join("stock").join(&release),
        };
        let root = resolved(&root)?;
        // The sources are known when they have been unpacked.
        let tree = Tree { source: parts.sources.clone(), output: root.join("build") };
        let results = location.current.join(CHANGED_FUNCTIONS);
        Ok(Self { tree, kind: KernelKind::Shipped(Box::new(parts)), root, results })
    }

    /// The directory of the module that is built for it, where that is what the run is about.
    #[must_use]
    pub fn module(&self) -> Option<&Utf8Path> {
        match &self.kind {
            KernelKind::Module(directory) => Some(directory),
            _ => None,
        }
    }

    /// What was shipped, if it is a kernel that somebody else built.
    #[must_use]
    pub fn stock(&self) -> Option<&StockParts> {
        match &self.kind {
            KernelKind::Shipped(parts) => Some(parts),
            _ => None,
        }
    }

    /// What the last build left.
    pub(crate) fn last_build(&self) -> LastBuild {
        match &self.kind {
            KernelKind::Module(_) => LastBuild::of_module(&self.root, &self.tree),
            KernelKind::Built | KernelKind::Shipped(_) => LastBuild::of_kernel(&self.root),
        }
    }

    /// The digests of large objects of both builds, such as what a kernel with LTO is linked to.
    pub(crate) fn digests(&self) -> Cache {
        Cache::new(Some(self.root.join("digests")))
    }

    /// The sources that patches are for.
    #[must_use]
    pub fn sources(&self) -> &Utf8Path {
        self.module().unwrap_or(&self.tree.source)
    }

    /// Why no livepatch can replace functions of Rust, where the sources and `variables` for make tell it before anything
    /// is built.
    #[must_use]
    pub fn untraced_rust(&self, variables: &[String]) -> Option<String> {
        let config = Config::read(&self.tree.config_path()).ok()?;
        match self.kind {
            KernelKind::Built | KernelKind::Module(_) => {
                untraced_rust(&self.tree, &config, variables)
            }
            KernelKind::Shipped(_) => None,
        }
    }

    /// Whether our directory can be used: it is refused if it holds files that are not ours.
    pub fn expect_usable(&self) -> Result<(), Error> {
        Ok(usable(&self.root)?)
    }

    /// Makes what is kept right again if a run was killed. To be called before any of it is read, unless it is
    /// [opened](Self::open).
    pub fn recover(&self, interrupt: &Interrupt, events: &mut Events<'_>) -> Result<(), Error> {
        match self.kind {
            // Of a module, the copy is brought up to date by each build.
            KernelKind::Module(_) => Ok(()),
            KernelKind::Built | KernelKind::Shipped(_) => {
                Ok(recover(&self.tree, &self.root, interrupt, &mut of_build(events))?)
            }
        }
    }

    /// The original build that we keep.
    #[must_use]
    pub fn original(&self) -> Utf8PathBuf {
        self.root.join(if self.module().is_some() { "original" } else { "build" })
    }

    /// The image of the kernel and the directory of its modules, where the system has them installed and the output
    /// directory has no linked kernel.
    #[must_use]
    pub fn installed(&self) -> Option<(Utf8PathBuf, Utf8PathBuf)> {
        external::ModuleKernel::find(&self.tree).ok()?.installed()
    }

    /// The output directory with `file`: the user's, or, where it is only there, that of the original that
    /// we keep.
    #[must_use]
    pub fn output_with(&self, file: &str) -> Utf8PathBuf {
        let kept = self.root.join("build");
        let is_ours = !self.tree.output.join(file).is_file() && kept.join(file).is_file();
        if is_ours { kept } else { self.tree.output.clone() }
    }
}

/// The kernel that the module in the directory `module` is built for.
fn kernel_for(
    module: &Utf8Path,
    directory: Option<&Utf8Path>,
    output: Option<&Utf8Path>,
) -> Result<Tree, Error> {
    if let Some(directory) = directory {
        return Ok(Tree::find(directory, output)?);
    }
    let settings = settings::of(module)?.unwrap_or_default();
    if settings.kernel.is_some() {
        return named_by(&settings, output);
    }
    let release = Location::default().release();
    Ok(Tree::find(&Utf8PathBuf::from(format!("/lib/modules/{release}/build")), output)?)
}

/// The kernel tree in `directory` or here; else that of the Cargo package here, with the module that the
/// package holds.
fn tree_here(
    current: &Utf8Path,
    directory: Option<&Utf8Path>,
    output: Option<&Utf8Path>,
) -> Result<(Tree, Option<Utf8PathBuf>), Error> {
    match (Tree::find(directory.unwrap_or(current), output), directory) {
        (Err(error @ TreeError::NotATree { .. }), None) => {
            let settings = settings::of(current)?.unwrap_or_default();
            if settings.kernel.is_none() {
                return Err(error.into());
            }
            let tree = named_by(&settings, output)?;
            Ok((tree, settings.module.map(|module| canonical(&module)).transpose()?))
        }
        (tree, _) => Ok((tree?, None)),
    }
}

/// The kernel that a Cargo manifest names.
fn named_by(settings: &Settings, output: Option<&Utf8Path>) -> Result<Tree, Error> {
    let kernel = settings.kernel.as_deref().unwrap_or(Utf8Path::new(""));
    Tree::find(kernel, output.or(settings.output.as_deref()))
        .map_err(|source| Error::TreeOf { manifest: settings.kernel_from.clone(), source })
}

fn canonical(path: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    path.canonicalize_utf8().map_err(|source| Error::Read { path: path.to_owned(), source })
}
