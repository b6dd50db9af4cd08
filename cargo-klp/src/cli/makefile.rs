//! `cargo klp makefile`, `completions` and `man`: files for other programs.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

/// Print klp.mk: targets for a kernel tree, such as `make -f klp.mk klp PATCH=fix.patch`
#[derive(Debug, Args)]
pub(crate) struct MakefileArgs {
    /// Write DIR/klp.mk instead
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) install: Option<Utf8PathBuf>,
    /// Replace a file of that name that cargo-klp did not write
    #[arg(short, long, requires = "install")]
    pub(crate) force: bool,
}

/// Print a script that has a shell complete `cargo klp` and `cargo-klp`
///
/// For bash, put `source <(cargo klp completions bash)` into ~/.bashrc.
///
/// For zsh, put `source <(cargo klp completions zsh)` into ~/.zshrc, behind compinit. Or write the script to a file
/// `_cargo-klp` in a directory of $fpath: cargo's own `_cargo` calls it, if that is in $fpath, too. rustup leaves it in
/// `$(rustc --print sysroot)/share/zsh/site-functions`.
///
/// For fish, write the script to ~/.config/fish/conf.d/cargo-klp.fish.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Write it for this shell
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write this page and those of all subcommands to DIR instead
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) install: Option<Utf8PathBuf>,
    /// Replace files of these names that cargo-klp did not write
    #[arg(short, long, requires = "install")]
    pub(crate) force: bool,
}
