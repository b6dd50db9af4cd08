//! Symbols.

use std::borrow::Cow;

use object::elf::{self, FileHeader64, Sym64};
use object::read::elf::{Sym as _, SymbolTable};
use object::{LittleEndian, SymbolIndex};

use super::{ElfError, Section, SectionId, is_text};
use crate::ids::List;
use crate::name::{self, Stability};

/// `SHN_LIVEPATCH` of the kernel's `include/uapi/linux/elf.h`: resolved by livepatch at load.
const SHN_LIVEPATCH: u16 = 0xff20;

/// What a symbol names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    /// A label without a type: assembly code, section starts, local labels.
    None,
    /// A function.
    Function,
    /// A data object (also thread-local ones and commons).
    Object,
    /// The start of a section.
    Section,
    /// The source file that the following local symbols come from.
    File,
}

/// Where a symbol is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definition {
    /// Elsewhere (`SHN_UNDEF`, or a livepatch symbol).
    Undefined,
    /// A number, not an address (`SHN_ABS`).
    Absolute,
    /// A tentative definition (`SHN_COMMON`).
    Common,
    /// In this section.
    Section(SectionId),
}

/// One symbol.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that a symbol table says"
)]
pub struct Symbol<'data> {
    /// Name, not necessarily UTF-8; empty for section symbols.
    pub name: &'data [u8],
    /// What it names.
    pub kind: SymbolKind,
    /// Where it is defined.
    pub place: Definition,
    /// Offset in its section, or the number of an absolute symbol.
    pub value: u64,
    /// Size in bytes, 0 if not known.
    pub size: u64,
    /// Visible in its own object only (`STB_LOCAL`).
    pub local: bool,
    /// How far its name identifies it in another build.
    pub stability: Stability,
    /// Nothing in its name is a compiler's number: [`name::base`] is the name.
    pub(crate) is_plain: bool,
    /// A function that is called once to say which function it stands for (`STT_GNU_IFUNC`).
    pub(crate) indirect: bool,
    /// Gives way to another definition of its name (`STB_WEAK`).
    pub weak: bool,
    /// How many FILE symbols are in front of that before it; none for global symbols.
    pub file: Option<u32>,
}

impl<'data> Symbol<'data> {
    pub(super) fn read(
        table: &SymbolTable<'data, FileHeader64<LittleEndian>>,
        index: SymbolIndex,
        raw: &Sym64<LittleEndian>,
        sections: &List<SectionId, Section<'_>>,
    ) -> Result<Self, ElfError> {
        let endian = LittleEndian;
        let kind = match raw.st_type() {
            elf::STT_FUNC | elf::STT_GNU_IFUNC => SymbolKind::Function,
            elf::STT_OBJECT | elf::STT_TLS | elf::STT_COMMON => SymbolKind::Object,
            elf::STT_SECTION => SymbolKind::Section,
            elf::STT_FILE => SymbolKind::File,
            _ => SymbolKind::None,
        };
        let place = match raw.st_shndx(endian) {
            elf::SHN_UNDEF => Definition::Undefined,
            elf::SHN_ABS => Definition::Absolute,
            elf::SHN_COMMON => Definition::Common,
            other if other.0 == SHN_LIVEPATCH => Definition::Undefined,
            _ => {
                let section = table.symbol_section(endian, raw, index)?;
                let section = section.and_then(|section| sections.checked(section.0));
                let missing = || malformed(index, "is in a section that does not exist");
                Definition::Section(section.ok_or_else(missing)?)
            }
        };
        let name = table.symbol_name(endian, raw)?;
        // Files of one name that is no text are told apart by their order.
        if kind != SymbolKind::File {
            is_text(name, "symbol", index.0)?;
        }
        // Where it ends is no matter: nothing of it is behind its section.
        let is_sized =
            matches!(kind, SymbolKind::Function | SymbolKind::Object) && raw.st_size(endian) > 0;
        if let Definition::Section(section) = place
            && is_sized
            && raw.st_value(endian) >= sections[section].size
        {
            return Err(malformed(index, "starts behind the end of its section"));
        }
        Ok(Self {
            name,
            stability: name::stability(name, raw.is_local()),
            is_plain: name::is_plain(name),
            kind,
            place,
            value: raw.st_value(endian),
            size: raw.st_size(endian),
            local: raw.is_local(),
            indirect: raw.st_type() == elf::STT_GNU_IFUNC,
            weak: raw.is_weak(),
            file: None,
        })
    }

    /// One past its last byte; the end of all addresses if a broken file has it further.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.value.saturating_add(self.size)
    }

    /// The name for people.
    #[must_use]
    pub fn name_lossy(&self) -> Cow<'data, str> {
        String::from_utf8_lossy(self.name)
    }
}

fn malformed(index: SymbolIndex, what: &str) -> ElfError {
    ElfError::Malformed(format!("symbol {} {what}", index.0))
}
