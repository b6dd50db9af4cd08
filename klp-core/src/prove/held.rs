//! Which places in code other code gets hold of: who has the address can read there.

use crate::elf::{ElfObject, Place};

use super::target::{self, Target};
use super::x86_64;

/// Sections and offsets, sorted. Targets of direct branches are none.
pub(super) fn places(object: &ElfObject<'_>) -> Vec<Place> {
    let mut found = Vec::new();
    for section in object.sections.iter().filter(|section| section.is_code()) {
        for reloc in section.relocs.iter() {
            let before = reloc.offset.checked_sub(2).and_then(|at| section.range(at, reloc.offset));
            if before.is_some_and(x86_64::ends_with_branch) {
                continue;
            }
            let behind = if reloc.kind.is_relative() { reloc.kind.width() } else { 0 };
            if let Target::Place { section, offset, .. } =
                target::of(object, &reloc, behind.cast_signed())
                && object.section(section).is_code()
                && let Ok(at) = u64::try_from(offset)
            {
                found.push(section.at(at));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
