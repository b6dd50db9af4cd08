//! The ways in which the kernel is built that Rust cases run on.

use clap::ValueEnum;

/// How the kernel is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavor {
    /// As docs/rust.md says.
    Plain,
    /// LLVM makes no function of several that are equal.
    Unmerged,
    /// With MODVERSIONS, IBT, kCFI, lock debugging, inline helpers of C, and debug information.
    Hardened,
}

impl Flavor {
    /// What cases and directories call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Unmerged => "unmerged",
            Self::Hardened => "hardened",
        }
    }

    /// The variables of make.
    pub(super) fn variables(self) -> String {
        let more = if self == Self::Unmerged { " -Zmerge-functions=disabled" } else { "" };
        format!("LLVM=-22 'KRUSTFLAGS=-Zinstrument-mcount=fentry -Zfunction-sections=y{more}'")
    }

    /// Files of `xtask/kernel/rust` that make its configuration together.
    pub(super) fn configuration(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Unmerged => &["traceable.config"],
            Self::Hardened => &["traceable.config", "hardened.config"],
        }
    }

    /// Options that have to be in the configuration.
    pub(super) fn options(self) -> String {
        let hardened =
            "MODVERSIONS GENDWARFKSYMS X86_KERNEL_IBT CFI PROVE_LOCKING RUST_INLINE_HELPERS";
        let more = if self == Self::Hardened { hardened } else { "" };
        format!("RUST LIVEPATCH FTRACE_MCOUNT_USE_OBJTOOL {more}")
    }

    /// The output directory, in the root.
    pub(super) fn build(self, place: &str) -> String {
        match self {
            Self::Plain => format!("{place}/build"),
            _ => format!("{place}/build-{}", self.name()),
        }
    }
}
