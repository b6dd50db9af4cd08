//! Fields that a relocation fills: how long they are, and where what is in them leads.

use super::shipped::{ShippedImage, ShippedPlace};
use crate::module::RawRela;

/// How a relocation writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RelocField {
    pub(super) width: usize,
    pub(super) relative: bool,
    pub(super) signed: bool,
}

impl RelocField {
    /// Where the field of the relocation `ours` leads in what was shipped, as it stands at `spot`, with the addend of
    /// `ours` taken off.
    pub(super) fn leads_to(
        self,
        shipped: &ShippedImage<'_>,
        spot: ShippedPlace,
        ours: &RawRela,
    ) -> Result<ShippedPlace, &'static str> {
        if shipped.is_module() {
            let theirs = shipped.rela(spot).ok_or("a number where a relocation should be")?;
            let same = Self::of(theirs.kind) == Some(self);
            let target =
                shipped.target(theirs).filter(|_| same).ok_or("another kind of relocation")?;
            return Ok(target.plus(theirs.addend).plus(ours.addend.wrapping_neg()));
        }
        let bytes = shipped.bytes(spot, self.width).ok_or("nothing")?;
        let mut value = [0; 8];
        for (to, from) in value.iter_mut().zip(bytes) {
            *to = *from;
        }
        let number = u64::from_le_bytes(value);
        let unused = 64 - 8 * u32::try_from(self.width).unwrap_or(8);
        let number = if self.signed {
            ((number << unused).cast_signed() >> unused).cast_unsigned()
        } else {
            number
        };
        let ShippedPlace::At(_, place) = spot else { return Err("nothing") };
        let base = if self.relative { place } else { 0 };
        Ok(ShippedPlace::At(None, number.wrapping_add(base)).plus(ours.addend.wrapping_neg()))
    }
}
