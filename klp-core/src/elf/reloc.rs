//! Relocations with addends, in the order of their offsets.

use std::borrow::Cow;

use object::LittleEndian;
use object::elf::Rela64;

use crate::arch::{Arch as _, Machine, for_machine};

pub use crate::arch::RelocKind;
use crate::places::PlaceIndex;
use crate::slices::SliceParts as _;

use super::SymbolId;

/// One relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reloc {
    /// Where it applies, as an offset in its section.
    pub offset: u64,
    /// What it computes.
    pub kind: RelocKind,
    /// Its symbol.
    pub symbol: SymbolId,
    /// What is added to the symbol's address.
    pub addend: i64,
    /// The type as the file has it.
    pub raw: u32,
}

impl Reloc {
    /// One past the last byte of its field; the end of all offsets if a broken file has it further.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.kind.width())
    }
}

/// The relocations of one section, sorted by offset.
#[derive(Debug)]
pub struct Relocs<'data> {
    machine: Machine,
    entries: Cow<'data, [Rela64<LittleEndian>]>,
    places: PlaceIndex,
}

impl<'data> Relocs<'data> {
    /// Those of a section that has none.
    pub(crate) fn none(machine: Machine) -> Self {
        Self { machine, entries: Cow::default(), places: PlaceIndex::default() }
    }

    /// Those of all `tables` that apply to the section.
    pub(super) fn new(
        machine: Machine,
        tables: &[&'data [Rela64<LittleEndian>]],
        symbols: usize,
    ) -> Result<Self, String> {
        let offset = |entry: &Rela64<LittleEndian>| entry.r_offset.get(LittleEndian);
        let mut sorted = true;
        let mut previous = 0;
        for entry in tables.iter().copied().flatten() {
            let symbol = entry.r_sym(LittleEndian, false);
            if symbol as usize >= symbols {
                return Err(format!("symbol {symbol} does not exist"));
            }
            sorted &= previous <= offset(entry);
            previous = offset(entry);
        }
        let entries = match tables {
            [only] if sorted => Cow::Borrowed(*only),
            _ => {
                let mut owned = tables.concat();
                owned.sort_by_key(offset);
                Cow::Owned(owned)
            }
        };
        let places = PlaceIndex::of(entries.iter().map(offset));
        Ok(Self { machine, entries, places })
    }

    /// These, all of which fill bytes before `size`.
    pub(super) fn all_before(self, size: u64) -> Result<Self, String> {
        /// No field is wider.
        const WIDEST: u64 = 8;
        let near = self.entries.starting(self.from(size.saturating_sub(WIDEST)));
        let mut near = near.iter().map(|entry| decode(self.machine, entry));
        let is_outside = |reloc: &Reloc| {
            reloc.kind != RelocKind::None && (reloc.offset >= size || reloc.end() > size)
        };
        match near.find(is_outside) {
            Some(reloc) => Err(format!("one at {:#x}, behind its end", reloc.offset)),
            None => Ok(self),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Reloc> + '_ {
        self.entries.iter().map(|entry| decode(self.machine, entry))
    }

    /// Those with `start <= offset < end`.
    #[must_use]
    pub fn within(&self, start: u64, end: u64) -> RelocRange<'_> {
        let rest = self.entries.starting(self.from(start)).iter();
        RelocRange { machine: self.machine, rest, end }
    }

    /// The number of the first at or behind `start`.
    fn from(&self, start: u64) -> usize {
        let offset = |number: usize| {
            self.entries.get(number).map_or(u64::MAX, |entry| entry.r_offset.get(LittleEndian))
        };
        self.places.below(start, offset)
    }

    /// The effective one at exactly `offset`.
    #[must_use]
    pub fn at(&self, offset: u64) -> Option<Reloc> {
        self.within(offset, offset.saturating_add(1)).find(|reloc| reloc.kind != RelocKind::None)
    }

    /// The one in whose field `offset` is, behind its first byte.
    #[must_use]
    pub fn around(&self, offset: u64) -> Option<Reloc> {
        let ends_behind = |reloc: &Reloc| reloc.end() > offset;
        self.within(offset.saturating_sub(7), offset).find(ends_behind)
    }
}

/// Relocations up to some offset, in order.
#[derive(Debug, Clone)]
pub struct RelocRange<'a> {
    machine: Machine,
    rest: std::slice::Iter<'a, Rela64<LittleEndian>>,
    end: u64,
}

impl RelocRange<'_> {
    /// Where the next one applies; the last of all offsets if there is none.
    pub(crate) fn next_offset(&self) -> u64 {
        let next = self.rest.as_slice().first().map(|entry| entry.r_offset.get(LittleEndian));
        next.filter(|offset| *offset < self.end).unwrap_or(u64::MAX)
    }
}

impl Iterator for RelocRange<'_> {
    type Item = Reloc;

    fn next(&mut self) -> Option<Reloc> {
        let next = self.rest.as_slice().first().map(|entry| decode(self.machine, entry));
        let next = next.filter(|next| next.offset < self.end)?;
        self.rest.next();
        Some(next)
    }
}

fn decode(machine: Machine, entry: &Rela64<LittleEndian>) -> Reloc {
    let kind = entry.r_type(LittleEndian, false).0;
    Reloc {
        offset: entry.r_offset.get(LittleEndian),
        kind: for_machine!(machine, A => A::relocation(kind)),
        // `Relocs::new` has seen that there is one.
        symbol: SymbolId::known(entry.r_sym(LittleEndian, false)),
        addend: entry.r_addend.get(LittleEndian),
        raw: kind,
    }
}
