//! Reads a finished livepatch module as the kernel will, and says what the kernel would refuse or, worse,
//! would not.
//!
//! What the module loader does is in `kernel/module/main.c`, what livepatch does in
//! `kernel/livepatch/core.c` and Documentation/livepatch/module-elf-format.rst (Linux 6.1 to 7.2). With
//! [`livepatch`](crate::livepatch) it shares what is known of the [`kernel`](crate::kernel), and nothing
//! else: one must find the other's mistakes.

mod imports;
mod klp_name;
pub(crate) mod late;
mod relocations;
mod special;
mod symbols;
mod targets;
mod uses;
mod vermagic;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::elf::ElfError;
use crate::kernel::LinkedKernel;
use crate::module::{ModInfo, RawElf};

pub use uses::{SymbolUse, uses};

/// Why a file cannot be checked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Not an ELF file of this machine, or damaged.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// An object or something else.
    #[error("not a kernel module: {0}")]
    NotModule(&'static str),
    /// A module of another kind.
    #[error("not a livepatch: its .modinfo does not say `livepatch=Y`")]
    NotLivepatch,
}

impl CheckError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Elf(ElfError::Malformed(_) | ElfError::Empty) => {
                Some("the file is cut off or damaged: make it again")
            }
            Self::Elf(_) | Self::NotLivepatch => {
                Some("name a module that `cargo klp build` has written")
            }
            Self::NotModule(_) => Some("name the finished .ko, not an object"),
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The kernel refuses the module, or goes wrong with it.
    Error,
    /// It can go wrong.
    Warning,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The version and options of the kernel.
    Vermagic,
    /// A checksum of an exported symbol.
    Crc,
    /// A symbol that the module loader looks up.
    Import,
    /// A symbol that livepatch looks up.
    Symbol,
    /// A function that is replaced.
    Function,
    /// A relocation or a section of them.
    Relocation,
    /// A table whose entries belong to code.
    SpecialSection,
    /// What the module says about itself.
    Modinfo,
    /// What it does otherwise than the patched kernel, as [`attest`](crate::attest) says.
    SecondOpinion,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckFinding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub topic: Topic,
    /// Section or symbol, and offset.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// What is wrong, worst first.
    pub findings: Vec<CheckFinding>,
    /// How many symbols livepatch resolves.
    pub symbols: usize,
    /// How many functions are replaced, where the module's tables tell.
    pub functions: usize,
    /// How many relocations livepatch applies.
    pub relocations: usize,
    /// How many symbols the module loader resolves.
    pub imports: usize,
    /// How many entries special sections have.
    pub entries: usize,
}

impl CheckReport {
    /// Whether the kernel takes the module, as far as can be told.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    fn error(&mut self, topic: Topic, place: impl Into<String>, what: impl Into<String>) {
        self.add(Severity::Error, topic, place.into(), what.into());
    }

    fn warning(&mut self, topic: Topic, place: impl Into<String>, what: impl Into<String>) {
        self.add(Severity::Warning, topic, place.into(), what.into());
    }

    fn add(&mut self, severity: Severity, topic: Topic, place: String, what: String) {
        self.findings.push(CheckFinding { severity, topic, place, what });
    }
}

/// The modules that a livepatch names in its symbols, relocation sections and tables.
pub fn named_modules(module: &[u8]) -> Result<BTreeSet<String>, CheckError> {
    let elf = livepatch(module)?;
    let mut names = BTreeSet::new();
    let symbols = elf.symbols.iter().filter_map(|symbol| klp_name::symbol(symbol.name).ok());
    names.extend(symbols.map(|symbol| symbol.object.to_owned()));
    let sections = elf.sections.iter().filter_map(|section| klp_name::section(section.name).ok());
    names.extend(sections.map(|section| section.object.to_owned()));
    let (functions, _) = targets::functions(&elf);
    names.extend(functions.into_iter().filter_map(|function| function.object));
    names.remove("vmlinux");
    Ok(names)
}

/// Checks a livepatch module.
pub fn check(module: &[u8], kernel: &LinkedKernel) -> Result<CheckReport, CheckError> {
    let elf = livepatch(module)?;
    let info = ModInfo::of(&elf);
    let mut report = CheckReport::default();
    vermagic::check(&elf, &info, kernel, &mut report);
    imports::check(&elf, &info, kernel, &mut report);
    relocations::check(&elf, &mut report);
    symbols::check(&elf, kernel, &mut report);
    targets::check(&elf, kernel, &mut report);
    special::check(&elf, &mut report);
    late::check(&elf, &mut report);
    report.findings.sort();
    report.findings.dedup();
    Ok(report)
}

fn livepatch(module: &[u8]) -> Result<RawElf<'_>, CheckError> {
    let elf = RawElf::parse(module)?;
    if !elf.is_relocatable() {
        return Err(CheckError::NotModule("it is linked"));
    }
    if elf.section_named(".gnu.linkonce.this_module").is_none() {
        return Err(CheckError::NotModule("no section .gnu.linkonce.this_module"));
    }
    if elf.symbols.is_empty() {
        return Err(CheckError::NotModule("no symbol table"));
    }
    if !ModInfo::of(&elf).is_livepatch() {
        return Err(CheckError::NotLivepatch);
    }
    Ok(elf)
}
