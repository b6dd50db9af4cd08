//! Places in sections.

use super::SectionId;

/// A place in a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The section.
    pub section: SectionId,
    /// Offset in the section.
    pub offset: u64,
}

impl Place {
    /// The place `distance` behind it.
    #[must_use]
    pub const fn plus(self, distance: u64) -> Self {
        self.section.at(self.offset.saturating_add(distance))
    }
}

impl SectionId {
    /// The place at `offset` of the section.
    #[must_use]
    pub const fn at(self, offset: u64) -> Place {
        Place { section: self, offset }
    }
}
