//! The stretches of code that a function consists of.

use super::ContentKind;
use crate::elf::SectionId;

/// A stretch of code that the unit consists of.
#[derive(Debug, Clone)]
pub(super) struct UnitPart {
    pub(super) section: SectionId,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Where it must end.
    pub(super) limit: u64,
    pub(super) role: PartRole,
}

impl UnitPart {
    pub(super) fn holds(&self, offset: u64) -> bool {
        (self.start..self.end).contains(&offset)
    }
}

/// What such a stretch is to its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartRole {
    Body,
    Cold,
    Prefix,
    /// Code without a symbol that the unit jumps to; it ends where control does.
    Outlined,
    /// Bytes without a symbol in a section of code whose address the unit takes: code, or a table.
    Addressed,
}

impl PartRole {
    pub(super) fn kind(self) -> ContentKind {
        match self {
            Self::Body | Self::Outlined | Self::Addressed => ContentKind::Instruction,
            Self::Cold => ContentKind::ColdPart,
            Self::Prefix => ContentKind::Prefix,
        }
    }
}
