//! Sections and what their headers say about their content.

use std::borrow::Cow;

use object::elf;

use super::strings::StringEnds;
use super::{Relocs, SectionId};
use crate::arch::{Arch as _, Machine, for_machine};
use crate::rules;
use crate::slices::SliceParts as _;

/// Notes of LLVM to linkers and profilers, by its extensions to ELF (`SHT_LLVM_ODRTAB` to `SHT_LLVM_JT_SIZES`):
/// symbols whose address matters, libraries, maps of basic blocks. Nothing of them is loaded or changes code.
const LLVM_NOTES: std::ops::RangeInclusive<u32> = 0x6fff_4c00..=0x6fff_4c0d;

/// What kind of bytes a section header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionClass {
    /// Bytes of the program (`SHT_PROGBITS` and arrays of pointers).
    Bytes,
    /// Zeroed memory without bytes in the file (`SHT_NOBITS`).
    Zeroed,
    /// Notes (`SHT_NOTE`).
    Note,
    /// Tables of the ELF container itself: symbols, strings, relocations, groups.
    Container,
    /// A type this program does not know.
    Unknown(u32),
}

impl SectionClass {
    pub(super) fn of(machine: Machine, kind: elf::SectionType) -> Self {
        match kind {
            elf::SHT_PROGBITS
            | elf::SHT_INIT_ARRAY
            | elf::SHT_FINI_ARRAY
            | elf::SHT_PREINIT_ARRAY => Self::Bytes,
            elf::SHT_NOBITS => Self::Zeroed,
            elf::SHT_NOTE => Self::Note,
            elf::SHT_NULL
            | elf::SHT_SYMTAB
            | elf::SHT_SYMTAB_SHNDX
            | elf::SHT_STRTAB
            | elf::SHT_RELA
            | elf::SHT_REL
            | elf::SHT_GROUP
            | elf::SHT_GNU_ATTRIBUTES => Self::Container,
            other if LLVM_NOTES.contains(&other.0) => Self::Container,
            other if for_machine!(machine, A => A::is_bytes(other)) => Self::Bytes,
            other => Self::Unknown(other.0),
        }
    }
}

/// One section.
#[derive(Debug)]
pub struct Section<'data> {
    /// Name, not necessarily UTF-8.
    pub name: &'data [u8],
    /// What the header says the bytes are.
    pub class: SectionClass,
    /// The flags as the file has them (`SHF_*`).
    pub flags: u64,
    /// The type as the file has it (`SHT_*`).
    pub raw: u32,
    /// Alignment in memory, 0 or 1 for none.
    pub align: u64,
    /// Size in bytes; for [`SectionClass::Zeroed`] the file holds none of them.
    pub size: u64,
    /// Size of one entry, 0 where the assembler gave none.
    pub entsize: u64,
    /// The section by whose place the linker sorts this one (`SHF_LINK_ORDER`).
    pub link: Option<SectionId>,
    /// The bytes in the file.
    pub data: &'data [u8],
    /// Relocations that apply to this section, by offset.
    pub relocs: Relocs<'data>,
    pub(crate) string_ends: StringEnds,
}

impl<'data> Section<'data> {
    /// Loaded with the kernel or module (`SHF_ALLOC`).
    #[must_use]
    pub fn is_allocated(&self) -> bool {
        self.has(elf::SHF_ALLOC)
    }

    /// Holds instructions (`SHF_EXECINSTR`).
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.has(elf::SHF_EXECINSTR) && self.class == SectionClass::Bytes
    }

    /// An unwind table, which is left out of digests: its relocations are not read, and who reads it as data is
    /// refused.
    #[must_use]
    pub fn is_unwind_table(&self) -> bool {
        !self.is_code() && rules::is_unwind(self.name)
    }

    /// Can be written at run time (`SHF_WRITE`).
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.has(elf::SHF_WRITE)
    }

    /// The last link of the kernel leaves it out (`SHF_EXCLUDE`).
    #[must_use]
    pub fn is_excluded(&self) -> bool {
        self.has(elf::SHF_EXCLUDE)
    }

    /// Each thread has its own (`SHF_TLS`).
    #[must_use]
    pub fn is_thread_local(&self) -> bool {
        self.has(elf::SHF_TLS)
    }

    /// Entries of `entsize` bytes that the linker may merge (`SHF_MERGE`). It does not where there are relocations: tables of
    /// the kernel have this flag from 7.2 on, to say how large an entry is.
    #[must_use]
    pub fn is_merged(&self) -> bool {
        self.has(elf::SHF_MERGE) && self.entsize != 0 && self.relocs.is_empty()
    }

    /// Merged entries that are NUL-terminated strings (`SHF_STRINGS`).
    #[must_use]
    pub fn is_strings(&self) -> bool {
        self.is_merged() && self.has(elf::SHF_STRINGS)
    }

    /// Whether the header says that these are strings, merged or not.
    pub(super) fn has_strings(&self) -> bool {
        self.has(elf::SHF_MERGE) && self.has(elf::SHF_STRINGS)
    }

    /// Where the NUL is that ends the string at `start`, in a section of strings. None where the section ends before.
    pub(crate) fn string_end(&self, start: u64) -> Option<u64> {
        let width = usize::try_from(self.entsize).ok().filter(|width| *width > 0)?;
        let nul = self.string_ends.nul(self.data, usize::try_from(start).ok()?, width)?;
        u64::try_from(nul).ok()
    }

    /// Start and end of all strings of this section of strings that are longer than a few hundred characters.
    pub(crate) fn long_strings(&self) -> impl Iterator<Item = (u64, u64)> {
        // `bounded` refuses wider ones.
        let width = usize::try_from(self.entsize).unwrap_or(usize::MAX);
        let long = self.string_ends.long(self.data, width);
        long.map(|string| (string.start as u64, string.end as u64))
    }

    /// The name for people.
    #[must_use]
    pub fn name_lossy(&self) -> Cow<'data, str> {
        String::from_utf8_lossy(self.name)
    }

    /// `len` bytes at `offset`, if the section has them.
    #[must_use]
    pub fn bytes(&self, offset: u64, len: u64) -> Option<&'data [u8]> {
        self.range(offset, offset.checked_add(len)?)
    }

    /// The bytes from `start` up to `end`, if the section has them.
    #[must_use]
    pub fn range(&self, start: u64, end: u64) -> Option<&'data [u8]> {
        self.data.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// Those of the bytes from `start` up to `end` that the file holds: none of zeroed memory, and none behind the end.
    pub(crate) fn in_file(&self, start: u64, end: u64) -> &'data [u8] {
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        self.data.between(at(start), at(end))
    }

    /// The bytes around `offset` in which an instruction is that has a field there, and where among them that is.
    pub(crate) fn around(&self, offset: u64) -> Option<(&'data [u8], usize)> {
        /// No opcode is longer.
        const BEFORE: u64 = 8;
        let start = offset.saturating_sub(BEFORE);
        let field = usize::try_from(offset.checked_sub(start)?).ok()?;
        Some((self.range(start, self.size)?, field))
    }

    fn has(&self, flag: elf::SectionFlags) -> bool {
        self.flags & flag.0 != 0
    }
}
