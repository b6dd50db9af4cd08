//! Why something of a livepatch is not known, or cannot be.

/// A sentence fragment.
pub(super) type ReasonText = String;
