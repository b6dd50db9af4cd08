//! ELF files as they are: every section header field, every symbol, every relocation section.
//!
//! Formats: System V gABI chapters 4 and 5; the kernel's additions are in `include/uapi/linux/elf.h`.

use std::borrow::Cow;

use object::LittleEndian;
use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader as _, SectionHeader as _, Sym as _};

use crate::arch::Machine;
use crate::elf::{ElfError, Place, SectionId, SymbolId};
use crate::ids::List;

/// `SHN_LIVEPATCH`: the symbol is resolved by livepatch.
const SHN_LIVEPATCH: u16 = 0xff20;
/// `SHF_RELA_LIVEPATCH`: the relocations are applied by livepatch.
const SHF_RELA_LIVEPATCH: u64 = 0x0010_0000;

/// A relocatable or executable x86-64 file, borrowed from its bytes.
#[derive(Debug)]
pub struct RawElf<'data> {
    /// Whose code it holds.
    pub(crate) machine: Machine,
    /// `e_type`: 1 for objects and modules, 2 for vmlinux.
    pub file_type: u16,
    /// All sections.
    pub sections: List<SectionId, RawSection<'data>>,
    /// All symbols; none in a stripped file.
    pub symbols: List<SymbolId, RawSymbol<'data>>,
    /// The symbol table.
    pub symbol_table: Option<SectionId>,
}

/// One section header, and the bytes that it announces.
#[derive(Debug, Clone, Copy)]
pub struct RawSection<'data> {
    /// Name, not necessarily UTF-8.
    pub name: &'data [u8],
    /// `sh_type`.
    pub kind: u32,
    /// `sh_flags`.
    pub flags: u64,
    /// `sh_addr`; 0 in a module.
    pub address: u64,
    /// `sh_size` in bytes.
    pub size: u64,
    /// `sh_link`, a number that can be of nothing.
    pub link: u32,
    /// `sh_info`, the same.
    pub info: u32,
    /// `sh_entsize`, 0 where none is given.
    pub entry_size: u64,
    /// The bytes in the file; none for zeroed memory.
    pub data: &'data [u8],
}

/// One entry of the symbol table.
#[derive(Debug, Clone, Copy)]
pub struct RawSymbol<'data> {
    /// Name, not necessarily UTF-8.
    pub name: &'data [u8],
    /// Address in vmlinux, offset in its section in a module.
    pub value: u64,
    /// Size in bytes, 0 if not known.
    pub size: u64,
    /// `STT_*`.
    pub kind: u8,
    /// `STB_*`.
    pub binding: u8,
    /// `STV_*`.
    pub visibility: u8,
    /// Where it is defined.
    pub place: SymbolPlace,
}

impl RawSymbol<'_> {
    /// One past its last byte; the end of all addresses if a broken file has it further.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.value.saturating_add(self.size)
    }
}

/// Where a symbol is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolPlace {
    /// Elsewhere, found by the module loader among exported symbols.
    Undefined,
    /// A number.
    Absolute,
    /// Elsewhere, found by livepatch.
    Livepatch,
    /// In this section.
    Section(SectionId),
    /// Nowhere that the module loader knows.
    Other(u16),
}

/// One relocation.
#[derive(Debug, Clone, Copy)]
pub struct RawRela {
    /// Offset in the section that it applies to.
    pub offset: u64,
    /// `R_X86_64_*`.
    pub kind: u32,
    /// Index of its symbol, a number that can be of nothing: see [`RawElf::symbol_of`].
    pub symbol: u32,
    /// What is added.
    pub addend: i64,
}

