//! Objects whose symbols say far more than their files hold.
//!
//! Symbols can share one long name, or lie inside each other, so that what they name together grows with the square
//! of the file. No compiler and no linker writes such a thing, and nobody has the memory for it.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Definition, ElfError, Section, SectionId, Symbol, SymbolId, SymbolKind};
use crate::ids::List;

/// How often the size of the file what symbols name may be: suffixes are shared, and functions have inner ones.
const TIMES: usize = 4;
/// What any file may have.
const ALWAYS: usize = 1 << 20;

/// Names that take less than this are at most ten times as large as their symbols.
const SHORT: usize = 256;

/// All of a kernel lies within 2 GiB (`-mcmodel=kernel`), its memory of zeros included.
const LARGEST: u64 = 1 << 31;

/// Refuses a section of zeros, of which the file holds nothing, that has no room in any kernel.
pub(super) fn zeros(name: &[u8], size: u64) -> Result<(), ElfError> {
    if size <= LARGEST {
        return Ok(());
    }
    let name = String::from_utf8_lossy(name);
    Err(ElfError::Malformed(format!("section {name}: {size} zeros are more than any kernel has")))
}

/// Refuses sections that have no room in any kernel together. Places in them are numbered in 32 bits.
pub(super) fn memory(sections: &List<SectionId, Section<'_>>) -> Result<(), ElfError> {
    let loaded = sections.iter().filter(|section| section.is_allocated());
    let size = loaded.fold(0_u64, |size, section| size.saturating_add(section.size));
    if size <= LARGEST {
        return Ok(());
    }
    Err(ElfError::Malformed(format!("{size} bytes of memory are more than any kernel has")))
}

/// The largest characters of strings that anyone has are those of UTF-32.
const WIDEST: u64 = 8;

/// Refuses strings of characters that are larger than any: each byte of such a character can be the first of a string.
pub(super) fn characters(sections: &List<SectionId, Section<'_>>) -> Result<(), ElfError> {
    let is_wide = |section: &&Section<'_>| section.has_strings() && section.entsize > WIDEST;
    match sections.iter().find(is_wide) {
        None => Ok(()),
        Some(section) => {
            let (name, size) = (section.name_lossy(), section.entsize);
            Err(ElfError::Malformed(format!(
                "section {name}: strings of characters of {size} bytes"
            )))
        }
    }
}

/// How long the names of an object's symbols are together.
pub(super) struct NamesLength {
    size: usize,
    sum: AtomicUsize,
}

impl NamesLength {
    /// Those of an object of `size` bytes.
    pub(super) fn of_file(size: usize) -> Self {
        Self { size, sum: AtomicUsize::new(0) }
    }

    /// Adds one, unless they are too long together.
    pub(super) fn add(&self, name: &[u8]) -> Result<(), ElfError> {
        if name.len() <= SHORT {
            return Ok(());
        }
        let sum = self.sum.fetch_add(name.len(), Ordering::Relaxed).saturating_add(name.len());
        if sum > most(self.size) {
            return Err(too_much("symbols share their names", sum, self.size));
        }
        Ok(())
    }
}

/// Refuses an object of `size` bytes whose `symbols` lie inside each other more than that allows.
pub(super) fn check(symbols: &List<SymbolId, Symbol<'_>>, size: usize) -> Result<(), ElfError> {
    let most = most(size);
    let bytes = |symbols: &mut dyn Iterator<Item = &Symbol<'_>>| {
        let sizes = symbols.map(|symbol| usize::try_from(symbol.size).unwrap_or(usize::MAX));
        sizes.fold(0_usize, usize::saturating_add)
    };
    let is_sized = |symbol: &&Symbol<'_>| {
        symbol.size > 0 && matches!(symbol.kind, SymbolKind::Function | SymbolKind::Object)
    };
    if bytes(&mut symbols.iter().filter(is_sized)) <= most {
        return Ok(());
    }
    // Memory of zeros is larger than any file, and names of one thing count once.
    let section = |symbol: &Symbol<'_>| match symbol.place {
        Definition::Section(section) => Some(section),
        _ => None,
    };
    let mut sized: Vec<&Symbol<'_>> =
        symbols.iter().filter(is_sized).filter(|symbol| section(symbol).is_some()).collect();
    sized.sort_unstable_by_key(|symbol| (section(symbol), symbol.value, Reverse(symbol.size)));
    sized.dedup_by_key(|symbol| (section(symbol), symbol.value));
    let (mut inside, mut reach) = (0_usize, (None, 0_u64));
    for symbol in sized {
        let end = symbol.end();
        if reach.0 == section(symbol) && symbol.value < reach.1 {
            let own = reach.1.min(end).saturating_sub(symbol.value);
            inside = inside.saturating_add(usize::try_from(own).unwrap_or(usize::MAX));
            reach.1 = reach.1.max(end);
        } else {
            reach = (section(symbol), end);
        }
    }
    if inside > most {
        return Err(too_much("symbols lie inside each other", inside, size));
    }
    Ok(())
}

fn most(size: usize) -> usize {
    size.saturating_mul(TIMES).saturating_add(ALWAYS)
}

fn too_much(what: &str, bytes: usize, size: usize) -> ElfError {
    ElfError::Malformed(format!("{what}: {bytes} bytes in all, in a file of {size}"))
}
