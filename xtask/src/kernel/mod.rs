//! `cargo xtask kernel`: gets and builds a real kernel.

mod build;
pub(crate) mod packages;
mod rust;
mod sources;
mod variant;

use anyhow::{Result, bail};
use camino::Utf8PathBuf;
use clap::ValueEnum;

use crate::environment;
pub(crate) use build::{llvm, llvm_tool, logged};
pub(crate) use rust::configured_with_rust;
pub(crate) use sources::archive;
pub(crate) use variant::{Setup, Variant};

/// A compiler for the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compiler {
    /// gcc and binutils
    Gcc,
    /// clang and lld, the newest that are there
    Clang,
    /// the same with `CONFIG_LTO_CLANG_THIN`
    ClangThinlto,
}

impl Compiler {
    fn name(self) -> &'static str {
        match self {
            Self::Gcc => "gcc",
            Self::Clang => "clang",
            Self::ClangThinlto => "clang-thinlto",
        }
    }

    pub(crate) fn is_clang(self) -> bool {
        self != Self::Gcc
    }

    pub(crate) fn has_lto(self) -> bool {
        self == Self::ClangThinlto
    }

    /// The small configuration, with what this compiler needs in it.
    pub(crate) fn config(self) -> Result<String> {
        let small = build::config("small.config")?;
        Ok(match self {
            Self::Gcc | Self::Clang => small,
            Self::ClangThinlto => small + "# CONFIG_LTO_NONE is not set\nCONFIG_LTO_CLANG_THIN=y\n",
        })
    }
}

/// A kernel that has been configured, and built if that was asked for.
pub(crate) struct Kernel {
    pub(crate) source: Utf8PathBuf,
    pub(crate) build: Utf8PathBuf,
}

/// Gets the sources of a version and builds them, unless that is done.
pub(crate) fn built(version: &str, setup: impl Into<Setup>) -> Result<Kernel> {
    let setup = setup.into();
    let (cache, source) = sources(version, setup)?;
    let build = build::ensure(&cache, &source, version, setup)?;
    Ok(Kernel { source, build })
}

/// Gets the sources of a version and builds `vmlinux.o` of the default configuration, unless that is done.
pub(crate) fn large(version: &str) -> Result<Utf8PathBuf> {
    let (cache, source) = sources(version, Compiler::Gcc.into())?;
    build::ensure_large(&cache, &source, version)
}

/// Gets the sources of a version and configures them. `cargo klp build` needs no more: it
/// builds the original itself.
pub(crate) fn configured(version: &str, setup: impl Into<Setup>) -> Result<Kernel> {
    let setup = setup.into();
    let (cache, source) = sources(version, setup)?;
    let build = build::configure(&cache, &source, version, setup)?;
    Ok(Kernel { source, build })
}

/// Gets the sources of a version, and what it takes to build them.
pub(crate) fn source(version: &str, compiler: Compiler) -> Result<Utf8PathBuf> {
    Ok(sources(version, compiler.into())?.1)
}

fn sources(version: &str, setup: Setup) -> Result<(Utf8PathBuf, Utf8PathBuf)> {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !(2..=3).contains(&version.split('.').count()) || !version.split('.').all(plain) {
        bail!("not a kernel version: `{version}` (for instance 6.1 or 7.2)");
    }
    let cache = environment::kernel_cache()?;
    fs_err::create_dir_all(&cache)?;
    packages::ensure(setup)?;
    let source = sources::ensure(&cache, version)?;
    Ok((cache, source))
}
