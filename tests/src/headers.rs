//! Objects that are changed as no assembler writes them.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;

/// Where fields of the header of a section are.
pub const SH_LINK: usize = 40;
/// See [`SH_LINK`].
pub const SH_INFO: usize = 44;
const SH_OFFSET: usize = 24;
const SH_SIZE: usize = 32;
const SECTION_HEADER: usize = 64;

/// The bytes of a relocation, and where its type is.
const RELA: usize = 24;
const R_TYPE: usize = 8;

/// An object, as far as tests change it.
#[derive(Debug)]
pub struct Elf {
    /// All of the file.
    pub bytes: Vec<u8>,
}

impl Elf {
    /// Reads a file.
    pub fn read(path: &Utf8Path) -> Result<Self> {
        Ok(Self { bytes: fs_err::read(path)? })
    }

    fn number(&self, at: usize, width: usize) -> usize {
        let field = self.bytes.get(at..at.saturating_add(width)).unwrap_or_default();
        field.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte))
    }

    /// Writes a field at a place of the file.
    pub fn put(&mut self, at: usize, field: &[u8]) -> Result<()> {
        let place = self.bytes.get_mut(at..at + field.len()).context("outside of the file")?;
        place.copy_from_slice(field);
        Ok(())
    }

    fn header(&self, index: usize) -> usize {
        self.number(40, 8) + index * SECTION_HEADER
    }

    /// Where the header of the section `name` is.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        let names = self.number(self.header(self.number(62, 2)) + SH_OFFSET, 8);
        (0..self.number(60, 2)).map(|index| self.header(index)).find(|header| {
            let rest = self.bytes.get(names + self.number(*header, 4)..).unwrap_or_default();
            rest.split(|byte| *byte == 0).next() == Some(name.as_bytes())
        })
    }

    /// The file, with all but the first relocation of section `name` in a section of their own.
    pub fn split(mut self, name: &str) -> Result<Vec<u8>> {
        let header = self.find(name).context("no such section")?;
        let (offset, size) = (self.number(header + SH_OFFSET, 8), self.number(header + SH_SIZE, 8));
        ensure!(size >= 2 * RELA, "too few relocations");
        let own = self.bytes.get(header..header + SECTION_HEADER).context("headers")?.to_vec();
        self.put(header + SH_SIZE, &u64::try_from(RELA)?.to_le_bytes())?;
        let count = self.number(60, 2);
        let all = self.header(0)..self.header(count);
        let headers = self.bytes.get(all).context("headers")?.to_vec();
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let (start, second) = (self.bytes.len(), self.bytes.len() + headers.len());
        self.bytes.extend(headers);
        self.bytes.extend(own);
        self.put(second + SH_OFFSET, &u64::try_from(offset + RELA)?.to_le_bytes())?;
        self.put(second + SH_SIZE, &u64::try_from(size - RELA)?.to_le_bytes())?;
        self.put(40, &u64::try_from(start)?.to_le_bytes())?;
        self.put(60, &u16::try_from(count + 1)?.to_le_bytes())?;
        Ok(self.bytes)
    }
    /// Where relocation `number` of the section `name` is.
    fn reloc(&self, name: &str, number: usize) -> Result<usize> {
        let header = self.find(name).context("no such section")?;
        Ok(self.number(header + SH_OFFSET, 8) + number * RELA)
    }

    /// Gives relocation `number` of the section `name` another place.
    pub fn move_reloc(&mut self, name: &str, number: usize, offset: u64) -> Result<()> {
        let at = self.reloc(name, number)?;
        self.put(at, &offset.to_le_bytes())
    }

    /// Gives relocation `number` of the section `name` another type.
    pub fn set_reloc_type(&mut self, name: &str, number: usize, kind: u32) -> Result<()> {
        let at = self.reloc(name, number)?;
        self.put(at + R_TYPE, &kind.to_le_bytes())
    }
}