impl<'data> RawElf<'data> {
    /// Parses `data`.
    pub fn parse(data: &'data [u8]) -> Result<Self, ElfError> {
        crate::elf::check_magic(data)?;
        let endian = LittleEndian;
        let header = FileHeader64::<LittleEndian>::parse(data)?;
        let machine = header.e_machine(endian);
        let machine = Machine::of(machine)
            .ok_or_else(|| ElfError::OtherMachine(format!("ELF machine {}", machine.0)))?;
        let table = header.sections(endian, data)?;
        let mut sections = Vec::with_capacity(table.len());
        for raw in table.iter() {
            let kind = raw.sh_type(endian);
            sections.push(RawSection {
                name: table.section_name(endian, raw)?,
                kind: kind.0,
                flags: raw.sh_flags(endian).0,
                address: raw.sh_addr(endian),
                size: raw.sh_size(endian),
                link: raw.sh_link(endian),
                info: raw.sh_info(endian),
                entry_size: raw.sh_entsize(endian),
                data: if kind == elf::SHT_NOBITS { &[] } else { raw.data(endian, data)? },
            });
        }
        let sections = List::from(sections);
        let is_table = |(section, _): &(&RawSection<'_>, _)| section.kind == elf::SHT_SYMTAB.0;
        let tables: Vec<SectionId> =
            sections.with_ids().filter(is_table).map(|(_, id)| id).collect();
        if tables.len() > 1 {
            return Err(ElfError::Malformed("more than one symbol table".into()));
        }
        let symtab = table.symbols(endian, data, elf::SHT_SYMTAB)?;
        let mut symbols = Vec::with_capacity(symtab.len());
        for (index, raw) in symtab.enumerate() {
            let place = match raw.st_shndx(endian) {
                elf::SHN_UNDEF => SymbolPlace::Undefined,
                elf::SHN_ABS => SymbolPlace::Absolute,
                other if other.0 == SHN_LIVEPATCH => SymbolPlace::Livepatch,
                other => match symtab.symbol_section(endian, raw, index)? {
                    Some(section) => {
                        let missing = || {
                            ElfError::Malformed(format!(
                                "symbol {} is in section {}, which does not exist",
                                index.0, section.0
                            ))
                        };
                        SymbolPlace::Section(sections.checked(section.0).ok_or_else(missing)?)
                    }
                    None => SymbolPlace::Other(other.0),
                },
            };
            symbols.push(RawSymbol {
                name: symtab.symbol_name(endian, raw)?,
                value: raw.st_value(endian),
                size: raw.st_size(endian),
                kind: raw.st_type().0,
                binding: raw.st_bind().0,
                visibility: raw.st_visibility().0,
                place,
            });
        }
        let (file_type, symbols) = (header.e_type(endian).0, symbols.into());
        let symbol_table = tables.first().copied();
        Ok(Self { machine, file_type, sections, symbols, symbol_table })
    }

    /// Whether this is an object or a module (`ET_REL`).
    #[must_use]
    pub fn is_relocatable(&self) -> bool {
        self.file_type == elf::ET_REL.0
    }

    /// That section of this file.
    #[must_use]
    pub fn section(&self, id: SectionId) -> &RawSection<'data> {
        &self.sections[id]
    }

    /// The section that the relocations of another one apply to, if it exists.
    #[must_use]
    pub fn relocated_by(&self, relocations: &RawSection<'_>) -> Option<SectionId> {
        self.sections.checked(relocations.info as usize)
    }

    /// The relocations that apply to a section, as far as the bytes of their sections go.
    pub fn relas_of(&self, section: SectionId) -> impl Iterator<Item = RawRela> {
        let tables = self.sections.iter();
        let tables = tables.filter(move |it| it.is_rela() && it.info == section.number());
        tables.flat_map(RawSection::relas)
    }

