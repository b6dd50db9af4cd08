//! The symbols of a finished kernel or module, in the order in which livepatch counts them.
//!
//! `klp_find_object_symbol` (kernel/livepatch/core.c) takes the n-th symbol of a name: of vmlinux in
//! the order of addresses (`kallsyms_on_each_match_symbol`), of a module in the order of its symbol
//! table (`module_kallsyms_on_each_symbol`). Position 0 stands for a name that there is once.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{ElfObject, Place, Section, Symbol, SymbolKind};

/// Why a text is no `System.map`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} names no symbol: `{text}`")]
pub struct SystemMapError {
    /// Counted from 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

/// Symbols by name, each name's in the order of their positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kallsyms(BTreeMap<Vec<u8>, Vec<Known>>);

/// One symbol of a finished kernel or module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// Header index of its section; 0 in vmlinux, whose addresses are one space.
    section: u32,
    value: u64,
    global: bool,
    /// Freed once init is done, so that it does not always count.
    init: bool,
}

/// Which of the symbols of a name is meant cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// The finished file has no symbol of this name.
    #[error("the kernel has no symbol of this name")]
    Missing,
    /// It has some, but none that can be the object's.
    #[error("none of the {0} symbols of this name in the kernel is this one")]
    Overridden(usize),
    /// Several fit.
    #[error("it cannot be told which of the {0} symbols of this name it is")]
    Ambiguous(usize),
    /// One of them is gone once the module's init has run.
    #[error("its position changes when the init section of the module is freed")]
    Unsteady,
}

impl Kallsyms {
    /// Reads the kernel's `System.map`: address, kind and name, a symbol a line.
    pub fn of_system_map(text: &str) -> Result<Self, SystemMapError> {
        let mut symbols: BTreeMap<Vec<u8>, Vec<Known>> = BTreeMap::new();
        for (line, number) in text.lines().zip(1usize..) {
            let mut words = line.split_ascii_whitespace();
            let parsed = words
                .next()
                .and_then(|address| u64::from_str_radix(address, 16).ok())
                .zip(words.next().and_then(|kind| kind.bytes().next()))
                .zip(words.next());
            let Some(((value, kind), name)) = parsed else {
                return Err(SystemMapError { line: number, text: line.to_owned() });
            };
            let global = kind.is_ascii_uppercase();
            let known = Known { section: 0, value, global, init: false };
            symbols.entry(name.as_bytes().to_vec()).or_default().push(known);
        }
        for entries in symbols.values_mut() {
            entries.sort_by_key(|known| known.value);
        }
        Ok(Self(symbols))
    }

    /// Takes the symbols of a finished module.
    #[must_use]
    pub fn of_module(module: &ElfObject<'_>) -> Self {
        let mut symbols: BTreeMap<Vec<u8>, Vec<Known>> = BTreeMap::new();
        for symbol in &module.symbols {
            let Place::Section(section) = symbol.place else { continue };
            let Some(header) = module.section(section).filter(|header| header.is_allocated())
            else {
                continue;
            };
            if symbol.kind == SymbolKind::Section || symbol.name.is_empty() {
                continue;
            }
            let known = Known {
                section,
                value: symbol.value,
                global: !symbol.local,
                init: header.name.starts_with(b".init"),
            };
            symbols.entry(symbol.name.to_vec()).or_default().push(known);
        }
        Self(symbols)
    }

    /// The position of the global symbol `name`; none where there is no such symbol.
    #[must_use]
    pub fn global(&self, name: &[u8]) -> Option<Result<u64, PositionError>> {
        let entries = self.0.get(name)?;
        let mut globals = entries.iter().enumerate().filter(|(_, known)| known.global);
        let (index, _) = globals.next()?;
        Some(match globals.count() {
            0 => position(entries, index),
            more => Err(PositionError::Ambiguous(more.saturating_add(1))),
        })
    }

    /// The position of `symbol`, which `object` defines and which was linked into this.
    pub fn of_object(
        &self,
        object: &ElfObject<'_>,
        symbol: &Symbol<'_>,
    ) -> Result<u64, PositionError> {
        let entries = self.0.get(symbol.name).ok_or(PositionError::Missing)?;
        let Place::Section(section) = symbol.place else { return Err(PositionError::Missing) };
        let own = self.places(object, section).into_iter().filter_map(|(linked, base)| {
            let value = base.wrapping_add(symbol.value);
            entries.iter().position(|known| {
                (known.section, known.value, known.global) == (linked, value, !symbol.local)
            })
        });
        let found: BTreeSet<usize> = own.collect();
        match found.len() {
            0 => Err(PositionError::Overridden(entries.len())),
            1 => found.first().map_or(Err(PositionError::Missing), |only| position(entries, *only)),
            _ => Err(PositionError::Ambiguous(entries.len())),
        }
    }

