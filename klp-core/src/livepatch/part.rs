//! Writes what is copied from one object as an object of the livepatch.

use std::collections::{BTreeMap, BTreeSet};

use object::build::elf::{self as built, Builder, Relocation, SectionData};
use object::elf;
use object::{Endianness, build};

use crate::arch::{Arch as _, Machine, for_machine};
use crate::elf::{Definition, ElfObject, Section, SectionClass, SectionId, SymbolKind};
use crate::slices::SliceParts as _;

use super::copy::{CopiedPiece, Link, OutReloc};
use super::extract::Extraction;
use super::links::LinkNames;
use super::pieces::{Piece, PieceAssembly, manner};
use super::placement;
use super::source::{CorrelatedObject, TouchedId};
use super::why::ReasonText;

/// An object to link into the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModulePart {
    /// The object it comes from.
    pub object: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The table of a part's new functions, in the order in which the module replaces them. The section's
/// name is one that Linux 7.x keeps for this (`scripts/module.lds.S`).
const FUNCTIONS_SECTION: &str = ".init.klp_funcs";

/// Where objtool reads which functions keep their ENDBR and their type of kCFI, whoever calls them (`IBT_NOSEAL`,
/// arch/x86/include/asm/ibt.h). It does not look into the table of new functions.
const UNSEALED: &str = ".discard.ibt_endbr_noseal";

/// The symbol at the table of the new functions of part `number`.
#[must_use]
pub fn functions_symbol(number: usize) -> String {
    format!("klp_new_functions_{number}")
}

/// Sections that do not belong to the linker's groups or orders any more.
const KEPT_FLAGS: u64 = 0x1 | 0x2 | 0x4 | 0x10 | 0x20;

/// A section that is being put together.
struct OutSection {
    section: SectionId,
    bytes: Vec<u8>,
    size: u64,
    relocs: Vec<OutReloc>,
}

/// Pieces that another part refers to: a global symbol in each, and its offset.
pub(super) type SharedPieces = BTreeMap<Piece, (String, u64)>;

/// What all parts have in common.
pub(super) struct Linking<'l> {
    pub(super) extraction: &'l Extraction,
    pub(super) links: &'l LinkNames,
    /// Pieces that another part refers to: the global symbol, and where in the piece it is.
    pub(super) shared: &'l SharedPieces,
}

impl Linking<'_> {
    /// Writes the part of `source`, which is number `object`, with a table of `functions`: piece, and
    /// offset in it. The kernel calls those from number `called` on by their address.
    pub(super) fn part(
        &self,
        source: &CorrelatedObject<'_>,
        object: TouchedId,
        number: usize,
        functions: &[(Piece, u64)],
        called: usize,
    ) -> Result<ModulePart, ReasonText> {
        let own = self.extraction.copied.iter().filter(|(piece, _)| piece.object == object);
        let mut outs: Vec<OutSection> = Vec::new();
        let mut places: BTreeMap<Piece, (usize, u64)> = BTreeMap::new();
        for (piece, copied) in own {
            let section = source.patched.analysis.elf.section(piece.section);
            let place = append(&mut outs, section, *piece, copied)?;
            places.insert(*piece, place);
        }
        let mut writer = Writer::new(source.patched.analysis.elf.machine);
        let ids: Vec<built::SectionId> =
            outs.iter().map(|out| writer.section(source, out)).collect();
        let starts: Vec<built::SymbolId> =
            ids.iter().map(|id| writer.section_symbol(*id)).collect();
        writer.symbols(source, &places, &ids, self.shared);
        for (out, id) in outs.iter().zip(&ids) {
            let mut relocs = Vec::new();
            for reloc in &out.relocs {
                let (symbol, addend) = match &reloc.link {
                    Link::Number => (None, reloc.addend),
                    Link::Kernel(target) => {
                        (Some(writer.undefined(self.links.name(target))), reloc.addend)
                    }
                    Link::Piece(piece) => match places.get(piece) {
                        Some((index, base)) => (
                            starts.get(*index).copied(),
                            reloc.addend.wrapping_add(base.cast_signed()),
                        ),
                        None => match self.shared.get(piece) {
                            Some((name, offset)) => (
                                Some(writer.undefined(name)),
                                reloc.addend.wrapping_sub(offset.cast_signed()),
                            ),
                            None => return Err("a reference to what no part has".to_owned()),
                        },
                    },
                };
                relocs.push(Relocation {
                    r_offset: reloc.offset,
                    symbol,
                    r_type: elf::RelocationType(reloc.raw),
                    r_addend: addend,
                });
            }
            writer.relocations(*id, relocs);
        }
        writer.static_call_keys(self.extraction, self.links, object);
        let pointers: Vec<(built::SymbolId, i64)> = functions
            .iter()
            .map(|(piece, offset)| {
                let (index, base) = places.get(piece)?;
                Some((*starts.get(*index)?, base.checked_add(*offset)?.cast_signed()))
            })
            .collect::<Option<_>>()
            .ok_or("a function that no part has")?;
        if !pointers.is_empty() {
            writer.table(&functions_symbol(number), &pointers);
        }
        let called = pointers.starting(called);
        if !called.is_empty() {
            writer.pointers(UNSEALED, called);
        }
        let bytes = writer.finish().map_err(|why| why.to_string())?;
        Ok(ModulePart { object: source.object.to_owned(), bytes })
    }
}

