//! Where a run works: the kernel tree, our directory in its output, and the file of results.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::Tree;

use crate::cli::TreeArgs;
use crate::error::Error;
use crate::settings;

/// The changed-function set, beside the build outputs.
const CHANGED_FUNCTIONS: &str = "changed-functions.json";

/// The paths of a run, all of them absolute.
pub(crate) struct Place {
    /// The directory that we were started in.
    pub(crate) current: Utf8PathBuf,
    /// The kernel.
    pub(crate) tree: Tree,
    /// Our own directory.
    pub(crate) root: Utf8PathBuf,
    /// The changed-function set.
    pub(crate) results: Utf8PathBuf,
}

impl Place {
    /// The tree that the arguments name, or the one here, or the one that the Cargo workspace here
    /// names.
    pub(crate) fn find(arguments: &TreeArgs) -> Result<Self, Error> {
        let current = current_directory()?;
        let tree = find_tree(arguments, &current)?;
        let (root, beside) = match &arguments.target_dir {
            Some(path) => (current.join(path), current.join(path)),
            None => (tree.output.join(".klp"), tree.output.clone()),
        };
        Ok(Self { current, tree, root, results: beside.join(CHANGED_FUNCTIONS) })
    }
}

fn find_tree(arguments: &TreeArgs, current: &Utf8Path) -> Result<Tree, Error> {
    let output = arguments.output_directory.as_ref().map(|path| current.join(path));
    let directory = arguments.directory.as_ref().map(|path| current.join(path));
    let here = Tree::find(directory.as_deref().unwrap_or(current), output.as_deref());
    match (here, directory) {
        (Err(error), None) => {
            let settings = settings::of(current)?.unwrap_or_default();
            let kernel = settings.kernel.ok_or(error)?;
            Ok(Tree::find(&kernel, output.or(settings.output).as_deref())?)
        }
        (tree, _) => Ok(tree?),
    }
}

/// The directory that we were started in.
pub(crate) fn current_directory() -> Result<Utf8PathBuf, Error> {
    let path =
        std::env::current_dir().map_err(|source| Error::Read { path: ".".into(), source })?;
    Utf8PathBuf::from_path_buf(path).map_err(|_| Error::CurrentDirectory)
}
