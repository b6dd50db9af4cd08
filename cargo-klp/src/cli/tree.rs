//! Options that name a kernel tree, the same for every subcommand that needs one.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};
use klp::Location;

use crate::environment;
use crate::error::RunError;

/// Where the kernel is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Kernel")]
pub(crate) struct TreeArgs {
    /// The kernel's source tree, or the output directory of an O= build [default: the current directory, or `kernel`
    /// under `[workspace.metadata.klp]` of the Cargo.toml there]; with --stock the kernel's sources [default: those of
    /// its package]
    #[arg(short = 'C', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) directory: Option<Utf8PathBuf>,
    /// The output directory (make's O=) that has the .config [default: the source tree]
    #[arg(short = 'O', long = "output", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output_directory: Option<Utf8PathBuf>,
    /// The module outside of the tree (Kbuild's M=) that this is about, for a kernel that is built, or prepared and
    /// installed; patches are relative to DIR [default kernel: `kernel` of its Cargo.toml, else the running one]
    #[arg(short = 'M', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) external: Option<Utf8PathBuf>,
    /// Patch a kernel that somebody else built, such as a distribution's, without building it. RELEASE is what
    /// `uname -r` says [default: that of the running kernel]
    #[arg(
        long,
        value_name = "RELEASE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with_all = ["output_directory", "external"]
    )]
    pub(crate) stock: Option<String>,
    /// Look for the packages of the --stock kernel below this directory [default: where `cargo klp stock get` put
    /// them, else /]
    #[arg(long, value_name = "DIR", requires = "stock", value_hint = ValueHint::DirPath)]
    pub(crate) sysroot: Option<Utf8PathBuf>,
    /// Keep the copy of the sources and both builds in this directory [default: .klp in the output directory, or in
    /// that of the module; with --stock cargo-klp/stock/RELEASE in the user's cache]
    #[arg(long, value_name = "DIR", env = "CARGO_KLP_TARGET_DIR", value_hint = ValueHint::DirPath)]
    pub(crate) target_dir: Option<Utf8PathBuf>,
}

/// Make's own variable for the output directory.
const OUTPUT: &str = "O=";

impl TreeArgs {
    /// With the output directory of `O=` among make's variables, unless `--output` names one. As for make, it is
    /// relative to the directory of `-C`.
    pub(crate) fn with<'a>(&self, variables: impl Iterator<Item = &'a String>) -> Self {
        let mut tree = self.clone();
        let output = variables.filter_map(|variable| variable.strip_prefix(OUTPUT)).last();
        let base = self.directory.clone().unwrap_or_default();
        tree.output_directory = tree.output_directory.or_else(|| Some(base.join(output?)));
        tree
    }

    /// What names the kernel, and where we were started.
    pub(crate) fn location(&self) -> Result<Location, RunError> {
        let Self { directory, output_directory, external, stock, sysroot, target_dir } =
            self.clone();
        Ok(Location {
            current: environment::current_directory()?,
            directory,
            output: output_directory,
            module: external,
            stock,
            sysroot,
            target: target_dir,
            cache_home: environment::cache_home(),
        })
    }

    /// Whether make's variable is said here.
    pub(crate) fn says(variable: &str) -> bool {
        variable.starts_with(OUTPUT)
    }
}
