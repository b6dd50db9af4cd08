//! The digests of what long strings end with.
//!
//! A string without a symbol means all of it from the place that is referred to. The end of a long one is digested in
//! blocks, each with what follows it, so that thousands of places in one string do not mean as many long contents.

use std::sync::OnceLock;

use foldhash::HashMap;

use crate::elf::{ElfObject, SectionId};
use crate::slices::SliceParts as _;

use super::Digest;

/// The bytes of a block. A string that is no longer is digested as any other content. No string of Linux 7.2 is.
const BLOCK: usize = 1 << 14;

/// By the place where the string ends: the digests of the blocks of its end, the last block first.
type Ends = HashMap<(SectionId, u64), Vec<Digest>>;

/// Those of one object, digested when the first is asked for.
#[derive(Debug, Default)]
pub(crate) struct LongStrings(OnceLock<Ends>);

impl LongStrings {
    /// The part of `data`, the string that ends at `end` of `section`, that is content as it is, and the digest of what
    /// follows. None of a string that is not long.
    pub(super) fn of<'d>(
        &self,
        elf: &ElfObject<'_>,
        (section, end): (SectionId, u64),
        data: &'d [u8],
    ) -> Option<(&'d [u8], Digest)> {
        let blocks = data.len().saturating_sub(1) / BLOCK;
        let last = blocks.checked_sub(1)?;
        let digests = self.0.get_or_init(|| all(elf)).get(&(section, end))?;
        let head = data.len().checked_sub(blocks.checked_mul(BLOCK)?)?;
        Some((data.ending(head), *digests.get(last)?))
    }
}

fn all(elf: &ElfObject<'_>) -> Ends {
    let mut found = Ends::default();
    for (section, id) in elf.sections.with_ids().filter(|(section, _)| section.is_strings()) {
        for (start, end) in section.long_strings() {
            let text = section.in_file(start, end);
            if text.len() <= BLOCK {
                continue;
            }
            let mut digests: Vec<Digest> = Vec::new();
            for block in text.rchunks_exact(BLOCK) {
                let behind = digests.last().map_or(&[][..], |digest| digest.as_bytes());
                digests.push(Digest::of(&[block, behind].concat()));
            }
            // Characters of several bytes can start at any of them, and strings of both end at the end of the section.
            let known = found.entry((id, end)).or_default();
            if known.len() < digests.len() {
                *known = digests;
            }
        }
    }
    found
}
