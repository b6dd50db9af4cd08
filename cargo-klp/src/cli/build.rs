//! `cargo klp build`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::output::output_file;
use super::{PageArgs, RuleArgs, TreeArgs};

/// Build the kernel before and after a patch and name the functions that changed
///
/// Your sources stay as they are: both builds run in a private copy. The build without the patch is kept, so that
/// the next patch compiles only what it touches. The changed functions are also written to changed-functions.json
/// in the output directory, and there, for a kernel with `CONFIG_LIVEPATCH`, the livepatch module.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct BuildArgs {
    /// Patches to apply, in this order: files (also .gz and .xz), quilt series, or - for standard input. Words with
    /// a = are variables for make, such as LLVM=1 or O=DIR
    #[arg(value_name = "PATCH|VAR=VALUE", value_hint = ValueHint::FilePath)]
    pub(crate) arguments: Vec<String>,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Apply what these revisions of the git tree change, before the patches: A..B, or one commit. If the tree is not
    /// at A, git checks A out beside it, and the original is built from that
    #[arg(long, value_name = "RANGE", help_heading = COMPARE)]
    pub(crate) rev: Option<String>,
    /// Apply what was changed in the git tree since its last commit, before the patches
    #[arg(long, conflicts_with_all = ["rev", "dry_run"], help_heading = COMPARE)]
    pub(crate) worktree: bool,
    /// How many lines of context at each end of a hunk may differ from the sources
    #[arg(long, value_name = "LINES", default_value_t = 0, help_heading = COMPARE)]
    pub(crate) fuzz: usize,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Run this many jobs at once, unless a parent make decides [default: number of processors]
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = BUILD)]
    pub(crate) jobs: Option<usize>,
    /// Put this program in front of the C compiler, such as ccache, distcc or icecc
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::CommandName, help_heading = BUILD)]
    pub(crate) launcher: Option<String>,
    /// Run a full make for the patched kernel, even if Kbuild's records say what the patch touches
    #[arg(long, help_heading = BUILD)]
    pub(crate) full_make: bool,
    /// Build nothing, only say what would be built and which files the patches change
    #[arg(short = 'n', long, help_heading = BUILD)]
    pub(crate) dry_run: bool,
    /// Write the livepatch module to this file [default: livepatch-NAME.ko in the output directory, named after the
    /// first patch]
    #[arg(short = 'o', long, value_name = "FILE", conflicts_with = "no_module",
          value_parser = output_file, value_hint = ValueHint::FilePath, help_heading = MODULE)]
    pub(crate) module: Option<Utf8PathBuf>,
    /// Make no livepatch module, only name the functions
    #[arg(long, help_heading = MODULE)]
    pub(crate) no_module: bool,
    /// Let the module stay loaded beside other livepatches instead of replacing them
    #[arg(long, help_heading = MODULE)]
    pub(crate) no_replace: bool,
    /// Sign the module with this private key (PEM, or a PKCS#11 URI), as a kernel under lockdown wants it
    #[arg(long, value_name = "KEY", requires = "sign_cert", conflicts_with = "no_module",
          value_hint = ValueHint::FilePath, help_heading = MODULE)]
    pub(crate) sign_key: Option<Utf8PathBuf>,
    /// The X.509 certificate of that key, which the kernel has to know
    #[arg(long, value_name = "CERT", requires = "sign_key", value_hint = ValueHint::FilePath, help_heading = MODULE)]
    pub(crate) sign_cert: Option<Utf8PathBuf>,
    /// Make a Debian package beside the module, which loads it early at boot on machines that run the --stock kernel
    #[arg(long, value_name = "FORMAT", requires = "stock", conflicts_with = "no_module", help_heading = MODULE)]
    pub(crate) package: Option<PackageFormat>,
    /// The version of that package
    #[arg(long, value_name = "VERSION", default_value = "1", requires = "package", help_heading = MODULE)]
    pub(crate) package_version: String,
    /// Take this function or variable though it is not what the --stock kernel, or the module in use, has
    #[arg(long, value_name = "NAME", help_heading = MODULE)]
    pub(crate) unproven: Vec<String>,
    /// Make the module even if a part of the patch cannot take effect in it, or is risky
    #[arg(short, long, help_heading = MODULE)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
    /// Say at the end how long each part of the work took
    #[arg(long, help_heading = "Output")]
    pub(crate) timings: bool,
}

/// What a package can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PackageFormat {
    /// For dpkg and systemd
    Deb,
}

/// Headings of the options.
const COMPARE: &str = "What to compare";
const BUILD: &str = "How to build";
const MODULE: &str = "Livepatch module";

impl BuildArgs {
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
