//! What a processor must have for code to be replaced.

/// What a processor has, as an alternative names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feature {
    pub(crate) number: u16,
    /// Whether the code is replaced where a processor does not have it.
    pub(crate) is_inverted: bool,
    /// Other flags: that the replacement is a direct call.
    pub(crate) flags: u16,
}
