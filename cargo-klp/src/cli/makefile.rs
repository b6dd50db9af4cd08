//! `cargo klp makefile`, `completions` and `man`: files for other programs.

use camino::Utf8PathBuf;
use clap::Args;

/// Print klp.mk: targets for a kernel tree, such as `make -f klp.mk klp PATCH=fix.patch`
#[derive(Debug, Args)]
pub(crate) struct Makefile {
    /// Write DIR/klp.mk instead
    #[arg(long, value_name = "DIR")]
    pub(crate) install: Option<Utf8PathBuf>,
    /// Replace a file of that name that cargo-klp did not write
    #[arg(short, long, requires = "install")]
    pub(crate) force: bool,
}

/// Print the completions of a shell for cargo-klp
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write this page and those of all subcommands to DIR instead
    #[arg(long, value_name = "DIR")]
    pub(crate) install: Option<Utf8PathBuf>,
    /// Replace files of these names that cargo-klp did not write
    #[arg(short, long, requires = "install")]
    pub(crate) force: bool,
}
