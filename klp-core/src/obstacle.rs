//! What can stand in the way of a comparison or of a livepatch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something is refused, as a code that stays the same where sentences get better.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Obstacle {
    /// It cannot be read, so it cannot be compared or copied.
    Unreadable,
    /// Kbuild keeps objtool away from its object (`OBJECT_FILES_NON_STANDARD`).
    NonStandard,
    /// Data that the running kernel has changes.
    ChangedData,
    /// The layout of a type changes.
    TypeLayout,
    /// A variable that the running kernel has gets another type.
    VariableType,
    /// A new variable, or a constant whose address is compared, may be an old one under another name.
    RenamedVariable,
    /// A new function whose address is compared may be an old one under another name.
    RenamedFunction,
    /// A text of the module that the kernel would free.
    Text,
    /// The type of an export changes.
    ExportType,
    /// A trace event changes.
    TraceEvent,
    /// A tracepoint is added.
    Tracepoint,
    /// An initcall is added whose effects the livepatch uses.
    Initcall,
    /// Code or data that is freed after boot.
    Freed,
    /// A function that ftrace cannot redirect.
    Untraceable,
    /// A function shares its address with others that do not change alike.
    SharedAddress,
    /// The linker takes a weak function in place of one that is taken away.
    WeakInstead,
    /// The object's compiler makes nothing that can be taken apart.
    Language,
    /// Compiled again with function sections, the object is other code than the build's.
    Recompiled,
    /// Nothing in a module stands for its section.
    Section,
    /// A reference cannot lead where it leads in the patched kernel.
    Reference,
    /// An entry of a special section cannot do its work in a module.
    TableEntry,
    /// A livepatch callback cannot be called.
    Callback,
    /// Livepatch cannot find the symbol in the running kernel.
    Symbol,
    /// The livepatch would replace no function.
    NoFunction,
    /// The second opinion on the module disagrees.
    SecondOpinion,
    /// It starts the kernel, and is not compared.
    NotRunning,
    /// It is not what the kernel has that somebody else built.
    Unproven,
}
