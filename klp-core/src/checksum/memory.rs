//! Memory that can be written and has no symbol: which stretch of it is which.
//!
//! Two variables of equal content are still two, and two functions that use one variable share it. Where a symbol
//! names the variable, references are compared by the symbol; where none does, by a number that stands for the
//! place as if it were a symbol. Correlation finds out which number of one build is which of the other.

use crate::elf::{ElfObject, Section, SectionId, SymbolId};
use crate::ids::{Id, List};

/// What a unit refers to and means as itself: a symbol, or a place in memory that has none.
pub enum Referent {}

/// Of a symbol its own number, of a place one behind those of all symbols.
pub type ReferentId = Id<Referent>;

impl ReferentId {
    /// The symbol, if it is one.
    pub(crate) fn symbol(self, elf: &ElfObject<'_>) -> Option<SymbolId> {
        elf.symbols.checked(self.number() as usize)
    }
}

impl From<SymbolId> for ReferentId {
    fn from(symbol: SymbolId) -> Self {
        Self::known(symbol.number())
    }
}

/// Numbers for places in memory that can be written, behind those of symbols.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// By section: the number of its first byte.
    first: List<SectionId, Option<u32>>,
}

impl Memory {
    pub(crate) fn of(elf: &ElfObject<'_>) -> Self {
        let mut next = u32::try_from(elf.symbols.len()).ok();
        // Numbers do not end: `elf::bounded` has seen that all memory together is less than 2 GiB.
        let number = |section: &Section<'_>| {
            let is_memory = section.is_allocated() && section.is_writable();
            let own = next.filter(|_| is_memory)?;
            let size = u32::try_from(section.size).ok();
            next = size.and_then(|size| own.checked_add(size)?.checked_add(1));
            Some(own)
        };
        Self { first: elf.sections.iter().map(number).collect() }
    }

    /// The number of the place `offset` of `section`.
    pub(crate) fn number(&self, section: SectionId, offset: u64) -> Option<ReferentId> {
        let number = self.first[section]?.checked_add(u32::try_from(offset).ok()?)?;
        Some(ReferentId::known(number))
    }
}
