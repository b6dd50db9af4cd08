//! Which places in code variables hold that others know by their names.

use crate::elf::{Place, RelocKind};

use super::sections::SectionPurpose;
use super::side::ProofSide;
use super::target::{self, Target};

/// The places in code whose address data hold that others know. What is local can be a table for `goto *`.
pub(super) fn places(side: &ProofSide<'_>) -> Vec<Place> {
    let mut found = Vec::new();
    for (section, id) in side.object.sections.with_ids() {
        let class = side.meaning(id).class;
        if matches!(
            class,
            SectionPurpose::Code | SectionPurpose::OfCode(_) | SectionPurpose::LeftOut(_)
        ) {
            continue;
        }
        for reloc in section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None) {
            if let Target::Place { section: code, offset, .. } = target::of(side.object, &reloc, 0)
                && let Ok(at) = u64::try_from(offset)
                && side.is_code(code)
                && side.symbols(code, at, at.saturating_add(1)).next().is_none()
                && let Some(holder) = side.sized_symbol(id, reloc.offset)
                && !holder.local
            {
                found.push(code.at(at));
            }
        }
    }
    found
}
