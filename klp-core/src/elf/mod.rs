//! Reads x86-64 relocatable ELF objects.
//!
//! Format: System V gABI, chapters 4 and 5, and the x86-64 psABI. The parsing of untrusted headers
//! is the `object` crate's; this module keeps what a checksum needs, indexed once.

mod bounded;
mod place;
mod reloc;
mod section;
mod strings;
mod symbol;

use std::collections::BTreeMap;

use object::elf::{self, FileHeader64, Rela64, SectionHeader64};
use object::read::elf::{FileHeader as _, SectionHeader as _, SymbolTable};
use object::{LittleEndian, SymbolIndex};
use rayon::prelude::*;

use crate::arch::Machine;
use crate::ids::{Id, List};

pub use place::Place;
pub use reloc::{Reloc, RelocKind, RelocRange, Relocs};
pub use section::{Section, SectionClass};
pub(crate) use strings::StringEnds;
pub use symbol::{Definition, Symbol, SymbolKind};

// Not `object::SectionIndex` and `SymbolIndex`: they take 8 bytes, anybody can make one, and no list goes by them alone.
/// One of an object's sections: its index in the section header table.
pub type SectionId = Id<Section<'static>>;
/// One of an object's symbols: its index in the symbol table.
pub type SymbolId = Id<Symbol<'static>>;

/// Why bytes are not an object that can be checksummed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// Not an ELF file; the field says what it looks like.
    #[error("not an ELF object{0}")]
    NotElf(&'static str),
    /// A 32-bit or big-endian file, or another machine than x86-64.
    #[error("an object for another machine ({0}), only x86-64 is supported")]
    OtherMachine(String),
    /// A linked executable or shared object: its relocations are gone.
    #[error("not a relocatable object (ELF type {0})")]
    NotRelocatable(u16),
    /// A header points outside of the file or contradicts another.
    #[error("truncated or corrupt: {0}")]
    Malformed(String),
    /// Stripped: functions cannot be told apart.
    #[error("no symbol table")]
    NoSymbols,
    /// A section, and what it holds that this program cannot read.
    #[error("{0} holds {1}, which cannot be read")]
    Unreadable(String, String),
}

impl ElfError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::Malformed(_) => {
                Some("an interrupted build can leave such a file: delete it and run make again")
            }
            Self::NotElf(" (an archive)") => Some("name the objects in it, or vmlinux.o"),
            Self::NotElf(" (LLVM bitcode)") => {
                Some("with Clang LTO only vmlinux.o holds machine code: name that one")
            }
            Self::NotElf(_) => Some("name object files (.o, .ko, vmlinux.o)"),
            Self::OtherMachine(_) => None,
            Self::Unreadable(..) => {
                Some("assemble with relocations that have addends (RELA), without --crel")
            }
            Self::NotRelocatable(_) => Some("use vmlinux.o (make vmlinux_o), not vmlinux"),
            Self::NoSymbols => Some("use the object as the compiler wrote it, not a stripped one"),
        }
    }
}

