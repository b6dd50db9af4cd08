//! Relocations with addends, in the order of their offsets.
//!
//! Types: System V psABI for x86-64, table 4.9.

use std::borrow::Cow;

use object::LittleEndian;
use object::elf::{self, Rela64};

use crate::places::Places;

/// What a relocation computes, as far as a checksum must tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelocKind {
    /// Nothing (`R_X86_64_NONE`): left by tools that took a relocation away.
    None,
    /// Address, 64 bits.
    Abs64,
    /// Address, 32 bits zero-extended.
    Abs32,
    /// Address, 32 bits sign-extended.
    Abs32Signed,
    /// Address, 16 bits (real-mode code).
    Abs16,
    /// Address, 8 bits.
    Abs8,
    /// Distance, 64 bits.
    Relative64,
    /// Distance, 32 bits. `PLT32` too: the kernel has no PLT.
    Relative32,
    /// Distance, 16 bits.
    Relative16,
    /// Distance, 8 bits.
    Relative8,
    /// Distance of the symbol's GOT entry.
    Got32,
    /// A type that this program does not know: what it touches is refused.
    Unknown(u32),
}

impl RelocKind {
    fn of(kind: elf::RelocationType) -> Self {
        match kind {
            elf::R_X86_64_NONE => Self::None,
            elf::R_X86_64_64 => Self::Abs64,
            elf::R_X86_64_32 => Self::Abs32,
            elf::R_X86_64_32S => Self::Abs32Signed,
            elf::R_X86_64_16 => Self::Abs16,
            elf::R_X86_64_8 => Self::Abs8,
            elf::R_X86_64_PC64 => Self::Relative64,
            elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => Self::Relative32,
            elf::R_X86_64_PC16 => Self::Relative16,
            elf::R_X86_64_PC8 => Self::Relative8,
            elf::R_X86_64_GOTPCREL | elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX => {
                Self::Got32
            }
            other => Self::Unknown(other.0),
        }
    }

    /// How many bytes it writes.
    #[must_use]
    pub fn width(self) -> u64 {
        match self {
            Self::None | Self::Unknown(_) => 0,
            Self::Abs64 | Self::Relative64 => 8,
            Self::Abs32 | Self::Abs32Signed | Self::Relative32 | Self::Got32 => 4,
            Self::Abs16 | Self::Relative16 => 2,
            Self::Abs8 | Self::Relative8 => 1,
        }
    }

    /// Whether it computes a distance from the place that it is applied to.
    #[must_use]
    pub fn is_relative(self) -> bool {
        matches!(
            self,
            Self::Relative64 | Self::Relative32 | Self::Relative16 | Self::Relative8 | Self::Got32
        )
    }

    /// The byte that stands for it in a digest. Never renumber.
    pub(crate) fn tag(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Abs64 => 1,
            Self::Abs32 => 2,
            Self::Abs32Signed => 3,
            Self::Abs16 => 4,
            Self::Abs8 => 5,
            Self::Relative64 => 6,
            Self::Relative32 => 7,
            Self::Relative16 => 8,
            Self::Relative8 => 9,
            Self::Got32 => 10,
            Self::Unknown(_) => 255,
        }
    }
}

/// One relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reloc {
    /// Where it applies, as an offset in its section.
    pub offset: u64,
    /// What it computes.
    pub kind: RelocKind,
    /// Index of its symbol.
    pub symbol: u32,
    /// What is added to the symbol's address.
    pub addend: i64,
    /// The type as the file has it.
    pub raw: u32,
}

/// The relocations of one section, sorted by offset.
#[derive(Debug, Default)]
pub struct Relocs<'data> {
    entries: Cow<'data, [Rela64<LittleEndian>]>,
    places: Places,
}

impl<'data> Relocs<'data> {
    /// Those of all `tables` that apply to the section.
    pub(super) fn new(
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
        let places = Places::of(entries.iter().map(offset));
        Ok(Self { entries, places })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Reloc> + '_ {
        self.entries.iter().map(decode)
    }

    /// Those with `start <= offset < end`.
    #[must_use]
    pub fn within(&self, start: u64, end: u64) -> Within<'_> {
        let offset = |number: usize| {
            self.entries.get(number).map_or(u64::MAX, |entry| entry.r_offset.get(LittleEndian))
        };
        let from = self.places.below(start, offset);
        Within { rest: self.entries.get(from..).unwrap_or_default().iter(), end }
    }

    /// The effective one at exactly `offset`.
    #[must_use]
    pub fn at(&self, offset: u64) -> Option<Reloc> {
        self.within(offset, offset.saturating_add(1)).find(|reloc| reloc.kind != RelocKind::None)
    }

    /// The one in whose field `offset` is, behind its first byte.
    #[must_use]
    pub fn around(&self, offset: u64) -> Option<Reloc> {
        let ends_behind = |reloc: &Reloc| reloc.offset.saturating_add(reloc.kind.width()) > offset;
        self.within(offset.saturating_sub(7), offset).find(ends_behind)
    }
}

/// Relocations up to some offset, in order.
#[derive(Debug, Clone)]
pub struct Within<'a> {
    rest: std::slice::Iter<'a, Rela64<LittleEndian>>,
    end: u64,
}

impl Within<'_> {
    /// Where the next one applies; the last of all offsets if there is none.
    pub(crate) fn next_offset(&self) -> u64 {
        let next = self.rest.as_slice().first().map(|entry| entry.r_offset.get(LittleEndian));
        next.filter(|offset| *offset < self.end).unwrap_or(u64::MAX)
    }
}

impl Iterator for Within<'_> {
    type Item = Reloc;

    fn next(&mut self) -> Option<Reloc> {
        let next =
            self.rest.as_slice().first().map(decode).filter(|next| next.offset < self.end)?;
        self.rest.next();
        Some(next)
    }
}

fn decode(entry: &Rela64<LittleEndian>) -> Reloc {
    Reloc {
        offset: entry.r_offset.get(LittleEndian),
        kind: RelocKind::of(entry.r_type(LittleEndian, false)),
        symbol: entry.r_sym(LittleEndian, false),
        addend: entry.r_addend.get(LittleEndian),
        raw: entry.r_type(LittleEndian, false).0,
    }
}
