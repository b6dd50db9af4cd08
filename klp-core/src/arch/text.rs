//! An instruction as people read it.

/// What the fields of an instruction are called that can hold an address.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldNames {
    /// Where a direct branch goes.
    pub(crate) branch: Option<String>,
    /// What the displacement of a memory operand refers to.
    pub(crate) displacement: Option<String>,
    /// What the immediate refers to.
    pub(crate) immediate: Option<String>,
}

impl FieldNames {
    /// What leaves out what the fields hold.
    pub(crate) fn none() -> Self {
        let [branch, displacement, immediate] = [const { Some(String::new()) }; 3];
        Self { branch, displacement, immediate }
    }
}

/// An instruction in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InstructionText {
    /// The whole of it.
    pub(crate) whole: String,
    /// What it does, without operands.
    pub(crate) mnemonic: String,
    /// Its immediate, if it has one.
    pub(crate) immediate: Option<u64>,
    /// The displacement of its memory operand, unless that counts from the next instruction, or is a summand.
    pub(crate) displacement: Option<u64>,
    /// The number that it adds to others, as an address that is too short to be one.
    pub(crate) summand: Option<u64>,
}
