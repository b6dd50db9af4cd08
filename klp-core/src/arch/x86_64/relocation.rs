//! The types of relocations: System V psABI for x86-64, table 4.9.

use object::elf;

use super::super::RelocKind;

pub(super) fn kind(kind: elf::RelocationType) -> RelocKind {
    match kind {
        elf::R_X86_64_NONE => RelocKind::None,
        elf::R_X86_64_64 => RelocKind::Abs64,
        elf::R_X86_64_32 => RelocKind::Abs32,
        elf::R_X86_64_32S => RelocKind::Abs32Signed,
        elf::R_X86_64_16 => RelocKind::Abs16,
        elf::R_X86_64_8 => RelocKind::Abs8,
        elf::R_X86_64_PC64 => RelocKind::Relative64,
        elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => RelocKind::Relative32,
        elf::R_X86_64_PC16 => RelocKind::Relative16,
        elf::R_X86_64_PC8 => RelocKind::Relative8,
        elf::R_X86_64_GOTPCREL | elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX => {
            RelocKind::Got32
        }
        other => RelocKind::Unknown(other.0),
    }
}
