//! Sections whose entries a linker merges.

use super::extent;
use super::side::{ByteRange, ProofSide};
use super::target::{MemoryUse, NamedPlace};
use crate::ids::List;

/// An entry of a merged section whose symbol a reference uses to reach another entry.
pub(super) struct FarEntry {
    pub(super) entry: i64,
    /// The size of the entries, and how far the reference goes.
    pub(super) behind: (u64, i64),
}

/// Linkers move the entries of a merged section one by one, and a reference goes with the entry of its symbol.
pub(super) fn far_entry(side: &ProofSide<'_>, spot: NamedPlace) -> Option<FarEntry> {
    let section = Some(side.section(spot.section)).filter(|section| section.is_merged())?;
    let symbol = side.object.symbol(spot.symbol?);
    let width = section.entsize;
    let cut = if section.is_strings() {
        extent::extent(
            side,
            &List::default(),
            spot.section,
            symbol.value.cast_signed(),
            MemoryUse::Address,
        )
        .range
    } else {
        let start = symbol.value.saturating_sub(symbol.value.checked_rem(width)?);
        ByteRange { section: spot.section, start, end: start.saturating_add(width) }
    };
    let is_near =
        u64::try_from(spot.offset).is_ok_and(|offset| (cut.start..cut.end).contains(&offset));
    let entry = symbol.value.cast_signed();
    let behind = (width, spot.offset.wrapping_sub(entry));
    (!is_near).then_some(FarEntry { entry, behind })
}
