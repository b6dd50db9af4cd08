//! Where a run works: the kernel tree, our directory in its output, and the file of results.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::tree::resolved;
use kbuild_glue::{BuildError, StockParts, Tree, TreeError};

use crate::cli::TreeArgs;
use crate::environment;
use crate::error::Error;
use crate::settings::{self, Settings};

/// The changed-function set, beside the build outputs.
const CHANGED_FUNCTIONS: &str = "changed-functions.json";

/// The paths of a run, all of them absolute.
pub(crate) struct Place {
    /// The directory that we were started in.
    pub(crate) current: Utf8PathBuf,
    /// The kernel.
    pub(crate) tree: Tree,
    /// The directory of the out-of-tree module, if it is one that is built.
    pub(crate) module: Option<Utf8PathBuf>,
    /// The kernel that somebody else built, if it is one.
    pub(crate) stock: Option<StockParts>,
    /// Our own directory.
    pub(crate) root: Utf8PathBuf,
    /// The changed-function set.
    pub(crate) results: Utf8PathBuf,
}

impl Place {
    /// What the arguments name, or the kernel tree here, or what the Cargo workspace here names.
    pub(crate) fn find(arguments: &TreeArgs) -> Result<Self, Error> {
        let current = current_directory()?;
        if let Some(release) = &arguments.stock {
            return Self::of_stock(current, release, arguments);
        }
        let absolute = |path: &Utf8PathBuf| current.join(path);
        let directory = arguments.directory.as_ref().map(absolute);
        let output = arguments.output_directory.as_ref().map(absolute);
        let (tree, module) = match &arguments.external {
            Some(module) => {
                let module = canonical(&current.join(module))?;
                let tree = kernel_for(&module, directory.as_deref(), output.as_deref())?;
                (tree, Some(module))
            }
            None => tree_here(&current, directory.as_deref(), output.as_deref())?,
        };
        let outputs = module.as_ref().unwrap_or(&tree.output);
        let (root, beside) = match &arguments.target_dir {
            Some(path) => {
                let root = resolved(&current.join(path))?;
                (root.clone(), root)
            }
            None => (outputs.join(".klp"), outputs.clone()),
        };
        let results = beside.join(CHANGED_FUNCTIONS);
        Ok(Self { current, tree, module, stock: None, root, results })
    }

    /// The kernel of that release, whose packages are here or were unpacked somewhere.
    fn of_stock(current: Utf8PathBuf, release: &str, arguments: &TreeArgs) -> Result<Self, Error> {
        let release = stock_release(release);
        let sysroot = stock_sysroot(&current, &release, arguments);
        let sources = arguments.directory.as_ref().map(|path| current.join(path));
        let parts =
            StockParts::find(&release, &sysroot, sources.as_deref()).map_err(BuildError::from)?;
        let root = match &arguments.target_dir {
            Some(path) => current.join(path),
            None => environment::cache_home()
                .ok_or(Error::NoCache)?
                .join("cargo-klp/stock")
                .join(&release),
        };
        let root = resolved(&root)?;
        // The sources are known when they have been unpacked.
        let tree = Tree { source: parts.sources.clone(), output: root.join("build") };
        let results = current.join(CHANGED_FUNCTIONS);
        Ok(Self { current, tree, module: None, stock: Some(parts), root, results })
    }

    /// The output directory with `file`: the user's, or, where it is only there, that of the original that
    /// we keep.
    pub(crate) fn output_with(&self, file: &str) -> Utf8PathBuf {
        let kept = self.root.join("build");
        let is_ours = !self.tree.output.join(file).is_file() && kept.join(file).is_file();
        if is_ours { kept } else { self.tree.output.clone() }
    }
}

/// The release that `--stock` names: that of the running kernel where it names none.
pub(crate) fn stock_release(named: &str) -> String {
    if named.is_empty() {
        rustix::system::uname().release().to_string_lossy().into_owned()
    } else {
        named.to_owned()
    }
}

/// The directory below which the packages of a kernel are: the system's, unless `cargo klp stock get` got them.
pub(crate) fn stock_sysroot(
    current: &Utf8Path,
    release: &str,
    arguments: &TreeArgs,
) -> Utf8PathBuf {
    if let Some(path) = &arguments.sysroot {
        return current.join(path);
    }
    packages(release).ok().filter(|path| path.is_dir()).unwrap_or_else(|| "/".into())
}

/// Where the packages of a release are put that nobody named a place for.
pub(crate) fn packages(release: &str) -> Result<Utf8PathBuf, Error> {
    Ok(environment::cache_home().ok_or(Error::NoCache)?.join("cargo-klp/packages").join(release))
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
    let release = stock_release("");
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

/// The directory that we were started in.
pub(crate) fn current_directory() -> Result<Utf8PathBuf, Error> {
    let path =
        std::env::current_dir().map_err(|source| Error::Read { path: ".".into(), source })?;
    Utf8PathBuf::from_path_buf(path).map_err(|_| Error::CurrentDirectory)
}
