//! What a kernel is built with: a compiler, and options that people configure their kernels with.

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::{Compiler, build};

/// Options beside the small configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variant {
    /// what distributions have: IBT, return thunks, call depth tracking, KASLR, MODVERSIONS, UBSAN, BTF
    Distribution,
    /// kCFI and IBT (clang)
    Kcfi,
    /// generic KASAN
    Kasan,
    /// `PROVE_LOCKING`
    Lockdep,
}

/// A compiler, and options beside the small configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) compiler: Compiler,
    pub(crate) variant: Option<Variant>,
}

impl From<Compiler> for Setup {
    fn from(compiler: Compiler) -> Self {
        Self { compiler, variant: None }
    }
}

impl Variant {
    fn name(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::Kcfi => "kcfi",
            Self::Kasan => "kasan",
            Self::Lockdep => "lockdep",
        }
    }
}

impl Setup {
    /// As it is called in the cache.
    pub(super) fn name(self) -> String {
        let compiler = self.compiler.name();
        self.variant
            .map_or_else(|| compiler.to_owned(), |variant| format!("{compiler}-{}", variant.name()))
    }

    /// The small configuration with what the compiler and the variant need.
    pub(super) fn config(self) -> Result<String> {
        if self.variant == Some(Variant::Kcfi) && !self.compiler.is_clang() {
            bail!("gcc has no kCFI: add --cc clang");
        }
        let config = self.compiler.config()?;
        Ok(match self.variant {
            None => config,
            Some(variant) => config + &build::config(&format!("{}.config", variant.name()))?,
        })
    }

    /// A package that it needs beside those of every kernel.
    pub(super) fn package(self) -> Option<&'static str> {
        (self.variant == Some(Variant::Distribution)).then_some("pahole")
    }
}
