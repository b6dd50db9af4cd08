//! Addresses and places. Sections of an object have no addresses, and debug information has nothing else: so each
//! section with code gets some, from which it is told again what is where.

use crate::elf::{Place, SectionId};
use crate::module::RawElf;

/// A stretch of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeStretch {
    /// The section.
    pub section: SectionId,
    /// First byte, as an offset in the section.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl CodeStretch {
    /// Whether `place` is in it.
    #[must_use]
    pub fn holds(&self, place: Place) -> bool {
        self.section == place.section && (self.start..self.end).contains(&place.offset)
    }
}

/// No section is at an address below: there is what was discarded.
const FIRST: u64 = 0x1_0000;
/// Between two sections, so that the end of one is not the start of the next.
const GAP: u64 = 0x1000;

/// The addresses of sections with code.
#[derive(Debug)]
pub(super) struct Space {
    /// First address, size and section, by address.
    sections: Vec<(u64, u64, SectionId)>,
}

impl Space {
    /// Those of a linked file, or, in a file that is not linked, some.
    pub(super) fn of(elf: &RawElf<'_>) -> Self {
        let code = elf.sections.with_ids();
        let code = code.filter(|(section, _)| section.is_allocated() && section.is_code());
        let mut next = FIRST;
        let mut sections: Vec<(u64, u64, SectionId)> = Vec::new();
        for (section, index) in code {
            let start = if elf.is_relocatable() { next } else { section.address };
            next = next.saturating_add(section.size).saturating_add(GAP);
            if start >= FIRST {
                sections.push((start, section.size, index));
            }
        }
        sections.sort_unstable();
        Self { sections }
    }

    /// The address of the first byte of a section; 0 for one without code.
    pub(super) fn start(&self, section: SectionId) -> u64 {
        let found = self.sections.iter().find(|(.., index)| *index == section);
        found.map_or(0, |(start, ..)| *start)
    }

    /// What is at `address`.
    pub(super) fn place(&self, address: u64) -> Option<Place> {
        let after = self.sections.partition_point(|(start, ..)| *start <= address);
        let (start, size, section) = *self.sections.get(after.checked_sub(1)?)?;
        let offset = address.checked_sub(start).filter(|offset| *offset < size)?;
        Some(Place { section, offset })
    }

    /// The offset in the section of `place` that `address` has, as far as it is in the section or at its end.
    pub(super) fn stretch_end(&self, place: Place, address: u64) -> u64 {
        let found = self.sections.iter().find(|(.., section)| *section == place.section);
        let (start, size) = found.map_or((0, 0), |(start, size, _)| (*start, *size));
        address.saturating_sub(start).min(size)
    }

    /// What is from `start` up to `end`, as far as it is in one section.
    pub(super) fn stretch(&self, start: u64, end: u64) -> Option<CodeStretch> {
        let place = self.place(start)?;
        let after = self.sections.partition_point(|(first, ..)| *first <= start);
        let (_, size, section) = *self.sections.get(after.checked_sub(1)?)?;
        let length = end.checked_sub(start).filter(|length| *length > 0)?;
        let end = place.offset.saturating_add(length).min(size);
        Some(CodeStretch { section, start: place.offset, end })
    }
}