    /// Where section `section` of `object` can have been linked to: all of its symbols moved by the
    /// same distance, so each of them says where the section can be, and they must agree.
    fn places(&self, object: &ElfObject<'_>, section: u32) -> BTreeSet<(u32, u64)> {
        let is_code = object.section(section).is_some_and(Section::is_code);
        let mut agreed: Option<BTreeSet<(u32, u64)>> = None;
        let witnesses = object.symbols.iter().filter(|symbol| {
            let is_named = match symbol.kind {
                SymbolKind::Function | SymbolKind::Object => true,
                SymbolKind::None => !is_code,
                SymbolKind::Section | SymbolKind::File => false,
            };
            symbol.place == Place::Section(section) && is_named && !symbol.weak
        });
        for witness in witnesses {
            let Some(entries) = self.0.get(witness.name) else { continue };
            let possible: BTreeSet<(u32, u64)> = entries
                .iter()
                .filter(|known| known.global != witness.local)
                .map(|known| (known.section, known.value.wrapping_sub(witness.value)))
                .collect();
            agreed = Some(match agreed {
                None => possible,
                Some(before) => before.intersection(&possible).copied().collect(),
            });
        }
        agreed.unwrap_or_default()
    }
}

/// The position of the entry at `index` among all of its name.
fn position(entries: &[Known], index: usize) -> Result<u64, PositionError> {
    if entries.len() == 1 {
        return Ok(0);
    }
    let steady = |known: &&Known| !known.init;
    if entries.iter().any(|known| known.init) && entries.iter().filter(steady).count() > 0 {
        return Err(PositionError::Unsteady);
    }
    Ok(u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "ffffffff81000000 T startup\n\
        ffffffff81000100 t show\n\
        ffffffff81000120 t store\n\
        ffffffff81000300 t show\n\
        ffffffff81000340 T unique\n\
        ffffffff81000500 t show\n\
        ffffffff81000520 t store\n\
        ffffffff81000900 t twin\n\
        ffffffff81000a00 t twin\n\
        ffffffff81000b00 T twin\n";

    fn object(symbols: &[(&'static str, u64, bool)]) -> ElfObject<'static> {
        let section = Section {
            name: b".text",
            class: crate::elf::SectionClass::Bytes,
            flags: 6,
            raw: 1,
            align: 16,
            size: 0x100,
            entsize: 0,
            data: &[],
            relocs: crate::elf::Relocs::default(),
        };
        let symbols = symbols
            .iter()
            .map(|(name, value, local)| Symbol {
                name: name.as_bytes(),
                kind: SymbolKind::Function,
                place: Place::Section(0),
                value: *value,
                size: 16,
                local: *local,
                stability: crate::name::stability(name.as_bytes(), *local),
                weak: false,
                file: None,
            })
            .collect();
        ElfObject { sections: vec![section], symbols, files: Vec::new() }
    }

    fn position_of(symbols: &[(&'static str, u64, bool)]) -> Result<u64, PositionError> {
        let object = object(symbols);
        let wanted = object.symbols.first().unwrap();
        Kallsyms::of_system_map(MAP).unwrap().of_object(&object, wanted)
    }

    #[test]
    fn a_neighbour_that_is_unique_tells_which_one_it_is() {
        assert_eq!(position_of(&[("show", 0, true), ("unique", 0x40, false)]), Ok(2));
        assert_eq!(position_of(&[("unique", 0x40, false), ("show", 0, true)]), Ok(0));
    }

    #[test]
    fn neighbours_that_are_not_unique_tell_by_their_distance() {
        assert_eq!(
            position_of(&[("show", 0, true), ("store", 0x20, true)]),
            Err(PositionError::Ambiguous(3))
        );
        assert_eq!(
            position_of(&[("store", 0x20, true), ("show", 0, true), ("twin", 0x800, true)]),
            Ok(1)
        );
    }

    #[test]
    fn one_that_is_not_in_the_kernel_is_none_of_its_namesakes() {
        assert_eq!(
            position_of(&[("show", 0, true), ("unique", 0x10, false)]),
            Err(PositionError::Overridden(3))
        );
        assert_eq!(position_of(&[("absent", 0, true)]), Err(PositionError::Missing));
        assert_eq!(position_of(&[("show", 0, true)]), Err(PositionError::Ambiguous(3)));
    }

    #[test]
    fn the_global_one_counts_among_the_local_ones() {
        let map = Kallsyms::of_system_map(MAP).unwrap();
        assert_eq!(map.global(b"twin"), Some(Ok(3)));
        assert_eq!(map.global(b"startup"), Some(Ok(0)));
        assert_eq!(map.global(b"show"), None);
        assert!(Kallsyms::of_system_map("nonsense").is_err());
    }
}
