//! A second opinion on a livepatch module: does it do what the patched kernel would?
//!
//! [`attest`] reads the finished module, the objects that it was made of and the running kernel, and follows every
//! function that livepatch is told to use: its bytes are those of one function of the patched objects, and each of
//! its relocations leads to the very thing that the patched kernel would use, in the module or in the running kernel,
//! and so on with what these lead to. What is left over in the module, what a table of the patched objects says about
//! copied code and the module does not, and changed functions that stay as they are, are findings too.
//!
//! It shares the readers of ELF files and of what the kernel lists with what wrote the module, and no idea.
//! [`check`](crate::check) asks another question: does the kernel load the module?

mod alike;
mod applied;
mod beside;
mod compare;
mod complete;
mod enabled;
mod entries;
mod judge;
mod kind;
mod left;
mod moved;
mod names;
mod origin;
mod reference;
mod registry;
mod renumbered;
mod running;
mod tables;
mod thing;
mod view;
mod x86_64;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::elf::{Definition, ElfError, ElfObject};
use crate::kernel::{KernelError, Symvers, module_name};
use crate::module::ModInfo;

/// Why there is no opinion.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttestError {
    /// The module or one of the objects cannot be read.
    #[error("cannot read {object}")]
    Object {
        /// Its path in the build, or `the module`.
        object: String,
        /// What is wrong with it.
        source: ElfError,
    },
    /// The kernel or one of its modules cannot be used.
    #[error("cannot use {object}")]
    Kernel {
        /// `vmlinux`, or the path of the module without suffix.
        object: String,
        /// What is wrong with it.
        source: KernelError,
    },
}

/// An object that the module was made of.
#[derive(Debug, Clone, Copy)]
pub struct AttestedObject<'a> {
    /// Its path in the build.
    pub object: &'a str,
    /// `vmlinux`, or the path of the module without suffix that it is linked into.
    pub linked: &'a str,
    /// As the original build linked it; none where that is `original`, or where it is new.
    pub plain: Option<&'a [u8]>,
    /// Before the patch, each function and variable in a section of its own.
    pub original: Option<&'a [u8]>,
    /// The same after the patch.
    pub patched: &'a [u8],
}

/// The running kernel.
#[derive(Debug, Clone)]
pub struct RunningKernel<'a> {
    /// The linked image with its symbols.
    pub vmlinux: &'a [u8],
    /// The finished modules by path without suffix.
    pub modules: BTreeMap<String, &'a [u8]>,
    /// What they export.
    pub symvers: &'a Symvers,
}

/// Functions or variables, each with its object's path.
pub type NamesInObjects = BTreeSet<(String, String)>;

/// What the comparison of both builds says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedChanges {
    /// Functions that changed, by their names in the patched build.
    pub changed: NamesInObjects,
    /// Functions that are gone, by their names in the original build.
    pub removed: NamesInObjects,
    /// Weak functions of objects of the same image that have the name of one that is gone.
    pub weak: NamesInObjects,
    /// What whoever makes the module takes the risk of: a variable here is not one of the kernel's with another name.
    pub forced: NamesInObjects,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are not those of the patched object, or of nothing in it.
    Content,
    /// A reference leads to something else than in the patched kernel, or to nothing at first.
    Reference,
    /// A reference leads to memory that is freed after the start.
    Freed,
    /// A variable, or what uses it, takes one kind of memory for another: per-CPU, read-only after init, plain.
    Kind,
    /// The module has its own of something that the kernel has.
    Identity,
    /// A variable of the kernel seems to have another name in the patched kernel.
    Renamed,
    /// A table that describes code says something else, or nothing.
    Table,
    /// The module loader does not take a section for what it is.
    Section,
    /// A function that the patch changes stays as it is.
    Missing,
    /// What the module asks livepatch to do cannot be read.
    Livepatch,
}

/// Something that is not as in the patched kernel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deviation {
    /// The object of the patched build, empty where it is not known.
    pub object: String,
    /// Symbol or section, and offset.
    pub place: String,
    /// What is wrong.
    pub class: Fault,
    /// The same for people.
    pub what: String,
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attestation {
    /// What is not as in the patched kernel; no module with a finding should be loaded.
    pub findings: Vec<Deviation>,
    /// What a person should know, and is no reason against the module.
    pub notes: Vec<String>,
    /// How many functions livepatch is told to replace.
    pub functions: usize,
    /// How many functions, variables, constants and entries of tables the module has from patched objects.
    pub pieces: usize,
    /// How many relocations of these were followed.
    pub references: usize,
}

/// The modules of the kernel, by path without suffix, of which an opinion on a module needs the finished files:
/// those that the objects are linked into, and those that export what these or the module use.
pub fn needed_modules(
    module: &[u8],
    objects: &[AttestedObject<'_>],
    symvers: &Symvers,
) -> Result<BTreeSet<String>, AttestError> {
    let mut needed: BTreeSet<String> =
        objects.iter().map(|object| object.linked.to_owned()).collect();
    let files = objects.iter().map(|object| (object.object, object.patched));
    for (object, bytes) in files.chain([("the module", module)]) {
        let elf = ElfObject::parse(bytes)
            .map_err(|source| AttestError::Object { object: object.to_owned(), source })?;
        let undefined = elf.symbols.iter().filter(|symbol| symbol.place == Definition::Undefined);
        let exports = undefined.filter_map(|symbol| symvers.get(&symbol.name_lossy()));
        needed.extend(exports.map(|export| export.module.clone()));
    }
    needed.remove("vmlinux");
    Ok(needed)
}

/// The modules of the kernel, by path without suffix, that are loaded before the finished module with these bytes: an
/// opinion needs them, too, to know what is loaded before what. All of them export something.
pub fn loaded_before(
    module: &str,
    bytes: &[u8],
    symvers: &Symvers,
) -> Result<BTreeSet<String>, AttestError> {
    let info = ModInfo::read(bytes).map_err(|source| AttestError::Kernel {
        object: module.to_owned(),
        source: source.into(),
    })?;
    let needed: BTreeSet<String> = info.depends().collect();
    let paths = symvers.modules().filter(|path| needed.contains(&module_name(path)));
    Ok(paths.map(ToOwned::to_owned).collect())
}

/// Judges the module with these bytes.
pub fn attest(
    module: &[u8],
    objects: &[AttestedObject<'_>],
    kernel: &RunningKernel<'_>,
    said: &ExpectedChanges,
) -> Result<Attestation, AttestError> {
    let mut judge = judge::Judge::new(module, objects, kernel)?;
    judge.applied(module)?;
    judge.follow();
    judge.complete(said);
    judge.left();
    judge.own_entries();
    Ok(judge.into_report())
}
