//! Options that name a kernel tree, the same for every subcommand that needs one.

use camino::Utf8PathBuf;
use clap::Args;

/// Where the kernel is.
#[derive(Debug, Clone, Args)]
pub(crate) struct TreeArgs {
    /// Kernel source tree, or the output directory of an O= build [default: here, or `kernel` under
    /// `[workspace.metadata.klp]` of the Cargo.toml here]; of a --stock kernel its sources [default: the
    /// package of sources, unpacked once]
    #[arg(short = 'C', long, value_name = "DIR")]
    pub(crate) directory: Option<Utf8PathBuf>,
    /// Output directory (O=) that holds the .config [default: the source tree]
    #[arg(short = 'O', long = "output", value_name = "DIR")]
    pub(crate) output_directory: Option<Utf8PathBuf>,
    /// Directory of an out-of-tree module (Kbuild's M=), which is built for a kernel that is built or
    /// prepared already; patches are relative to it [kernel by default: `kernel` of its Cargo.toml,
    /// else that of the running kernel]
    #[arg(short = 'M', long, value_name = "DIR")]
    pub(crate) external: Option<Utf8PathBuf>,
    /// A kernel that somebody else built, such as a distribution's, by what `uname -r` says of it; without =RELEASE
    /// the running one. It is not built: only what a patch touches is compiled, and proven to be what was shipped
    #[arg(
        long,
        value_name = "RELEASE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with_all = ["output_directory", "external"]
    )]
    pub(crate) stock: Option<String>,
    /// Where the packages of a --stock kernel were unpacked, for one of another machine [default: /]
    #[arg(long, value_name = "DIR", requires = "stock")]
    pub(crate) sysroot: Option<Utf8PathBuf>,
    /// Where to keep the mirror and both builds [default: .klp in the output directory, or in that of
    /// the module; for a --stock kernel cargo-klp/stock/RELEASE in the cache of the user]
    #[arg(long, value_name = "DIR", env = "CARGO_KLP_TARGET_DIR")]
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

    /// Whether make's variable is said here.
    pub(crate) fn says(variable: &str) -> bool {
        variable.starts_with(OUTPUT)
    }
}