/// Puts `piece` into its section: index of the section, and offset in it.
fn append(
    outs: &mut Vec<OutSection>,
    section: &Section<'_>,
    piece: Piece,
    copied: &CopiedPiece,
) -> Result<(usize, u64), ReasonText> {
    let existing = match manner(section) {
        PieceAssembly::Packed => outs.iter().position(|out| out.section == piece.section),
        PieceAssembly::Separate => None,
    };
    let index = existing.unwrap_or(outs.len());
    if existing.is_none() {
        let (bytes, relocs) = (Vec::new(), Vec::new());
        outs.push(OutSection { section: piece.section, bytes, size: 0, relocs });
    }
    let out = outs.get_mut(index).ok_or("a section that was not made")?;
    // Offsets in a section that was packed stay as aligned as they were.
    let align = section.align.max(1);
    let wanted = piece.start.checked_rem(align).unwrap_or(0);
    let is_table = super::pieces::is_table(section.name);
    while manner(section) == PieceAssembly::Packed
        && !is_table
        && !section.is_code()
        && out.size.checked_rem(align) != Some(wanted)
    {
        out.size += 1;
        out.bytes.push(0);
    }
    let base = out.size;
    if section.class != SectionClass::Zeroed {
        let bytes = section.bytes(piece.start, piece.len());
        let mut bytes = bytes.ok_or("what is not in the file")?.to_vec();
        for (offset, new) in &copied.edits {
            let old = usize::try_from(*offset).ok().and_then(|start| bytes.get_mut(start..));
            let old = old.and_then(|rest| rest.get_mut(..new.len()));
            old.ok_or("a change behind its end")?.copy_from_slice(new);
        }
        out.bytes.extend_from_slice(&bytes);
        out.relocs.extend(
            copied.relocs.iter().map(|reloc| OutReloc {
                offset: reloc.offset.saturating_add(base),
                ..reloc.clone()
            }),
        );
    }
    out.size = out.size.saturating_add(piece.len());
    Ok((index, base))
}

struct Writer<'w> {
    machine: Machine,
    builder: Builder<'w>,
    symtab: built::SectionId,
    undefined: BTreeMap<String, built::SymbolId>,
}

