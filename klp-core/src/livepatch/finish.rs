//! Makes the linked module one that livepatch takes: what it resolves gets its names and relocations
//! (Documentation/livepatch/module-elf-format.rst).
//!
//! This comes after the last link, because linkers merge relocation sections of one section and do
//! not know the section index of livepatch symbols.

use std::collections::{BTreeMap, BTreeSet};

use object::LittleEndian;
use object::build::elf::{Builder, Relocation, SectionData, SectionId, SymbolId};
use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader as _, SectionHeader as _};

use super::target::KlpSymbol;

/// `SHF_RELA_LIVEPATCH` and `SHN_LIVEPATCH` of `include/uapi/linux/elf.h`.
const SHF_RELA_LIVEPATCH: u64 = 0x0010_0000;
const SHN_LIVEPATCH: u16 = 0xff20;

/// Why a linked module cannot be finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// Not the ELF object that a linker writes.
    #[error("the linked module is damaged: {0}")]
    Damaged(String),
    /// A symbol that livepatch should resolve is not referred to as it was.
    #[error("the linked module defines {0}, which the kernel should")]
    Defined(String),
}

impl From<object::build::Error> for FinishError {
    fn from(error: object::build::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Gives the undefined symbols that `symbols` lists to livepatch, and takes out what says where and
/// how the module was built.
pub fn finish(
    module: &[u8],
    symbols: &BTreeMap<String, KlpSymbol>,
) -> Result<Vec<u8>, FinishError> {
    let module = readable(module).map_err(|why| FinishError::Damaged(why.to_string()))?;
    let mut builder = Builder::read64(module.as_slice())?;
    let mut resolved: BTreeMap<usize, (SymbolId, &KlpSymbol)> = BTreeMap::new();
    let (mut defined, mut found) = (BTreeSet::new(), BTreeSet::new());
    for own in &mut builder.symbols {
        let name = String::from_utf8_lossy(own.name.as_slice()).into_owned();
        let Some(symbol) = symbols.get(&name) else { continue };
        if own.section.is_some() || own.st_shndx != elf::SHN_UNDEF {
            defined.insert(name);
            continue;
        }
        found.insert(name);
        own.name = symbol.elf_name().into_bytes().into();
        own.st_shndx = elf::SymbolSection(SHN_LIVEPATCH);
        resolved.insert(index(own.id()), (own.id(), symbol));
    }
    // A function that is replaced has its name as well, beside the kernel's that others call.
    if let Some(name) = defined.difference(&found).next() {
        return Err(FinishError::Defined(name.clone()));
    }
    let tables: Vec<SectionId> = builder
        .sections
        .iter()
        .filter(|section| matches!(section.data, SectionData::Relocation(_)))
        .map(object::build::elf::Section::id)
        .collect();
    for table in tables {
        split(&mut builder, table, &resolved);
    }
    for section in &mut builder.sections {
        section.sh_offset = 0;
        let name = section.name.as_slice();
        let is_debug = name.starts_with(b".debug") || name.starts_with(b".rela.debug");
        let is_note = name == b".comment" || name == b".llvm_addrsig";
        section.delete |= is_debug || is_note || name.starts_with(b".BTF");
    }
    let mut bytes = Vec::new();
    builder.write(&mut bytes)?;
    Ok(bytes)
}

/// A copy of `module` without a type of section that `Builder` does not read: LLVM's notes to the linker.
fn readable(module: &[u8]) -> Result<Vec<u8>, object::read::Error> {
    const SHT_LLVM_ADDRSIG: u32 = 0x6fff_4c03;
    const HEADER: usize = 64;
    const TYPE: usize = 4;
    let header = FileHeader64::<LittleEndian>::parse(module)?;
    let sections = header.sections(LittleEndian, module)?;
    let table = usize::try_from(header.e_shoff(LittleEndian)).unwrap_or(usize::MAX);
    let mut bytes = module.to_vec();
    for (section, number) in sections.iter().zip(0usize..) {
        if section.sh_type(LittleEndian).0 == SHT_LLVM_ADDRSIG {
            let at = table.saturating_add(number.saturating_mul(HEADER)).saturating_add(TYPE);
            if let Some(kind) = bytes.get_mut(at..at.saturating_add(4)) {
                kind.copy_from_slice(&elf::SHT_PROGBITS.0.to_le_bytes());
            }
        }
    }
    Ok(bytes)
}

fn index(id: SymbolId) -> usize {
    use object::build::Id;
    id.index()
}

/// Moves the relocations of `table` that livepatch applies to sections of their own, one for each
/// object that must be there.
fn split(
    builder: &mut Builder<'_>,
    table: SectionId,
    resolved: &BTreeMap<usize, (SymbolId, &KlpSymbol)>,
) {
    let section = builder.sections.get_mut(table);
    let SectionData::Relocation(relocs) = &mut section.data else { return };
    let mut moved: BTreeMap<&str, Vec<Relocation>> = BTreeMap::new();
    relocs.retain(|reloc| {
        let symbol = reloc.symbol.and_then(|symbol| resolved.get(&index(symbol)));
        let Some((_, symbol)) = symbol else { return true };
        moved.entry(&symbol.user).or_default().push(*reloc);
        false
    });
    let is_empty = relocs.is_empty();
    if moved.is_empty() {
        return;
    }
    let (link, info, align, entsize) = (
        section.sh_link_section,
        section.sh_info_section,
        section.sh_addralign,
        section.sh_entsize,
    );
    section.delete |= is_empty;
    let Some(target) = info else { return };
    let name = String::from_utf8_lossy(builder.sections.get(target).name.as_slice()).into_owned();
    for (object, relocs) in moved {
        let own = builder.sections.add();
        own.name = format!(".klp.rela.{object}.{name}").into_bytes().into();
        own.sh_type = elf::SHT_RELA;
        own.sh_flags =
            elf::SectionFlags(elf::SHF_ALLOC.0 | elf::SHF_INFO_LINK.0 | SHF_RELA_LIVEPATCH);
        own.sh_link_section = link;
        own.sh_info_section = Some(target);
        own.sh_addralign = align;
        own.sh_entsize = entsize;
        own.data = SectionData::Relocation(relocs);
    }
}
