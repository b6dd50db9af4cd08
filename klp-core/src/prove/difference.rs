//! What differs, for people.

/// What kind of thing differs first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// An instruction, or how many there are.
    Instruction,
    /// What a reference refers to.
    Target,
    /// An entry of this table, which describes an instruction.
    Entry(&'static str),
    /// Bytes of data.
    Content,
    /// How large something is.
    Size,
    /// What its section makes of it.
    Section,
    /// Its alignment.
    Alignment,
    /// The order of entries of a table.
    Order,
    /// What control runs on into behind the end of a function.
    FallThrough,
    /// Whether the kernel takes the ENDBR of a function away.
    Seal,
    /// A name: where it stands, its type, binding or size.
    Symbol,
    /// Bytes that belong to no unit, on one side only.
    Uncovered,
    /// Something that could not be read, or would take too long to prove.
    Unreadable,
}

/// The first difference that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its kind.
    pub what: DifferenceKind,
    /// Where it is, in the patched unit.
    pub offset: u64,
    /// One line that says what differs.
    pub text: String,
}

impl Difference {
    pub(super) fn new(what: DifferenceKind, offset: u64, text: impl Into<String>) -> Self {
        Self { what, offset, text: text.into() }
    }
}
