//! What alternatives say about processors (`arch/x86/include/asm/cpufeatures.h` and `alternative.h`).

use super::super::Feature;

/// What the fields of an entry say: `ALT_FLAG_NOT` of 6.3 and later is a flag, `ALTINSTR_FLAG_INV` before it the highest bit
/// of the feature.
pub(super) fn feature(fields: &[u8]) -> Option<Feature> {
    const NOT: u16 = 1;
    const INVERTED: u16 = 1 << 15;
    match *fields {
        [a, b] => {
            let feature = u16::from_le_bytes([a, b]);
            let (number, is_inverted) = (feature & !INVERTED, feature & INVERTED != 0);
            Some(Feature { number, is_inverted, flags: 0 })
        }
        [a, b, c, d] => {
            let (number, flags) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
            Some(Feature { number, is_inverted: flags & NOT != 0, flags: flags & !NOT })
        }
        _ => None,
    }
}