impl From<object::read::Error> for ElfError {
    fn from(error: object::read::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// One relocatable object, borrowed from its bytes.
#[derive(Debug)]
pub struct ElfObject<'data> {
    /// Whose code it holds.
    pub(crate) machine: Machine,
    /// All sections.
    pub sections: List<SectionId, Section<'data>>,
    /// All symbols.
    pub symbols: List<SymbolId, Symbol<'data>>,
    /// The names of the FILE symbols in symbol-table order; `Symbol::file` indexes it.
    pub files: Vec<&'data [u8]>,
}

impl<'data> ElfObject<'data> {
    /// Parses `data`.
    pub fn parse(data: &'data [u8]) -> Result<Self, ElfError> {
        check_magic(data)?;
        let header = FileHeader64::<LittleEndian>::parse(data)?;
        let endian = LittleEndian;
        let machine = header.e_machine(endian);
        let machine = Machine::of(machine)
            .ok_or_else(|| ElfError::OtherMachine(format!("ELF machine {}", machine.0)))?;
        if header.e_type(endian) != elf::ET_REL {
            return Err(ElfError::NotRelocatable(header.e_type(endian).0));
        }
        let table = header.sections(endian, data)?;
        let mut sections = Vec::with_capacity(table.len());
        for (index, raw) in table.iter().enumerate() {
            let name = table.section_name(endian, raw)?;
            is_text(name, "section", index)?;
            sections.push(Section {
                name,
                class: SectionClass::of(machine, raw.sh_type(endian)),
                flags: raw.sh_flags(endian).0,
                raw: raw.sh_type(endian).0,
                align: raw.sh_addralign(endian),
                size: raw.sh_size(endian),
                entsize: raw.sh_entsize(endian),
                link: sorted_by(raw, table.len())?,
                data: if raw.sh_type(endian) == elf::SHT_NOBITS {
                    bounded::zeros(name, raw.sh_size(endian))?;
                    &[]
                } else {
                    raw.data(endian, data)?
                },
                relocs: Relocs::none(machine),
                string_ends: StringEnds::default(),
            });
        }
        let mut sections = List::from(sections);
        bounded::memory(&sections)?;
        let symtab = table.symbols(endian, data, elf::SHT_SYMTAB)?;
        let is_symtab = |section: &&Section<'_>| section.raw == elf::SHT_SYMTAB.0;
        if sections.iter().filter(is_symtab).count() > 1 {
            return Err(ElfError::Malformed("more than one symbol table".into()));
        }
        if symtab.is_empty() && !sections.iter().all(needs_no_symbols) {
            return Err(ElfError::NoSymbols);
        }
        refuse_unreadable(&sections)?;
        bounded::characters(&sections)?;
        let mut tables: BTreeMap<SectionId, Vec<&[Rela64<LittleEndian>]>> = BTreeMap::new();
        for (index, raw) in table.iter().enumerate() {
            let Some((entries, link)) = raw.rela(endian, data)? else { continue };
            if link != symtab.section() && !entries.is_empty() {
                return Err(ElfError::Malformed(format!(
                    "relocation section {index} is about section {}, which is not the symbol table",
                    link.0
                )));
            }
            let target = raw.info_link(endian).0;
            let applies = sections.checked(target).filter(|_| target > 0 || entries.is_empty());
            let Some(id) = applies else {
                return Err(ElfError::Malformed(format!(
                    "relocation section {index} applies to section {target}, which does not exist"
                )));
            };
            // Every second relocation of a kernel is of its unwind tables.
            if !sections[id].is_unwind_table() {
                tables.entry(id).or_default().push(entries);
            }
        }
        let (symbols, relocs) = rayon::join(
            || read_symbols(&symtab, &sections, data.len()),
            || -> Vec<_> {
                let tables = tables.into_par_iter();
                tables
                    .map(|(target, entries)| (target, Relocs::new(machine, &entries, symtab.len())))
                    .collect()
            },
        );
        let (symbols, files) = symbols?;
        bounded::check(&symbols, data.len())?;
        for (target, relocs) in relocs {
            let section = &mut sections[target];
            let relocs = relocs.and_then(|relocs| relocs.all_before(section.size));
            section.relocs = relocs.map_err(|why| {
                ElfError::Malformed(format!("relocations of {}: {why}", section.name_lossy()))
            })?;
        }
        Ok(Self { machine, sections, symbols, files })
    }

    /// Keeps sections and symbols only.
    pub(crate) fn forget_relocs(&mut self) {
        for section in &mut self.sections {
            section.relocs = Relocs::none(self.machine);
        }
    }

    /// That section of this object.
    #[must_use]
    pub fn section(&self, id: SectionId) -> &Section<'data> {
        &self.sections[id]
    }

    /// That symbol of this object.
    #[must_use]
    pub fn symbol(&self, id: SymbolId) -> &Symbol<'data> {
        &self.symbols[id]
    }

    /// The place of this object, section and offset, that is `addend` bytes behind the symbol of `reloc`. None where that is
    /// another object's, a number, or in front of its section.
    pub(crate) fn place(&self, reloc: &Reloc, addend: i64) -> Option<Place> {
        let symbol = self.symbol(reloc.symbol);
        let Definition::Section(section) = symbol.place else { return None };
        Some(section.at(symbol.value.checked_add_signed(addend)?))
    }

    /// The same of what `reloc` adds itself.
    pub(crate) fn place_of(&self, reloc: &Reloc) -> Option<Place> {
        self.place(reloc, reloc.addend)
    }

    /// The same, where there is code.
    pub(crate) fn code_place_of(&self, reloc: &Reloc) -> Option<Place> {
        let place = self.place_of(reloc)?;
        self.section(place.section).is_code().then_some(place)
    }

    /// How many function symbols (`STT_FUNC`, defined) the object has, aliases and parts included.
    #[must_use]
    pub fn function_symbols(&self) -> usize {
        self.symbols
            .iter()
            .filter(|symbol| {
                symbol.kind == SymbolKind::Function
                    && matches!(symbol.place, Definition::Section(_))
            })
            .count()
    }
}

