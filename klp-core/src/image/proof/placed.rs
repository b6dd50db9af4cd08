//! Where the sections of an object were put, as the symbols of both sides tell.

use std::collections::BTreeSet;

use super::shipped::{ShippedImage, ShippedPlace};
use crate::elf::SectionId;
use crate::module::{RawElf, SymbolPlace};

/// `STB_WEAK`: another object's definition can stand for such a symbol.
pub(super) const WEAK: u8 = 2;

/// Where section `section` of `object` can start.
pub(super) fn candidates(
    object: &RawElf<'_>,
    section: SectionId,
    shipped: &ShippedImage<'_>,
) -> BTreeSet<ShippedPlace> {
    let is_code = object.section(section).is_code();
    let mut agreed: Option<BTreeSet<ShippedPlace>> = None;
    for symbol in &object.symbols {
        let is_witness = symbol.place == SymbolPlace::Section(section)
            && symbol.binding != WEAK
            && !symbol.name.is_empty()
            && (symbol.is_function() || symbol.kind == object::elf::STT_OBJECT.0 || !is_code);
        let named = shipped.named(symbol.name);
        if !is_witness || named.is_empty() {
            continue;
        }
        let distance = symbol.value.wrapping_neg().cast_signed();
        let possible: BTreeSet<ShippedPlace> =
            named.iter().map(|(spot, _)| spot.plus(distance)).collect();
        agreed = Some(match agreed {
            None => possible,
            Some(before) => before.intersection(&possible).copied().collect(),
        });
    }
    agreed.unwrap_or_default()
}
