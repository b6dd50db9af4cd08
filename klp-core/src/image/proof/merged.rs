//! Strings and constants that a linker puts together with equal ones of other objects.

use crate::module::{RawRela, RawSection, RawSymbol};

/// Strings among what is merged (`SHF_STRINGS`).
const STRINGS: u64 = 0x20;

/// A reference of an object to such a string or constant.
pub(super) struct Merged<'a, 'o> {
    pub(super) section: &'a RawSection<'o>,
    pub(super) symbol: &'a RawSymbol<'o>,
    pub(super) rela: &'a RawRela,
}

impl<'o> Merged<'_, 'o> {
    /// The string with its end, or the constant, that the reference leads to, and how far behind the symbol it starts
    /// in the linked kernel. The processor counts from `bias` bytes behind the field.
    ///
    /// The symbol of a section stands for all of it: a linker looks at where the reference leads. Any other symbol moves
    /// with what it stands at, and the reference goes along, if only to the byte behind it.
    pub(super) fn element(&self, bias: i64) -> Option<(&'o [u8], i64)> {
        let inside = self.rela.addend.checked_add(bias)?;
        if self.symbol.kind == object::elf::STT_SECTION.0 {
            let start = self.symbol.value.checked_add_signed(inside)?;
            return Some((element(self.section, start)?, inside));
        }
        let element = element(self.section, self.symbol.value)?;
        (0..=element.len()).contains(&usize::try_from(inside).ok()?).then_some((element, 0))
    }
}

fn element<'o>(section: &RawSection<'o>, start: u64) -> Option<&'o [u8]> {
    let rest = section.data.get(usize::try_from(start).ok()?..)?;
    let size = usize::try_from(section.entry_size).ok()?;
    if section.flags & STRINGS == 0 {
        return rest.get(..size);
    }
    let width = size.max(1);
    let ends = |unit: &[u8]| unit.iter().all(|byte| *byte == 0);
    let end = rest.chunks_exact(width).position(ends)?.checked_add(1)?;
    rest.get(..end.checked_mul(width)?)
}
