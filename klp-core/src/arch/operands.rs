//! What an operand of an instruction is to a checksum.

use super::InstructionField;

/// How an instruction uses its memory operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Exactly this many bytes at the address in the displacement.
    Fixed(u16),
    /// One of what lies there one behind the other: registers say which.
    Indexed,
    /// A part of one of them: registers say which, in larger steps than it reads.
    Strided,
    /// Somewhere relative to it, or the address itself is taken.
    Open,
}

/// What an instruction does with the address in its displacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisplacementUse {
    /// It keeps the address itself.
    Address,
    /// It uses exactly this many bytes there.
    Exactly(u16),
    /// It adds a register to it that counts what it uses: an array.
    Elements,
    /// It adds a register to it: it can use memory before and behind.
    Further,
}

/// The fields of an instruction that can hold addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operands {
    pub(crate) displacement: Option<InstructionField>,
    pub(crate) immediate: Option<InstructionField>,
    /// The address that a displacement relative to the next instruction gives without a relocation.
    pub(crate) ip_target: Option<u64>,
    pub(crate) access: Access,
}

impl Operands {
    /// The field that a relocation at `offset` of the instruction fills.
    pub(crate) fn field_at(&self, offset: u8) -> Option<InstructionField> {
        self.displacement.into_iter().chain(self.immediate).find(|field| field.offset == offset)
    }
}
