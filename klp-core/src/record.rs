//! The records of `changed-functions.json` and of `--message-format json`.
//!
//! Field names and values are a contract: they are added to, never changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checksum::{Cause, Digest};
use crate::demangle::demangle;
use crate::obstacle::Obstacle;

/// The version of the records' format.
pub const FORMAT_VERSION: u32 = 1;

/// One record, a line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Record {
    /// The first record.
    Version(FormatVersion),
    /// A function that changed, was added or was removed.
    Function(ChangedFunction),
    /// A data object that did.
    Data(ChangedData),
    /// Something that cannot be compared.
    Refused(Refused),
    /// Something that differs and is no obstacle.
    Note(Note),
    /// The last record about changes.
    Summary(Summary),
    /// The livepatch module.
    Module(Module),
    /// How much of an object is what a kernel was linked from that somebody else built.
    Proof(ProofRecord),
    /// Why the run ended without a result; the last record then.
    Error(Failure),
}

/// What wrote the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FormatVersion {
    /// The version of the records' format, [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Program and version.
    pub tool: String,
}

impl Default for FormatVersion {
    fn default() -> Self {
        let tool = concat!("cargo-klp ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { format_version: FORMAT_VERSION, tool }
    }
}

/// How much of an object is what was shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProofRecord {
    /// The object.
    pub object: String,
    /// What it was linked into.
    pub linked: String,
    /// How many functions it has.
    pub functions: usize,
    /// Those that are byte for byte what was shipped, but for what a rule explains.
    pub equal: usize,
    /// The names of the others.
    pub different: Vec<String>,
    /// How many variables and constants with names it has.
    pub data: usize,
    /// The names of those that are not what was shipped.
    pub different_data: Vec<String>,
    /// In what the first of all these differs, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// What is known to be other here than where the kernel was built, so that something differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspects: Vec<String>,
}

/// What happened to a function or data object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// In both builds, and different.
    Changed,
    /// In the patched build only.
    Added,
    /// In the original build only.
    Removed,
}

/// A function of the changed-function set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChangedFunction {
    /// The Kbuild object where it is known, else the linked file.
    pub object: String,
    /// What the object is linked into, where that is known.
    pub linked: Option<String>,
    /// Symbol in the patched build (of a removed function: in the original).
    pub name: String,
    /// Symbol in the original build, where it has another name there.
    pub original_name: Option<String>,
    /// Its other symbols in the same build as `name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The Rust path, for a mangled name.
    pub demangled: Option<String>,
    /// What happened.
    pub change: Change,
    /// Symbols in the original build, any of which it may be, where nothing tells which: of many, the first 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// In what it differs.
    pub causes: Vec<Cause>,
    /// Digest in the original build.
    pub original_checksum: Option<Digest>,
    /// Digest in the patched build.
    pub patched_checksum: Option<Digest>,
    /// Why the change does not count, where a rule of the user's says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
    /// Whether a rule of the user's allows the change, where there are such rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<bool>,
}

/// A data object that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChangedData {
    /// The Kbuild object where it is known, else the linked file.
    pub object: String,
    /// What the object is linked into, where that is known.
    pub linked: Option<String>,
    /// Symbol; none for what a section holds beside named and referred-to data.
    pub name: Option<String>,
    /// Its other symbols.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Section.
    pub section: String,
    /// What happened.
    pub change: Change,
    /// Functions of the patched build that refer to it.
    pub read_by: Vec<String>,
    /// In what it differs, where it is not its content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
}

