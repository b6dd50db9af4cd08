//! What a decoded instruction is to a checksum.

/// What an instruction is, as far as a checksum must treat it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Does nothing: padding.
    Nop,
    /// A direct jump or call; its target as encoded.
    Branch { call: bool, target: u64 },
    /// Everything else.
    Plain,
}

/// One decoded instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) len: u8,
    pub(crate) form: Form,
    /// Control never goes on to the next instruction.
    pub(crate) ends_flow: bool,
    /// It has a memory operand relative to where it stands.
    pub(crate) is_ip_relative: bool,
}