impl Writer<'_> {
    fn new(machine: Machine) -> Self {
        let mut builder = Builder::new(Endianness::Little, true);
        builder.header.e_type = elf::ET_REL;
        builder.header.e_machine = for_machine!(machine, A => A::ELF);
        builder.header.os_abi = elf::ELFOSABI_NONE;
        let mut add = |name: &'static str, sh_type, data| {
            let section = builder.sections.add();
            section.name = name.into();
            section.sh_type = sh_type;
            section.data = data;
            section.sh_addralign = if sh_type == elf::SHT_SYMTAB { 8 } else { 1 };
            section.id()
        };
        let symtab = add(".symtab", elf::SHT_SYMTAB, SectionData::Symbol);
        let strtab = add(".strtab", elf::SHT_STRTAB, SectionData::String);
        add(".shstrtab", elf::SHT_STRTAB, SectionData::SectionString);
        builder.sections.get_mut(symtab).sh_link_section = Some(strtab);
        Self { machine, builder, symtab, undefined: BTreeMap::new() }
    }

    fn file(&mut self, elf: &ElfObject<'_>, file: Option<u32>) {
        let name = file.and_then(|file| elf.files.get(file as usize));
        let Some(name) = name else { return };
        let symbol = self.builder.symbols.add();
        symbol.name = name.to_vec().into();
        symbol.set_st_info(elf::STB_LOCAL, elf::STT_FILE);
        symbol.st_shndx = elf::SHN_ABS;
    }

    fn section(&mut self, source: &CorrelatedObject<'_>, out: &OutSection) -> built::SectionId {
        let section = self.builder.sections.add();
        let from = source.patched.analysis.elf.section(out.section);
        let name = placement::in_module(from.name).unwrap_or(from.name.into());
        section.name = name.into_owned().into();
        section.sh_type = elf::SectionType(from.raw);
        section.sh_flags = elf::SectionFlags(from.flags & KEPT_FLAGS);
        section.sh_addralign = from.align;
        section.sh_entsize = from.entsize;
        section.data = match from.class {
            SectionClass::Zeroed => SectionData::UninitializedData(out.size),
            _ => SectionData::Data(out.bytes.clone().into()),
        };
        section.id()
    }

    fn section_symbol(&mut self, section: built::SectionId) -> built::SymbolId {
        let symbol = self.builder.symbols.add();
        symbol.section = Some(section);
        symbol.set_st_info(elf::STB_LOCAL, elf::STT_SECTION);
        symbol.id()
    }

    /// The symbols of what is copied. They are local, but for those that another part refers to.
    fn symbols(
        &mut self,
        source: &CorrelatedObject<'_>,
        places: &BTreeMap<Piece, (usize, u64)>,
        ids: &[built::SectionId],
        shared: &SharedPieces,
    ) {
        let elf = &source.patched.analysis.elf;
        // Of a global symbol the file is not known where there are several.
        let mut file = (elf.files.len() == 1).then_some(0);
        self.file(elf, file);
        for symbol in &elf.symbols {
            let Definition::Section(section) = symbol.place else { continue };
            let kind = match symbol.kind {
                SymbolKind::Function => elf::STT_FUNC,
                SymbolKind::Object => elf::STT_OBJECT,
                SymbolKind::None => elf::STT_NOTYPE,
                SymbolKind::Section | SymbolKind::File => continue,
            };
            if symbol.name.starts_with(b".L") {
                continue;
            }
            let holds = |piece: &&Piece| {
                piece.section == section
                    && ((piece.start..piece.end).contains(&symbol.value)
                        || (piece.len() == 0 && piece.start == symbol.value))
            };
            let Some(piece) = places.keys().find(holds) else { continue };
            let Some((index, base)) = places.get(piece) else { continue };
            if symbol.file.is_some() && symbol.file != file {
                file = symbol.file;
                self.file(elf, file);
            }
            let is_shared =
                shared.get(piece).is_some_and(|(name, _)| name.as_bytes() == symbol.name);
            let own = self.builder.symbols.add();
            own.name = symbol.name.to_vec().into();
            own.section = ids.get(*index).copied();
            own.st_value = symbol.value.saturating_sub(piece.start).saturating_add(*base);
            own.st_size = symbol.size;
            own.set_st_info(if is_shared { elf::STB_GLOBAL } else { elf::STB_LOCAL }, kind);
        }
    }

    fn undefined(&mut self, name: &str) -> built::SymbolId {
        if let Some(known) = self.undefined.get(name) {
            return *known;
        }
        let symbol = self.builder.symbols.add();
        symbol.name = name.as_bytes().to_vec().into();
        symbol.set_st_info(elf::STB_GLOBAL, elf::STT_NOTYPE);
        let id = symbol.id();
        self.undefined.insert(name.to_owned(), id);
        id
    }

    /// objtool makes static call sites from calls to trampolines, with the key if it finds its symbol.
    fn static_call_keys(&mut self, extraction: &Extraction, links: &LinkNames, object: TouchedId) {
        let keys: BTreeSet<&str> = extraction
            .keys
            .iter()
            .filter(|(of, _)| *of == object)
            .map(|(_, key)| links.name(key))
            .collect();
        for key in keys {
            self.undefined(key);
        }
    }

    fn relocations(&mut self, section: built::SectionId, relocs: Vec<Relocation>) {
        if relocs.is_empty() {
            return;
        }
        let target = self.builder.sections.get(section).name.to_vec();
        let symtab = self.symtab;
        let own = self.builder.sections.add();
        own.name = [b".rela".as_slice(), &target].concat().into();
        own.sh_type = elf::SHT_RELA;
        own.sh_flags = elf::SHF_INFO_LINK;
        own.sh_link_section = Some(symtab);
        own.sh_info_section = Some(section);
        own.sh_addralign = 8;
        own.sh_entsize = 24;
        own.data = SectionData::Relocation(relocs);
    }

    fn table(&mut self, name: &str, pointers: &[(built::SymbolId, i64)]) {
        let id = self.pointers(FUNCTIONS_SECTION, pointers);
        let symbol = self.builder.symbols.add();
        symbol.name = name.as_bytes().to_vec().into();
        symbol.section = Some(id);
        symbol.st_size = (pointers.len() as u64).saturating_mul(8);
        symbol.set_st_info(elf::STB_GLOBAL, elf::STT_OBJECT);
    }

    /// A section of addresses.
    fn pointers(
        &mut self,
        name: &'static str,
        pointers: &[(built::SymbolId, i64)],
    ) -> built::SectionId {
        let section = self.builder.sections.add();
        section.name = name.into();
        section.sh_type = elf::SHT_PROGBITS;
        section.sh_flags = elf::SHF_ALLOC | elf::SHF_WRITE;
        section.sh_addralign = 8;
        section.data = SectionData::Data(vec![0; pointers.len().saturating_mul(8)].into());
        let id = section.id();
        let address = for_machine!(self.machine, A => A::ADDRESS);
        let relocs = pointers.iter().zip(0u64..).map(|((symbol, addend), index)| Relocation {
            r_offset: index.saturating_mul(8),
            symbol: Some(*symbol),
            r_type: elf::RelocationType(address),
            r_addend: *addend,
        });
        let relocs = relocs.collect();
        self.relocations(id, relocs);
        id
    }

    fn finish(self) -> Result<Vec<u8>, build::Error> {
        let mut bytes = Vec::new();
        self.builder.write(&mut bytes)?;
        Ok(bytes)
    }
}