/// Something that differs, is true, and keeps nobody from patching functions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Note {
    /// The Kbuild object where it is known, else the linked file.
    pub object: String,
    /// Symbol or section.
    pub name: String,
    /// The Rust path, for a mangled name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demangled: Option<String>,
    /// What it is about: `order`, `link-order`, `linked`, `last-link`, `not-compiled` (a file of the patch that is no part of this kernel), `binding`, `symbol`, `export`, `license`, `seal`, `by-digest`,
    /// `extent` (it has the address of a neighbour of a constant that changed); and of the livepatch module: `forced` (a risk that `--force` takes), `sections`, `types`, `initcall`, `setup`,
    /// `parameter`, `freed`, `static-key`, `list` (the kernel walks its own), `modinfo` (modprobe reads the file of the module), `debug-class` (its messages cannot be turned on), `renamed` (what the kernel keeps leads to another function), `per-cpu` (all modules together have little of such memory), `outlives`, `thread`, `state` (what a variable holds that goes out of use), `stays` (its module cannot be unloaded), `constructor` (what tells KASAN of variables at boot), `new-module`, `reasons` (not all reasons could be found).
    pub code: String,
    /// What differs, for people.
    pub why: String,
}

impl Note {
    /// A note about `name` in `object`.
    #[must_use]
    pub fn new(code: &str, object: &str, name: &str, why: impl Into<String>) -> Self {
        let (code, object, name) = (code.to_owned(), object.to_owned(), name.to_owned());
        Self { demangled: demangle(&name), object, name, code, why: why.into() }
    }
}

/// Something that cannot be compared, and so cannot be called unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Refused {
    /// The Kbuild object where it is known, else the linked file.
    pub object: String,
    /// Function or data object.
    pub name: String,
    /// The Rust path, for a mangled name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demangled: Option<String>,
    /// What kind of thing stands in the way.
    pub code: Obstacle,
    /// Why, for people.
    pub why: String,
    /// The rule that refuses it, where it is one of Kbuild's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why it does not count, where a rule of the user's says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
    /// The parts of the patch that it comes from, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patch: Vec<PatchPart>,
}

/// A file that the patch changes, or one hunk of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PatchPart {
    /// The file, relative to the root of the sources.
    pub file: String,
    /// The first line of the hunk, `@@ -35,6 +35,7 @@ DEFINITION`; none for the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunk: Option<String>,
}

impl Refused {
    /// What no rule knows anything about.
    #[must_use]
    pub fn new(code: Obstacle, object: &str, name: &str, why: impl Into<String>) -> Self {
        let (object, name, why) = (object.to_owned(), name.to_owned(), why.into());
        let demangled = demangle(&name);
        Self { object, name, demangled, code, why, rule: None, ignored: None, patch: Vec::new() }
    }
}

/// Why a run ended without a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Failure {
    /// The exit status of the program.
    pub exit_status: u8,
    /// What failed, for people.
    pub message: String,
    /// What caused that, and so on to the first cause.
    pub causes: Vec<String>,
    /// What the person can do about it.
    pub hint: Option<String>,
    /// The lines of another program's output that tell more, such as the first error of the compiler.
    pub details: Vec<String>,
}

/// The livepatch module that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Module {
    /// Where it is.
    pub path: String,
    /// The functions that it replaces.
    pub functions: usize,
    /// Functions of it that keep it in memory for good: it can be disabled and replaced, and not unloaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<String>,
}

/// How many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Summary {
    /// Functions of the patched build; cold parts and other names of a function count nothing.
    pub functions: usize,
    /// Functions in both builds that differ.
    pub changed: usize,
    /// Functions in the patched build only.
    pub added: usize,
    /// Functions in the original build only.
    pub removed: usize,
    /// Data objects in both builds that differ.
    pub data_changed: usize,
    /// What could not be compared.
    pub refused: usize,
    /// Objects of the patched build.
    pub objects: usize,
    /// What a rule of the user's sets aside.
    #[serde(default)]
    pub ignored: usize,
    /// Changed, added and removed functions that no rule of the user's allows, where one allows some.
    #[serde(default)]
    pub not_allowed: usize,
    /// Objects that were left out as a rule of the user's says.
    #[serde(default)]
    pub skipped: usize,
    /// What differs and is no obstacle.
    #[serde(default)]
    pub notes: usize,
    /// Functions and data objects that are called equal and were proven to be: they have the same bytes and references.
    #[serde(default)]
    pub proven: usize,
    /// Those of which a correspondence had to be constructed.
    #[serde(default)]
    pub constructed: usize,
}