/// The section by whose place the linker sorts this one of `count`.
fn sorted_by(
    section: &SectionHeader64<LittleEndian>,
    count: usize,
) -> Result<Option<SectionId>, ElfError> {
    let link = section.sh_link(LittleEndian);
    if section.sh_flags(LittleEndian).0 & elf::SHF_LINK_ORDER.0 == 0 || link == 0 {
        return Ok(None);
    }
    if link as usize >= count {
        return Err(ElfError::Malformed(format!(
            "a section is sorted by section {link}, which does not exist"
        )));
    }
    Ok(Some(SectionId::known(link)))
}

/// Assemblers write no symbol table where there are notes only, as in the vDSO's `note.S`.
fn needs_no_symbols(section: &Section<'_>) -> bool {
    let is_empty = !section.is_allocated() || section.size == 0;
    section.raw != elf::SHT_RELA.0 && (is_empty || section.raw == elf::SHT_NOTE.0)
}

/// What this program cannot read can hold anything, relocations of code included.
fn refuse_unreadable(sections: &List<SectionId, Section<'_>>) -> Result<(), ElfError> {
    for section in sections {
        let unreadable = match section.class {
            _ if section.raw == elf::SHT_REL.0 => "relocations without addends (SHT_REL)".into(),
            _ if section.raw == elf::SHT_CREL.0 => "compact relocations (SHT_CREL)".into(),
            SectionClass::Unknown(kind) if !section.is_allocated() => {
                format!("a section of a type that is not known ({kind:#x})")
            }
            // Livepatch applies relocations that are loaded.
            SectionClass::Container
                if section.is_allocated() && section.size > 0 && section.raw != elf::SHT_RELA.0 =>
            {
                format!("what is loaded, under a type of what is not ({:#x})", section.raw)
            }
            _ => continue,
        };
        return Err(ElfError::Unreadable(section.name_lossy().into_owned(), unreadable));
    }
    Ok(())
}

/// Names are compared as text, so that two that are none could be taken for one.
fn is_text(name: &[u8], what: &str, number: usize) -> Result<(), ElfError> {
    match std::str::from_utf8(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(ElfError::Malformed(format!("the name of {what} {number} is not UTF-8"))),
    }
}

type SymbolList<'data> = List<SymbolId, Symbol<'data>>;

/// All symbols, and the names of the FILE symbols.
fn read_symbols<'data>(
    symtab: &SymbolTable<'data, FileHeader64<LittleEndian>>,
    sections: &List<SectionId, Section<'_>>,
    size: usize,
) -> Result<(SymbolList<'data>, Vec<&'data [u8]>), ElfError> {
    let raws = symtab.symbols().par_iter().enumerate().with_min_len(1024);
    let names = bounded::NamesLength::of_file(size);
    let read = |(index, raw)| {
        let symbol = Symbol::read(symtab, SymbolIndex(index), raw, sections)?;
        names.add(symbol.name).map(|()| symbol)
    };
    // Ends at the first error: names that are shared by all are not read again and again.
    let mut symbols: Vec<Symbol<'_>> = raws.map(read).collect::<Result<_, ElfError>>()?;
    let mut files = Vec::new();
    let mut file = None;
    for symbol in &mut symbols {
        if symbol.kind == SymbolKind::File {
            file = u32::try_from(files.len()).ok();
            files.push(symbol.name);
        }
        symbol.file = file.filter(|_| symbol.local);
    }
    Ok((symbols.into(), files))
}

pub(crate) fn check_magic(data: &[u8]) -> Result<(), ElfError> {
    match data {
        [] => Err(ElfError::Empty),
        [0x7f, b'E', b'L', b'F', class, encoding, ..] => {
            if *class != elf::ELFCLASS64.0 {
                return Err(ElfError::OtherMachine("32-bit ELF".into()));
            }
            if *encoding != elf::ELFDATA2LSB.0 {
                return Err(ElfError::OtherMachine("big-endian ELF".into()));
            }
            Ok(())
        }
        [0x7f, b'E', b'L', b'F', ..] => {
            Err(ElfError::Malformed("the ELF header is cut off".into()))
        }
        [b'B', b'C', 0xc0, 0xde, ..] => Err(ElfError::NotElf(" (LLVM bitcode)")),
        [b'!', b'<', b'a' | b't', ..] => Err(ElfError::NotElf(" (an archive)")),
        _ => Err(ElfError::NotElf("")),
    }
}
