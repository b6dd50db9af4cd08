//! What the objects define that another one is linked from.

use std::io::{Read, Seek};

use object::elf::{self, FileHeader64, Sym64};
use object::read::elf::{FileHeader as _, SectionHeader as _, Sym as _};
use object::{LittleEndian, ReadCache, StringTable};
use rayon::prelude::*;

use crate::checksum::Digest;
use crate::elf::ElfError;
use crate::slices::SliceParts as _;

use super::llvm;

/// How many objects' definitions are digested together.
const TOGETHER: usize = 64;

/// What an object defines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// Its path in the build.
    pub object: String,
    /// The names, one behind the other.
    names: Vec<u8>,
    /// Where each name ends, and where its symbol is seen.
    symbols: Vec<(u32, Binding)>,
}

/// Where a symbol is seen, and who wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// In its own object.
    Local,
    /// Everywhere, if no other object has a strong one.
    Weak,
    /// Everywhere.
    Strong,
}

impl Definitions {
    /// Nothing yet that `object` defines.
    #[must_use]
    pub fn new(object: &str) -> Self {
        Self { object: object.to_owned(), ..Self::default() }
    }

    /// What the ELF object `file` defines. No more of it is read than its headers and its symbol table.
    pub fn of_elf(object: &str, file: impl Read + Seek) -> Result<Self, ElfError> {
        let mut definitions = Self::new(object);
        let (endian, data) = (LittleEndian, &ReadCache::new(file));
        let header = FileHeader64::<LittleEndian>::parse(data)?;
        let sections = header.section_headers(endian, data)?;
        let Some(table) = sections.iter().find(|raw| raw.sh_type(endian) == elf::SHT_SYMTAB) else {
            return Ok(definitions);
        };
        let strings = sections.get(table.link(endian).0);
        let strings = strings.ok_or_else(|| ElfError::Malformed("no names of symbols".into()))?;
        let strings = strings.data(endian, data)?;
        let strings = StringTable::new(strings, 0, strings.len() as u64);
        for symbol in table.data_as_array::<Sym64<LittleEndian>, _>(endian, data)? {
            if !symbol.is_definition(endian, strings) {
                continue;
            }
            let name = symbol.name(endian, strings)?;
            let binding = match (symbol.is_local(), symbol.is_weak()) {
                (true, _) => Binding::Local,
                (false, true) => Binding::Weak,
                (false, false) => Binding::Strong,
            };
            definitions.add(name, binding);
        }
        definitions.names.shrink_to_fit();
        definitions.symbols.shrink_to_fit();
        Ok(definitions)
    }

    /// What the bitcode object `file` defines; none if it has no symbol table that is known here. No more of it
    /// is read than that.
    pub fn of_bitcode(object: &str, file: impl Read + Seek) -> Option<Self> {
        let mut definitions = Self::new(object);
        for (name, binding) in llvm::symbols(&ReadCache::new(file))? {
            definitions.add(name, binding);
        }
        Some(definitions)
    }

    /// The digest of all that these say.
    #[must_use]
    pub fn digest(definitions: &[Self]) -> Digest {
        let digest = |definitions: &[Self]| {
            let mut said = Vec::new();
            for Self { object, names, symbols } in definitions {
                for length in [object.len(), names.len(), symbols.len()] {
                    said.extend_from_slice(&(length as u64).to_le_bytes());
                }
                said.extend_from_slice(object.as_bytes());
                said.extend_from_slice(names);
                for (end, binding) in symbols {
                    said.extend_from_slice(&end.to_le_bytes());
                    said.push(*binding as u8);
                }
            }
            *Digest::of(&said).as_bytes()
        };
        let digests: Vec<[u8; Digest::LEN]> =
            definitions.par_chunks(TOGETHER).map(digest).collect();
        Digest::of(digests.as_flattened())
    }

    /// Adds a symbol. One without a name is nobody's.
    pub fn add(&mut self, name: &[u8], binding: Binding) {
        if !name.is_empty() {
            self.names.extend_from_slice(name);
            // An ELF file's names are counted in 32 bits.
            self.symbols.push((u32::try_from(self.names.len()).unwrap_or(u32::MAX), binding));
        }
    }

    /// Names and bindings.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Binding)> {
        let mut start = 0;
        self.symbols.iter().map(move |(end, binding)| {
            let end = *end as usize;
            let name = self.names.between(start, end);
            start = end;
            (name, *binding)
        })
    }
}
