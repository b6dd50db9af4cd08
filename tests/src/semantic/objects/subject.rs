//! A real object: what of it can be edited.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};

use super::super::elf::{Image, Rela, Symbol};

pub(super) const SHF_WRITE: u64 = 1;
pub(super) const SHF_ALLOC: u64 = 2;
pub(super) const SHF_EXEC: u64 = 4;
pub(super) const SHF_MERGE: u64 = 0x10;
pub(super) const STT_NOTYPE: u8 = 0;
pub(super) const STT_OBJECT: u8 = 1;
pub(super) const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;
const STT_FILE: u8 = 4;
pub(super) const STB_LOCAL: u8 = 0;
pub(super) const STB_GLOBAL: u8 = 1;

/// Section names that edits give to others.
pub(super) const NEW_NAMES: &[&str] = &[
    ".data..ro_after_init",
    ".data..read_mostly",
    ".init.rodata",
    ".init.data",
    ".init.bss",
    ".init.text",
    ".initcall7.init",
    ".initcall7s.init",
    ".pci_fixup_final",
    ".pci_fixup_suspend",
];

/// A function whose names nothing else has.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) section: usize,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) names: Vec<String>,
}

/// An object and what is where in it.
pub(super) struct Subject {
    pub(super) image: Image,
    /// By section and start.
    pub(super) functions: Vec<Function>,
    /// By the section that they are in, by offset.
    pub(super) relas: Vec<Vec<Rela>>,
    /// Symbols by section, by value.
    pub(super) symbols: Vec<Vec<usize>>,
    /// Which sections without code say something about a place in code.
    pub(super) described: BTreeMap<(usize, u64), BTreeSet<usize>>,
    /// By section: the place in it and [`super::references::BIAS`], and where it is referred to.
    pub(super) references: Vec<Vec<(u64, (usize, u64))>>,
    /// Where in the table of section names these are.
    new_names: BTreeMap<&'static str, u32>,
    /// How many symbols have a name, numbers and parts left out.
    counts: BTreeMap<String, usize>,
}

impl Subject {
    pub(super) fn of(bytes: Vec<u8>) -> Result<Self> {
        let (image, new_names) = with_names(Image::of(bytes)?)?;
        let count = image.sections.len();
        let mut relas = Vec::new();
        for section in 0..count {
            let mut own = image.relas(section)?;
            own.sort_by_key(|rela| rela.offset);
            relas.push(own);
        }
        let mut symbols = vec![Vec::new(); count];
        let mut counts = BTreeMap::new();
        for (symbol, index) in image.symbols.iter().zip(0..) {
            if matches!(symbol.kind, STT_SECTION | STT_FILE) || symbol.name.is_empty() {
                continue;
            }
            *counts.entry(base(&symbol.name).to_owned()).or_default() += 1;
            if let Some(own) = symbol.section.and_then(|section| symbols.get_mut(section)) {
                own.push(index);
            }
        }
        for own in &mut symbols {
            own.sort_by_key(|index| image.symbols[*index].value);
        }
        let described = BTreeMap::new();
        let functions = Vec::new();
        let references = vec![Vec::new(); count];
        let mut subject =
            Self { image, functions, relas, symbols, described, references, new_names, counts };
        subject.find_functions();
        subject.describe();
        Ok(subject)
    }

    fn find_functions(&mut self) {
        let mut found: Vec<Function> = Vec::new();
        for section in 0..self.image.sections.len() {
            let header = &self.image.sections[section];
            if !self.is_code(section) || header.name.starts_with(".altinstr") {
                continue;
            }
            let mut last_end = 0;
            let own: Vec<&Symbol> =
                self.symbols[section].iter().map(|index| &self.image.symbols[*index]).collect();
            for here in own.chunk_by(|one, other| one.value == other.value) {
                let functions = here.iter().filter(|symbol| symbol.kind == STT_FUNC);
                let Some(size) = functions.map(|symbol| symbol.size).max().filter(|size| *size > 0)
                else {
                    continue;
                };
                let start = here[0].value;
                if start < last_end {
                    // What overlaps is nobody's alone.
                    found.pop();
                }
                last_end = last_end.max(start + size);
                let names: Vec<String> = here.iter().map(|symbol| symbol.name.clone()).collect();
                if names.iter().all(|name| self.is_unique(name) && base(name) == without_part(name))
                {
                    found.push(Function { section, start, end: start + size, names });
                }
            }
        }
        self.functions = found;
        let entered = self.entered();
        self.functions.retain(|one| !entered.contains(&(one.section, one.start)));
    }

