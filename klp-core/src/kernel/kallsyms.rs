//! The symbols of a finished kernel or module, in the order in which livepatch counts them.
//!
//! `klp_find_object_symbol` (kernel/livepatch/core.c) takes the n-th symbol of a name: of vmlinux in
//! the order of addresses (`kallsyms_on_each_match_symbol`), of a module in the order of its symbol
//! table (`module_kallsyms_on_each_symbol`). `CONFIG_LIVEPATCH` needs `CONFIG_KALLSYMS_ALL`, so data
//! counts as code does.

use std::collections::BTreeMap;

use super::KernelError;
use crate::module::{RawElf, RawSection, SymbolPlace};

/// Symbols by name, each name's in the order of their positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kallsyms(BTreeMap<Vec<u8>, Vec<Listed>>);

/// One symbol of a finished kernel or module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Header index of its section in a module; none for an address, as all are in vmlinux.
    pub section: Option<u32>,
    /// Offset in its section, or address.
    pub value: u64,
    /// Whether other objects could link to it.
    pub global: bool,
    /// Whether it is listed for as long as the module is there: what only its initialization needs is
    /// not (`is_core_symbol` in kernel/module/kallsyms.c).
    pub lasting: bool,
}

/// `STT_SECTION` and `STT_FILE`, which are not listed.
const UNLISTED: [u8; 2] = [3, 4];
/// `STB_LOCAL`.
const LOCAL: u8 = 0;

impl Kallsyms {
    /// Reads the kernel's `System.map`: address, kind and name, a symbol a line.
    pub fn of_system_map(text: &str) -> Result<Self, KernelError> {
        let mut symbols: BTreeMap<Vec<u8>, Vec<Listed>> = BTreeMap::new();
        for (line, number) in text.lines().zip(1usize..) {
            let mut words = line.split_ascii_whitespace();
            let parsed = words
                .next()
                .and_then(|address| u64::from_str_radix(address, 16).ok())
                .zip(words.next().and_then(|kind| kind.bytes().next()))
                .zip(words.next());
            let Some(((value, kind), name)) = parsed else {
                return Err(KernelError::line(number, line));
            };
            let global = kind.is_ascii_uppercase();
            let listed = Listed { section: None, value, global, lasting: true };
            symbols.entry(name.as_bytes().to_vec()).or_default().push(listed);
        }
        Ok(Self::by_address(symbols))
    }

    /// Takes the symbols of a linked kernel.
    pub fn of_vmlinux(vmlinux: &RawElf<'_>) -> Result<Self, KernelError> {
        if vmlinux.is_relocatable() {
            return Err(KernelError::NotKernel("_stext"));
        }
        if vmlinux.symbols.is_empty() {
            return Err(KernelError::Stripped);
        }
        let mut symbols: BTreeMap<Vec<u8>, Vec<Listed>> = BTreeMap::new();
        for symbol in &vmlinux.symbols {
            let (value, global) = (symbol.value, symbol.binding != LOCAL);
            let has_address = match symbol.place {
                SymbolPlace::Section(_) => true,
                // scripts/mksysmap leaves out what `nm` marks `a`.
                SymbolPlace::Absolute => global,
                _ => false,
            };
            if has_address && !symbol.name.is_empty() && !UNLISTED.contains(&symbol.kind) {
                let listed = Listed { section: None, value, global, lasting: true };
                symbols.entry(symbol.name.to_vec()).or_default().push(listed);
            }
        }
        if !symbols.contains_key(&b"_stext"[..]) {
            return Err(KernelError::NotKernel("_stext"));
        }
        Ok(Self::by_address(symbols))
    }

    fn by_address(mut symbols: BTreeMap<Vec<u8>, Vec<Listed>>) -> Self {
        for entries in symbols.values_mut() {
            entries.sort_by_key(|listed| listed.value);
        }
        Self(symbols)
    }

    /// Takes the symbols of a finished module.
    #[must_use]
    pub fn of_module(module: &RawElf<'_>) -> Self {
        let mut symbols: BTreeMap<Vec<u8>, Vec<Listed>> = BTreeMap::new();
        for symbol in &module.symbols {
            if symbol.name.is_empty() || UNLISTED.contains(&symbol.kind) {
                continue;
            }
            let section = match symbol.place {
                SymbolPlace::Undefined => continue,
                SymbolPlace::Section(section) => Some(section),
                _ => None,
            };
            let lasting = section.and_then(|section| module.section(section)).is_some_and(is_kept);
            let (value, global) = (symbol.value, symbol.binding != LOCAL);
            let listed = Listed { section, value, global, lasting };
            symbols.entry(symbol.name.to_vec()).or_default().push(listed);
        }
        Self(symbols)
    }

    /// All symbols of that name, in the order of their positions.
    #[must_use]
    pub fn named(&self, name: &[u8]) -> &[Listed] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Whether a section of a module stays in memory.
fn is_kept(section: &RawSection<'_>) -> bool {
    section.is_allocated() && !section.name.starts_with(b".init")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_one_name_are_in_the_order_of_addresses() {
        let map = Kallsyms::of_system_map("30 t f\n10 t f\n20 T g\n").unwrap();
        let values: Vec<u64> = map.named(b"f").iter().map(|listed| listed.value).collect();
        assert_eq!(values, [0x10, 0x30]);
        assert!(map.named(b"g").iter().all(|listed| listed.global));
        assert_eq!(map.named(b"h"), []);
    }

    #[test]
    fn rubbish_is_named() {
        let error = Kallsyms::of_system_map("30 t f\nnonsense\n").unwrap_err();
        assert!(matches!(error, KernelError::Line { line: 2, .. }), "{error}");
    }
}
