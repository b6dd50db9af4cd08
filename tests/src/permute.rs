//! The same object with its symbols or its sections in another order.

use anyhow::{Context as _, Result, ensure};

use crate::mutate::Random;

/// Sizes of a section header, a symbol and a relocation with addend of ELF64.
const HEADER: usize = 64;
const SYMBOL: usize = 24;
const RELA: usize = 24;

const SHT_SYMTAB: u32 = 2;
const SHT_RELA: u32 = 4;
const SHT_GROUP: u32 = 17;
const SHT_SYMTAB_SHNDX: u32 = 18;
const SHF_INFO_LINK: u64 = 0x40;
const STT_FILE: u8 = 4;

/// Shuffles the symbol table: local symbols within their source file, global ones anywhere.
pub fn symbols(object: &[u8], seed: u64) -> Result<Vec<u8>> {
    let mut image = Image(object.to_vec());
    let sections = image.sections()?;
    let table = *sections.iter().find(|one| one.kind == SHT_SYMTAB).context("no symbols")?;
    let old = image.bytes(table.offset, table.size)?.to_vec();
    let count = old.len() / SYMBOL;
    let mut runs: Vec<Vec<usize>> = vec![Vec::new()];
    for index in 1..count {
        let is_file = old[index * SYMBOL + 4] & 15 == STT_FILE;
        if is_file {
            runs.extend([vec![index], Vec::new()]);
        } else if index == table.info as usize {
            runs.push(vec![index]);
        } else if let Some(run) = runs.last_mut() {
            run.push(index);
        }
    }
    let mut random = Random::new(seed);
    for run in &mut runs {
        random.shuffle(run);
    }
    let order: Vec<usize> = std::iter::once(0).chain(runs.into_iter().flatten()).collect();
    ensure!(order.len() == count, "a symbol was lost");
    let mut new = vec![0; count];
    for (to, from) in order.iter().enumerate() {
        new[*from] = u32::try_from(to)?;
        let symbol = old.get(from * SYMBOL..(from + 1) * SYMBOL).context("no symbol")?;
        image.write(table.offset + to * SYMBOL, symbol)?;
    }
    for section in &sections {
        match section.kind {
            SHT_RELA => {
                for at in (section.offset..section.offset + section.size).step_by(RELA) {
                    let symbol = image.u32(at + 12)? as usize;
                    let symbol = new.get(symbol).context("no such symbol")?.to_le_bytes();
                    image.write(at + 12, &symbol)?;
                }
            }
            SHT_GROUP => {
                let name = new.get(section.info as usize).context("no such symbol")?;
                image.write(section.header + 44, &name.to_le_bytes())?;
            }
            SHT_SYMTAB_SHNDX => anyhow::bail!("more sections than this can shuffle"),
            _ => {}
        }
    }
    Ok(image.0)
}

/// Shuffles the section headers.
pub fn sections(object: &[u8], seed: u64) -> Result<Vec<u8>> {
    let mut image = Image(object.to_vec());
    let sections = image.sections()?;
    let mut order: Vec<usize> = (1..sections.len()).collect();
    Random::new(seed).shuffle(&mut order);
    order.insert(0, 0);
    let mut new = vec![0u32; sections.len()];
    for (to, from) in order.iter().enumerate() {
        new[*from] = u32::try_from(to)?;
    }
    let map = |old: u32| new.get(old as usize).copied().context("no such section");
    let headers = sections.first().context("no sections")?.header;
    for (to, from) in order.iter().enumerate() {
        let section = sections.get(*from).context("no section")?;
        let mut header =
            object.get(section.header..section.header + HEADER).context("no header")?.to_vec();
        header[40..44].copy_from_slice(&map(section.link)?.to_le_bytes());
        if section.kind == SHT_RELA || section.flags & SHF_INFO_LINK != 0 {
            header[44..48].copy_from_slice(&map(section.info)?.to_le_bytes());
        }
        image.write(headers + to * HEADER, &header)?;
    }
    let names = u32::from(u16::from_le_bytes([object[0x3e], object[0x3f]]));
    image.write(0x3e, &u16::try_from(map(names)?)?.to_le_bytes())?;
    for section in &sections {
        let end = section.offset + section.size;
        match section.kind {
            SHT_SYMTAB => {
                for at in (section.offset..end).step_by(SYMBOL) {
                    let index = u16::from_le_bytes([object[at + 6], object[at + 7]]);
                    if index < 0xff00 {
                        let index = u16::try_from(map(u32::from(index))?)?;
                        image.write(at + 6, &index.to_le_bytes())?;
                    }
                }
            }
            SHT_GROUP => {
                for at in (section.offset + 4..end).step_by(4) {
                    let member = map(image.u32(at)?)?;
                    image.write(at, &member.to_le_bytes())?;
                }
            }
            SHT_SYMTAB_SHNDX => anyhow::bail!("more sections than this can shuffle"),
            _ => {}
        }
    }
    Ok(image.0)
}

#[derive(Clone, Copy)]
struct Section {
    header: usize,
    kind: u32,
    flags: u64,
    offset: usize,
    size: usize,
    link: u32,
    info: u32,
}

struct Image(Vec<u8>);

impl Image {
    fn sections(&self) -> Result<Vec<Section>> {
        let start = usize::try_from(self.u64(0x28)?)?;
        let count = usize::from(u16::from_le_bytes([self.0[0x3c], self.0[0x3d]]));
        ensure!(count > 0, "more sections than this can shuffle");
        (0..count)
            .map(|index| {
                let header = start + index * HEADER;
                Ok(Section {
                    header,
                    kind: self.u32(header + 4)?,
                    flags: self.u64(header + 8)?,
                    offset: usize::try_from(self.u64(header + 24)?)?,
                    size: usize::try_from(self.u64(header + 32)?)?,
                    link: self.u32(header + 40)?,
                    info: self.u32(header + 44)?,
                })
            })
            .collect()
    }

    fn bytes(&self, at: usize, len: usize) -> Result<&[u8]> {
        self.0.get(at..at + len).context("cut off")
    }

    fn u32(&self, at: usize) -> Result<u32> {
        Ok(u32::from_le_bytes(self.bytes(at, 4)?.try_into()?))
    }

    fn u64(&self, at: usize) -> Result<u64> {
        Ok(u64::from_le_bytes(self.bytes(at, 8)?.try_into()?))
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        let end = at + bytes.len();
        self.0.get_mut(at..end).context("cut off")?.copy_from_slice(bytes);
        Ok(())
    }
}
