//! What a finished kernel build says about the kernel: what it exports, and which symbols livepatch
//! finds in it.

mod kallsyms;
mod region;
mod sealed;
mod symvers;
mod traced;

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::ElfError;
use crate::module::{RawElf, SymbolPlace};

pub use kallsyms::{Kallsyms, KernelSymbol};
pub use region::Region;
pub(crate) use region::is_freed;
pub use symvers::{Export, Symvers};

/// Why a file of the build tells nothing about the kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// Not an ELF file of this machine, or damaged.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// Not a line of `Module.symvers`.
    #[error("line {line} is no export: `{text}`")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Its start.
        text: String,
    },
    /// A stripped vmlinux.
    #[error("no symbol table: it does not tell where the kernel's symbols are")]
    Stripped,
    /// Something else than vmlinux.
    #[error("not a linked kernel: it has no symbol `{0}`")]
    NotKernel(&'static str),
}

impl KernelError {
    fn line(number: usize, text: &str) -> Self {
        Self::Line { line: number, text: text.chars().take(60).collect() }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Elf(_) | Self::Line { .. } => "the file is cut off or damaged: make it again",
            Self::Stripped | Self::NotKernel(_) => {
                "name the vmlinux that `make` has linked, not a stripped or packed one"
            }
        }
    }
}

/// The kernel that was built.
#[derive(Debug, Clone, Default)]
pub struct LinkedKernel {
    /// What it and its modules export.
    pub symvers: Symvers,
    /// The symbols of vmlinux.
    pub vmlinux: Kallsyms,
    /// The symbols of finished modules, by path without suffix: `fs/ext4/ext4`.
    pub modules: BTreeMap<String, Kallsyms>,
    /// The names of the modules that each of these needs to be loaded, by path without suffix.
    pub depends: BTreeMap<String, BTreeSet<String>>,
    /// What the kernel compares a module's `vermagic` with.
    pub vermagic: String,
}

impl LinkedKernel {
    /// Whether module `other` is loaded whenever `module` is. Both are paths without suffix.
    pub(crate) fn comes_with(&self, module: &str, other: &str) -> bool {
        let other = module_name(other);
        let (mut seen, mut open) = (BTreeSet::new(), vec![module_name(module)]);
        while let Some(name) = open.pop() {
            if name == other {
                return true;
            }
            if seen.insert(name.clone()) {
                let own = self.depends.iter().filter(|(path, _)| module_name(path) == name);
                open.extend(own.flat_map(|(_, needed)| needed).cloned());
            }
        }
        false
    }
}

/// What a linked kernel compares a module's `vermagic` with: a string in `kernel/module/main.c`.
pub fn vermagic(vmlinux: &RawElf<'_>) -> Result<String, KernelError> {
    let symbol = vmlinux.symbols.iter().find(|symbol| {
        symbol.name == b"vermagic" && matches!(symbol.place, SymbolPlace::Section(_))
    });
    let symbol = symbol.ok_or(KernelError::NotKernel("vermagic"))?;
    let bytes = vmlinux.bytes_at(symbol.value, 256).ok_or(KernelError::NotKernel("vermagic"))?;
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// The name by which the kernel knows a module: `fs/ext4/ext4` is `ext4`.
#[must_use]
pub fn module_name(linked: &str) -> String {
    linked.rsplit('/').next().unwrap_or(linked).replace('-', "_")
}
