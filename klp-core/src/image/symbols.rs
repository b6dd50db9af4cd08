//! A kernel with the symbol table that it lists of itself, for all that reads a linked kernel.

use std::collections::BTreeSet;

use object::build::elf::{Builder, SectionData, SectionId};
use object::elf;

use super::{ImageError, ImageSymbol};

/// Letters of `nm` for code: `W` is a weak function in all kernels.
const CODE: &[u8] = b"tTwW";

/// The ELF file `kernel` with `symbols` in a symbol table.
///
/// A list of the kernel's own has no sizes: a symbol goes to the next one, or to the end of its section. Where it
/// does not tell whether a symbol is local (`A`, to Linux 6.14), it is if `locals` has its name.
pub fn with_symbols(
    kernel: &[u8],
    symbols: &[ImageSymbol],
    locals: &BTreeSet<Vec<u8>>,
) -> Result<Vec<u8>, ImageError> {
    let failed = |error: object::build::Error| ImageError::Write(error.to_string());
    let mut builder: Builder<'_> = Builder::read(kernel).map_err(failed)?;
    // Nothing is loaded from it.
    for segment in &mut builder.segments {
        segment.delete = true;
    }
    let places = LoadedSections::of(&builder);
    for (name, kind, data) in [
        (".symtab", elf::SHT_SYMTAB, SectionData::Symbol),
        (".strtab", elf::SHT_STRTAB, SectionData::String),
    ] {
        let section = builder.sections.add();
        section.name = name.into();
        section.sh_type = kind;
        section.data = data;
    }
    let mut next = u64::MAX;
    let mut ends = Vec::with_capacity(symbols.len());
    for (index, symbol) in symbols.iter().enumerate().rev() {
        if let Some(behind) = symbols.get(index.saturating_add(1))
            && behind.address > symbol.address
        {
            next = behind.address;
        }
        ends.push(next);
    }
    for (symbol, next) in symbols.iter().zip(ends.into_iter().rev()) {
        let place = places.at(symbol.address);
        let is_local = match symbol.kind {
            b'A' => locals.contains(&symbol.name),
            kind => kind.is_ascii_lowercase() && kind != b'w',
        };
        // A letter goes by the flags of the section, and `.data` is executable in some kernels (Debian's 7.3).
        let is_data = place.is_some_and(|place| place.is_written);
        let is_code = CODE.contains(&symbol.kind) && !is_data;
        let kind = if is_code { elf::STT_FUNC } else { elf::STT_OBJECT };
        let added = builder.symbols.add();
        added.name = symbol.name.clone().into();
        added.set_st_info(if is_local { elf::STB_LOCAL } else { elf::STB_GLOBAL }, kind);
        added.st_value = symbol.address;
        match place {
            Some(place) => {
                added.section = Some(place.section);
                added.st_size = next.min(place.end).saturating_sub(symbol.address);
            }
            None => added.st_shndx = elf::SHN_ABS,
        }
    }
    let mut bytes = Vec::new();
    builder.write(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A section that is in memory.
#[derive(Clone, Copy)]
struct LoadedSection {
    start: u64,
    end: u64,
    section: SectionId,
    is_written: bool,
}

struct LoadedSections(Vec<LoadedSection>);

impl LoadedSections {
    fn of(builder: &Builder<'_>) -> Self {
        let sections = builder.sections.iter().filter(|section| section.is_alloc());
        let places = sections.map(|section| LoadedSection {
            start: section.sh_addr,
            end: section.sh_addr.saturating_add(section.sh_size),
            section: section.id(),
            is_written: section.sh_flags.0 & elf::SHF_WRITE.0 != 0,
        });
        let mut places: Vec<_> = places.collect();
        places.sort_by_key(|place| place.start);
        Self(places)
    }

    /// The section that `address` is in. What stands at an end belongs to what ends there, unless something starts
    /// there.
    fn at(&self, address: u64) -> Option<LoadedSection> {
        let holds = |place: &&LoadedSection| (place.start..place.end).contains(&address);
        let ends = |place: &&LoadedSection| place.end == address;
        self.0.iter().find(holds).or_else(|| self.0.iter().find(ends)).copied()
    }
}