    pub(super) fn is_code(&self, section: usize) -> bool {
        self.image.sections[section].flags & SHF_EXEC != 0
    }

    /// Whether no other symbol can be taken for it.
    pub(super) fn is_unique(&self, name: &str) -> bool {
        self.counts.get(base(name)) == Some(&1)
    }

    /// Where a relocation points to, if that is in the object.
    pub(super) fn place(&self, rela: &Rela, bias: i64) -> Option<(usize, u64)> {
        let symbol = self.image.symbols.get(rela.symbol)?;
        Some((symbol.section?, symbol.value.checked_add_signed(rela.addend + bias)?))
    }

    /// The function around a place.
    pub(super) fn function(&self, section: usize, offset: u64) -> Option<&Function> {
        let behind =
            self.functions.partition_point(|one| (one.section, one.start) <= (section, offset));
        let found = self.functions.get(behind.checked_sub(1)?)?;
        (found.section == section && offset < found.end).then_some(found)
    }

    /// The instructions of a function, none if it is not only instructions.
    pub(super) fn instructions(&self, function: &Function) -> Vec<Instruction> {
        let range = usize::try_from(function.start).unwrap_or(0)
            ..usize::try_from(function.end).unwrap_or(0);
        let code = self.image.content(function.section).get(range).unwrap_or_default();
        let decoder = Decoder::with_ip(64, code, function.start, DecoderOptions::NONE);
        let all: Vec<Instruction> = decoder.into_iter().collect();
        if all.iter().any(Instruction::is_invalid) { Vec::new() } else { all }
    }

    pub(super) fn relas_within(&self, section: usize, start: u64, end: u64) -> &[Rela] {
        let all = &self.relas[section];
        let from = all.partition_point(|rela| rela.offset < start);
        let to = all.partition_point(|rela| rela.offset < end);
        &all[from..to.max(from)]
    }

    /// Where a byte of a section is in the file.
    pub(super) fn at(&self, section: usize, offset: u64) -> usize {
        self.image.sections[section].offset + usize::try_from(offset).unwrap_or(0)
    }

    pub(super) fn new_name(&self, name: &str) -> Option<u32> {
        self.new_names.get(name).copied()
    }

    /// The names of the symbols of a section, and its own.
    pub(super) fn names_in(&self, section: usize) -> Vec<String> {
        let own = self.symbols[section].iter().map(|index| self.image.symbols[*index].name.clone());
        own.chain([self.image.sections[section].name.clone()]).collect()
    }
}

pub(super) fn is_nop(instruction: &Instruction) -> bool {
    instruction.mnemonic() == Mnemonic::Nop
}

/// A name up to what compilers append, of a part that of its function.
pub(super) fn base(name: &str) -> &str {
    if name.starts_with('.') || name.starts_with("_R") {
        return name;
    }
    // A part is not another thing of that name.
    if name.contains(".cold") || name.starts_with("__pfx_") || name.starts_with("__cfi_") {
        return name;
    }
    name.split('.').next().unwrap_or(name)
}

fn without_part(name: &str) -> &str {
    let name = name.strip_prefix("__pfx_").or_else(|| name.strip_prefix("__cfi_")).unwrap_or(name);
    if name.starts_with('.') || name.starts_with("_R") {
        name
    } else {
        name.split('.').next().unwrap_or(name)
    }
}

/// The same object with more section names in its table of them, at its end.
fn with_names(mut image: Image) -> Result<(Image, BTreeMap<&'static str, u32>)> {
    let table = image.sections.get(image.names).context("no section names")?.clone();
    let mut names = image.bytes[table.offset..table.offset + table.size].to_vec();
    let mut places = BTreeMap::new();
    for name in NEW_NAMES {
        places.insert(*name, u32::try_from(names.len())?);
        names.extend_from_slice(name.as_bytes());
        names.push(0);
    }
    let start = image.bytes.len() as u64;
    image.bytes.extend_from_slice(&names);
    image.write(table.header + 24, &start.to_le_bytes())?;
    image.write(table.header + 32, &(names.len() as u64).to_le_bytes())?;
    Ok((Image::of(image.bytes)?, places))
}
