//! `__patchable_function_entries`: NOPs that compilers leave at and before the start of functions, to be patched
//! (`-fpatchable-function-entry`). Entry, 8 bytes: address of the first.

use super::{DecodedEntry, TableFormat};

pub(super) const FORMAT: TableFormat = TableFormat {
    section: "__patchable_function_entries",
    sizes: &[(8, &[0])],
    length: None,
    decode: |_| Ok(DecodedEntry::PatchableNops),
};
