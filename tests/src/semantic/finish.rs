//! What no assembly text can say, done to the assembled object.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::elf::{Image, SHT_RELA};
use crate::permute;

/// One such change.
#[derive(Debug, Clone)]
pub(crate) enum Finish {
    /// A symbol gets the name of another one.
    Rename { from: String, to: String },
    /// The relocations of a section become those of another section, or of none.
    Retarget { of: String, to: Option<String> },
    /// Who refers to a section by the section's symbol does so by the symbol of the object at its start.
    NameTargets { section: String, symbol: String },
    /// Shuffles the symbol table.
    ShuffleSymbols(u64),
    /// Shuffles the section headers.
    ShuffleSections(u64),
}

/// Does all of `steps`.
pub(crate) fn finish(object: Vec<u8>, steps: &[&Finish]) -> Result<Vec<u8>> {
    if steps.is_empty() {
        return Ok(object);
    }
    let mut image = Image::of(object)?;
    let names: BTreeMap<String, usize> = image
        .symbols
        .iter()
        .zip(0..)
        .filter(|(symbol, _)| !symbol.name.is_empty())
        .map(|(symbol, index)| (symbol.name.clone(), index))
        .collect();
    let index = |name: &str| names.get(name).copied().with_context(|| format!("no symbol {name}"));
    for step in steps {
        match step {
            Finish::Rename { from, to } => {
                let (from, to) = (index(from)?, index(to)?);
                let name = image.u32(image.symbols[to].at)?;
                image.write(image.symbols[from].at, &name.to_le_bytes())?;
            }
            Finish::Retarget { of, to } => {
                let of = u32::try_from(image.section(of)?)?;
                let to = to.as_deref().map_or(Ok(0), |to| image.section(to))?;
                let to = u32::try_from(to)?.to_le_bytes();
                let mut tables = image.sections.iter().filter(|one| one.kind == SHT_RELA);
                let table = tables.find(|one| one.info == of).context("no relocations")?.header;
                image.write(table + 44, &to)?;
            }
            Finish::NameTargets { section, symbol } => {
                let (section, symbol) = (image.section(section)?, index(symbol)?);
                name_targets(&mut image, section, symbol)?;
            }
            Finish::ShuffleSymbols(_) | Finish::ShuffleSections(_) => {}
        }
    }
    let mut object = image.bytes;
    for step in steps {
        match step {
            Finish::ShuffleSymbols(seed) => object = permute::symbols(&object, *seed)?,
            Finish::ShuffleSections(seed) => object = permute::sections(&object, *seed)?,
            _ => {}
        }
    }
    Ok(object)
}

const STT_SECTION: u8 = 3;

fn name_targets(image: &mut Image, section: usize, symbol: usize) -> Result<()> {
    let of_section: Vec<usize> = (0..image.symbols.len())
        .filter(|index| {
            let symbol = &image.symbols[*index];
            symbol.kind == STT_SECTION && symbol.section == Some(section)
        })
        .collect();
    for place in 0..image.sections.len() {
        for rela in image.relas(place)? {
            if of_section.contains(&rela.symbol) {
                image.write(rela.at + 12, &u32::try_from(symbol)?.to_le_bytes())?;
            }
        }
    }
    Ok(())
}
