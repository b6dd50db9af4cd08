//! `__patchable_function_entries`: NOPs that compilers leave at and before the start of functions, to be patched
//! (`-fpatchable-function-entry`). Entry, 8 bytes: address of the first.

use super::{Effect, Entry, Reader};
use crate::checksum::{Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: "__patchable_function_entries", sizes: &[8], length: None, write };

#[expect(clippy::unnecessary_wraps, reason = "all readers have this signature")]
fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    _: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    unit.patchable(site);
    Ok(Effect::Keep)
}
