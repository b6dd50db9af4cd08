//! An object that is changed in place: headers, symbols and relocations, read by their numbers alone.

use anyhow::{Context as _, Result, ensure};

/// Sizes of a section header, a symbol and a relocation with addend of ELF64.
const HEADER: usize = 64;
pub(crate) const SYMBOL: usize = 24;
pub(crate) const RELA: usize = 24;

pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_RELA: u32 = 4;
pub(crate) const SHT_NOTE: u32 = 7;
pub(crate) const SHT_NOBITS: u32 = 8;
const SHT_SYMTAB_SHNDX: u32 = 18;
const SHN_XINDEX: u32 = 0xffff;
const SHN_LORESERVE: u32 = 0xff00;

/// A section header.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Where the header is in the file.
    pub(crate) header: usize,
    pub(crate) name: String,
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) offset: usize,
    pub(crate) size: usize,
    pub(crate) link: u32,
    pub(crate) info: u32,
    pub(crate) align: u64,
    pub(crate) entry: u64,
}

/// A symbol.
#[derive(Debug, Clone)]
pub(crate) struct Symbol {
    /// Where it is in the file.
    pub(crate) at: usize,
    pub(crate) name: String,
    pub(crate) kind: u8,
    pub(crate) bind: u8,
    /// None for what is in no section of this object.
    pub(crate) section: Option<usize>,
    pub(crate) value: u64,
    pub(crate) size: u64,
}

/// A relocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rela {
    /// Where it is in the file.
    pub(crate) at: usize,
    pub(crate) offset: u64,
    pub(crate) kind: u32,
    pub(crate) symbol: usize,
    pub(crate) addend: i64,
}

/// A file's bytes and what is where in them.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sections: Vec<Section>,
    pub(crate) symbols: Vec<Symbol>,
    /// The section that holds the names of sections, and in clang's objects those of symbols as well.
    pub(crate) names: usize,
}

impl Image {
    pub(crate) fn of(bytes: Vec<u8>) -> Result<Self> {
        ensure!(bytes.starts_with(b"\x7fELF\x02\x01"), "not a 64-bit little-endian ELF file");
        let mut image = Self { bytes, sections: Vec::new(), symbols: Vec::new(), names: 0 };
        let start = image.size_at(0x28)?;
        let first = start + 32;
        let count = match image.u16(0x3c)? {
            0 => image.size_at(first)?,
            count => usize::from(count),
        };
        let names = match u32::from(image.u16(0x3e)?) {
            SHN_XINDEX => image.u32(start + 40)? as usize,
            names => names as usize,
        };
        image.names = names;
        let name_table = image.size_at(start + names * HEADER + 24)?;
        for index in 0..count {
            let header = start + index * HEADER;
            let name = name_table + image.u32(header)? as usize;
            let section = Section {
                header,
                name: image.text(name)?,
                kind: image.u32(header + 4)?,
                flags: image.u64(header + 8)?,
                offset: image.size_at(header + 24)?,
                size: image.size_at(header + 32)?,
                link: image.u32(header + 40)?,
                info: image.u32(header + 44)?,
                align: image.u64(header + 48)?,
                entry: image.u64(header + 56)?,
            };
            image.sections.push(section);
        }
        image.read_symbols()?;
        Ok(image)
    }

    fn read_symbols(&mut self) -> Result<()> {
        let table = self.sections.iter().find(|one| one.kind == SHT_SYMTAB);
        let table = table.context("no symbols")?.clone();
        let more = self.sections.iter().find(|one| one.kind == SHT_SYMTAB_SHNDX).cloned();
        let names = self.sections.get(table.link as usize).context("no names")?.offset;
        for index in 0..table.size / SYMBOL {
            let at = table.offset + index * SYMBOL;
            let info = *self.bytes.get(at + 4).context("cut off")?;
            let section = match u32::from(self.u16(at + 6)?) {
                0 => None,
                SHN_XINDEX => {
                    let more = more.as_ref().context("no table of section numbers")?;
                    Some(self.u32(more.offset + index * 4)? as usize)
                }
                SHN_LORESERVE.. => None,
                section => Some(section as usize),
            };
            let symbol = Symbol {
                at,
                name: self.text(names + self.u32(at)? as usize)?,
                kind: info & 15,
                bind: info >> 4,
                section,
                value: self.u64(at + 8)?,
                size: self.u64(at + 16)?,
            };
            self.symbols.push(symbol);
        }
        Ok(())
    }

    /// The relocations that apply to a section, of all tables.
    pub(crate) fn relas(&self, section: usize) -> Result<Vec<Rela>> {
        let tables = self.sections.iter().filter(|one| one.kind == SHT_RELA);
        let mut found = Vec::new();
        for table in tables.filter(|one| one.info as usize == section) {
            for at in (table.offset..table.offset + table.size).step_by(RELA) {
                found.push(Rela {
                    at,
                    offset: self.u64(at)?,
                    kind: self.u32(at + 8)?,
                    symbol: self.u32(at + 12)? as usize,
                    addend: self.u64(at + 16)?.cast_signed(),
                });
            }
        }
        Ok(found)
    }

    /// The bytes of a section, none for zeroed memory.
    pub(crate) fn content(&self, section: usize) -> &[u8] {
        let Some(section) = self.sections.get(section) else { return &[] };
        if section.kind == SHT_NOBITS {
            return &[];
        }
        self.bytes.get(section.offset..section.offset + section.size).unwrap_or_default()
    }

    pub(crate) fn section(&self, name: &str) -> Result<usize> {
        let found = self.sections.iter().position(|section| section.name == name);
        found.with_context(|| format!("no section {name}"))
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        let place = self.bytes.get_mut(at..at + bytes.len()).context("cut off")?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn u32(&self, at: usize) -> Result<u32> {
        Ok(u32::from_le_bytes(self.bytes.get(at..at + 4).context("cut off")?.try_into()?))
    }

    fn u16(&self, at: usize) -> Result<u16> {
        Ok(u16::from_le_bytes(self.bytes.get(at..at + 2).context("cut off")?.try_into()?))
    }

    fn u64(&self, at: usize) -> Result<u64> {
        Ok(u64::from_le_bytes(self.bytes.get(at..at + 8).context("cut off")?.try_into()?))
    }

    fn size_at(&self, at: usize) -> Result<usize> {
        let size = usize::try_from(self.u64(at)?)?;
        Ok(size)
    }

    fn text(&self, at: usize) -> Result<String> {
        let rest = self.bytes.get(at..).context("cut off")?;
        let text = rest.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}
