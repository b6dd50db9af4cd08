//! Debug information that says far more than its bytes hold.
//!
//! Units can share a line program, entries a list of ranges or a name, so that what they say together grows with the
//! square of the file. No compiler writes such a thing.

use super::DebugError;

/// How many things each byte may say.
const TIMES: usize = 8;
/// What any file may say.
const ALWAYS: usize = 1 << 20;

/// How much may still be said.
pub(super) struct Budget(usize);

impl Budget {
    /// That of a file of `size` bytes.
    pub(super) fn of_size(size: usize) -> Self {
        Self(size.saturating_mul(TIMES).saturating_add(ALWAYS))
    }

    /// Takes `count` things.
    pub(super) fn take(&mut self, count: usize) -> Result<(), DebugError> {
        self.0 = self.0.checked_sub(count).ok_or(DebugError::TooMuch)?;
        Ok(())
    }
}
