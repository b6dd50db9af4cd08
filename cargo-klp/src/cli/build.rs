//! `cargo klp build`.

use camino::Utf8PathBuf;
use clap::Args;

use super::{RuleArgs, TreeArgs};

/// Build the kernel before and after a patch and name the functions that changed
///
/// Sources stay as they are: both builds run in a private mirror. The original build is kept, so that
/// the next patch compiles only what it touches. The set is also written as changed-functions.json
/// beside the build outputs, and there, for a kernel with livepatching, the livepatch module.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Build {
    /// Patches, or quilt series, applied in this order; and make variables, such as LLVM=1 or O=DIR
    #[arg(value_name = "PATCH|VAR=VALUE")]
    pub(crate) arguments: Vec<String>,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Write the livepatch module here [default: livepatch-NAME.ko beside the build outputs, after the
    /// first patch]
    #[arg(short = 'o', long, value_name = "FILE", conflicts_with_all = ["no_module", "external"])]
    pub(crate) module: Option<Utf8PathBuf>,
    /// Make no livepatch module
    #[arg(long)]
    pub(crate) no_module: bool,
    /// Let the module be loaded beside other livepatches instead of replacing them
    #[arg(long)]
    pub(crate) no_replace: bool,
    /// Make the module though something of the patch cannot take effect in it, or is risky
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Take this function or variable though it is not what the --stock kernel has
    #[arg(long, value_name = "NAME", requires = "stock")]
    pub(crate) unproven: Vec<String>,
    /// Only say what would be done: whether the original is built, and what the patches change
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Jobs at once, unless a parent make decides [default: number of processors]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<usize>,
    /// What these revisions of the git tree change, before the patches: A..B, or one commit. Where the tree
    /// is not at A, the original is built from sources that git checks out beside it
    #[arg(long, value_name = "RANGE")]
    pub(crate) rev: Option<String>,
    /// What was changed in the git tree since its last commit, before the patches
    #[arg(long, conflicts_with_all = ["rev", "external", "dry_run"])]
    pub(crate) worktree: bool,
    /// Lines of context at each end of a hunk that may be others in the sources
    #[arg(long, value_name = "LINES", default_value_t = 0)]
    pub(crate) fuzz: usize,
    /// Program in front of the C compiler, such as ccache, distcc or icecc
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) launcher: Option<String>,
    /// Run a full make for the patched kernel, even where Kbuild's records say what the patch touches
    #[arg(long)]
    pub(crate) full_make: bool,
}

impl Build {
    /// The patches among the arguments.
    pub(crate) fn patches(&self) -> Vec<Utf8PathBuf> {
        let patches = self.arguments.iter().filter(|argument| !is_variable(argument));
        patches.map(Utf8PathBuf::from).collect()
    }

    /// The make variables among the arguments, without that for the output directory.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &String> {
        self.arguments.iter().filter(|argument| is_variable(argument) && !TreeArgs::says(argument))
    }

    /// Where the kernel is.
    pub(crate) fn tree(&self) -> TreeArgs {
        self.tree.with(self.arguments.iter().filter(|argument| is_variable(argument)))
    }
}

/// A number of jobs.
fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err(
            "nothing can be built with no job at all; leave -j out for the number of processors"
                .into(),
        ),
        Ok(jobs) => Ok(jobs),
        Err(_) => Err("it is not a number of jobs".into()),
    }
}

/// Whether make would take `argument` for a variable.
pub(super) fn is_variable(argument: &str) -> bool {
    argument.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::is_variable;

    #[test]
    fn variables_are_told_from_patches() {
        assert!(is_variable("LLVM=1"));
        assert!(is_variable("KCFLAGS=-O2 -g"));
        assert!(!is_variable("fix.patch"));
        assert!(!is_variable("patches/a=b.patch"));
        assert!(!is_variable("=1"));
    }
}
