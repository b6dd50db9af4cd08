//! The types of relocations: System V psABI for x86-64, table 4.9.

use object::elf;

use super::super::RelocKind;

/// A direct call or jump.
pub(crate) const BRANCH: u32 = elf::R_X86_64_PLT32.0;
/// An address of 64 bits.
pub(crate) const ADDRESS: u32 = elf::R_X86_64_64.0;
/// A distance of 32 bits.
pub(crate) const DISTANCE: u32 = elf::R_X86_64_PC32.0;

impl RelocKind {
    pub(crate) fn of(kind: elf::RelocationType) -> Self {
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
}
