//! Where an object's bytes and relocations are in its file.

use anyhow::{Context, Result};
use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader as _, SectionHeader as _};

use super::site::{Flip, Mutation};

/// File offsets of sections and of their relocation tables.
pub(super) struct Image {
    sections: Vec<Option<usize>>,
    tables: Vec<Vec<(u64, u64)>>,
}

/// Bytes of an `Elf64_Rela`.
const ENTRY: usize = 24;

impl Image {
    pub(super) fn of(bytes: &[u8]) -> Result<Self> {
        let header = FileHeader64::<LittleEndian>::parse(bytes)?;
        let table = header.sections(LittleEndian, bytes)?;
        let mut sections = Vec::new();
        let mut tables = vec![Vec::new(); table.len()];
        for section in table.iter() {
            let range = section.file_range(LittleEndian);
            sections.push(range.map(|(start, _)| usize::try_from(start)).transpose()?);
            if section.rela(LittleEndian, bytes)?.is_some() {
                let target = section.info_link(LittleEndian).0;
                tables.get_mut(target).context("no such section")?.extend(range);
            }
        }
        Ok(Self { sections, tables })
    }

    /// Changes `copy` as `mutation` says.
    pub(super) fn apply(&self, copy: &mut [u8], mutation: &Mutation) {
        let section = mutation.section.number() as usize;
        if let Flip::Byte { mask } = mutation.flip {
            let start = self.sections.get(section).copied().flatten();
            let at =
                start.and_then(|start| start.checked_add(usize::try_from(mutation.offset).ok()?));
            if let Some(byte) = at.and_then(|at| copy.get_mut(at)) {
                *byte ^= mask;
            }
            return;
        }
        if let Some(entry) = self.entry(copy, section, mutation) {
            change(entry, mutation.flip);
        }
    }

    /// The relocation entry that `mutation` means, wherever it stands in its table.
    fn entry<'a>(
        &self,
        copy: &'a mut [u8],
        section: usize,
        mutation: &Mutation,
    ) -> Option<&'a mut [u8]> {
        let (start, size) = *self.tables.get(section)?.first()?;
        let (start, size) = (usize::try_from(start).ok()?, usize::try_from(size).ok()?);
        let table = copy.get_mut(start..start.checked_add(size)?)?;
        table
            .chunks_exact_mut(ENTRY)
            .filter(|entry| entry[..8] == mutation.offset.to_le_bytes())
            .nth(0)
    }
}

fn change(entry: &mut [u8], flip: Flip) {
    match flip {
        Flip::Byte { .. } => {}
        Flip::Offset { by } => add(&mut entry[..8], by),
        Flip::Type { to } => entry[8..12].copy_from_slice(&to.to_le_bytes()),
        Flip::Symbol { to } => entry[12..16].copy_from_slice(&to.number().to_le_bytes()),
        Flip::Addend { by } => add(&mut entry[16..24], by),
    }
}

fn add(field: &mut [u8], by: i64) {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(field);
    field.copy_from_slice(&i64::from_le_bytes(bytes).wrapping_add(by).to_le_bytes());
}