    /// The first section of that name.
    #[must_use]
    pub fn section_named(&self, name: &str) -> Option<&RawSection<'data>> {
        self.sections.iter().find(|section| section.name == name.as_bytes())
    }

    /// The section of that name, the first of several.
    #[must_use]
    pub fn id_of_section(&self, name: &[u8]) -> Option<SectionId> {
        self.sections.with_ids().find(|(section, _)| section.name == name).map(|(_, id)| id)
    }

    /// That symbol of this file.
    #[must_use]
    pub fn symbol(&self, id: SymbolId) -> &RawSymbol<'data> {
        &self.symbols[id]
    }

    /// The symbol of a relocation, if it exists.
    #[must_use]
    pub fn symbol_of(&self, rela: &RawRela) -> Option<&RawSymbol<'data>> {
        self.symbol_id_of(rela).map(|id| self.symbol(id))
    }

    /// The same by its id.
    #[must_use]
    pub fn symbol_id_of(&self, rela: &RawRela) -> Option<SymbolId> {
        self.symbols.checked(rela.symbol as usize)
    }

    /// The place of this file, section and offset, to which a relocation refers. None where that is another file's, a
    /// number, or in front of its section.
    pub(crate) fn place_of(&self, rela: &RawRela) -> Option<Place> {
        let symbol = self.symbol_of(rela)?;
        let SymbolPlace::Section(section) = symbol.place else { return None };
        Some(section.at(symbol.value.checked_add_signed(rela.addend)?))
    }

    /// `len` bytes at `address` of a linked file, or fewer where the section ends.
    #[must_use]
    pub fn bytes_at(&self, address: u64, len: usize) -> Option<&'data [u8]> {
        self.sections.iter().find_map(|section| {
            let offset = usize::try_from(address.checked_sub(section.address)?).ok()?;
            let rest = section.data.get(offset..).filter(|rest| !rest.is_empty())?;
            (section.address != 0).then(|| rest.get(..len).unwrap_or(rest))
        })
    }
}

impl<'data> RawSection<'data> {
    /// Is in memory once loaded (`SHF_ALLOC`).
    #[must_use]
    pub fn is_allocated(&self) -> bool {
        self.flags & elf::SHF_ALLOC.0 != 0
    }

    /// Holds instructions (`SHF_EXECINSTR`).
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.flags & elf::SHF_EXECINSTR.0 != 0
    }

    /// Has relocations with addends (`SHT_RELA`).
    #[must_use]
    pub fn is_rela(&self) -> bool {
        self.kind == elf::SHT_RELA.0
    }

    /// Has relocations that livepatch applies.
    #[must_use]
    pub fn is_livepatch_rela(&self) -> bool {
        self.flags & SHF_RELA_LIVEPATCH != 0
    }

    /// The relocations that it holds, as far as its bytes go.
    pub fn relas(&self) -> impl Iterator<Item = RawRela> + use<'data> {
        let (entries, _) = self.data.as_chunks::<24>();
        entries.iter().map(|entry| {
            let number = |from: usize| {
                let bytes = entry.get(from..).and_then(|rest| rest.first_chunk::<8>());
                bytes.copied().map_or(0, u64::from_le_bytes)
            };
            let info = number(8);
            RawRela {
                offset: number(0),
                // The halves of r_info: both fit.
                kind: u32::try_from(info & 0xffff_ffff).unwrap_or_default(),
                symbol: u32::try_from(info >> 32).unwrap_or_default(),
                addend: number(16).cast_signed(),
            }
        })
    }

    /// The name for people.
    #[must_use]
    pub fn name_lossy(&self) -> Cow<'data, str> {
        String::from_utf8_lossy(self.name)
    }
}

impl<'data> RawSymbol<'data> {
    /// The name for people.
    #[must_use]
    pub fn name_lossy(&self) -> Cow<'data, str> {
        String::from_utf8_lossy(self.name)
    }

    /// Linkers knew it by its name: it is not local, or became so in the last link because it was hidden.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.binding != elf::STB_LOCAL.0 || self.visibility != elf::STV_DEFAULT.0
    }

    /// Marks an address and nothing that stands there, as linker scripts do.
    #[must_use]
    pub fn is_border(&self) -> bool {
        self.kind == elf::STT_NOTYPE.0 && self.size == 0
    }

    /// Is a function (`STT_FUNC`).
    #[must_use]
    pub fn is_function(&self) -> bool {
        self.kind == elf::STT_FUNC.0
    }
}
