//! The symbols of a finished kernel or module, in the order in which livepatch counts them.
//!
//! `klp_find_object_symbol` (kernel/livepatch/core.c) takes the n-th symbol of a name: of vmlinux in
//! the order of addresses (`kallsyms_on_each_match_symbol`), of a module in the order of its symbol
//! table (`module_kallsyms_on_each_symbol`). `CONFIG_LIVEPATCH` needs `CONFIG_KALLSYMS_ALL`, so data
//! counts as code does.

use std::collections::BTreeMap;

use super::KernelError;
use super::region::{Region, Regions};
use super::sealed::Sealed;
use super::traced::Traced;
use crate::elf::{SectionId, SymbolId};
use crate::module::{RawElf, RawSection, RawSymbol, SymbolPlace};

/// Symbols by name, each name's in the order of their positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kallsyms {
    named: BTreeMap<Vec<u8>, Vec<KernelSymbol>>,
    files: BTreeMap<Vec<u8>, u32>,
}

/// One symbol of a finished kernel or module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct KernelSymbol {
    /// Header index of its section in a module; none for an address, as all are in vmlinux.
    pub section: Option<SectionId>,
    /// Offset in its section, or address.
    pub value: u64,
    /// Size in bytes, 0 if not known.
    pub size: u64,
    /// Its index in the symbol table.
    pub number: SymbolId,
    /// The source file of its object, of a local symbol, as [`Kallsyms::file`] numbers them. Linkers write the local
    /// symbols of an object behind the name of its file.
    pub file: Option<u32>,
    /// Whether other objects could link to it.
    pub global: bool,
    /// Whether it is listed for as long as the module is there: what only its initialization needs is
    /// not (`is_core_symbol` in kernel/module/kallsyms.c).
    pub lasting: bool,
    /// Whether it is a function that calls through a pointer must not reach.
    pub sealed: bool,
    /// The memory that it is in.
    pub region: Region,
    /// Whether it is a function that ftrace can redirect, so that livepatch can replace it.
    pub traced: bool,
}

/// `STT_FILE`.
const FILE: u8 = 4;

/// `STT_SECTION` and `STT_FILE`, which are not listed.
const UNLISTED: [u8; 2] = [3, FILE];

/// `STB_LOCAL`.
const LOCAL: u8 = 0;

impl Kallsyms {
    /// Takes the symbols of a linked kernel.
    pub fn of_vmlinux(vmlinux: &RawElf<'_>) -> Result<Self, KernelError> {
        if vmlinux.is_relocatable() {
            return Err(KernelError::NotKernel("_stext"));
        }
        if vmlinux.symbols.is_empty() {
            return Err(KernelError::Stripped);
        }
        let (sealed, regions, traced) =
            (Sealed::of(vmlinux), Regions::of(vmlinux), Traced::of(vmlinux));
        let mut files = SymbolFileReader::default();
        let mut symbols: BTreeMap<Vec<u8>, Vec<KernelSymbol>> = BTreeMap::new();
        for (symbol, number) in vmlinux.symbols.with_ids() {
            let (value, size, global) = (symbol.value, symbol.size, symbol.is_global());
            let file = files.of(symbol);
            let has_address = match symbol.place {
                SymbolPlace::Section(_) => true,
                // scripts/mksysmap leaves out what `nm` marks `a`.
                SymbolPlace::Absolute => symbol.binding != LOCAL,
                _ => false,
            };
            if has_address && !symbol.name.is_empty() && !UNLISTED.contains(&symbol.kind) {
                let sealed = sealed.holds(symbol);
                let listed = KernelSymbol {
                    section: None,
                    value,
                    size,
                    number,
                    file,
                    global,
                    lasting: true,
                    sealed,
                    region: regions.region(symbol),
                    traced: traced.holds(false, symbol),
                };
                symbols.entry(symbol.name.to_vec()).or_default().push(listed);
            }
        }
        if !symbols.contains_key(&b"_stext"[..]) {
            return Err(KernelError::NotKernel("_stext"));
        }
        for entries in symbols.values_mut() {
            entries.sort_by_key(|listed| listed.value);
        }
        Ok(Self { named: symbols, files: files.names })
    }

    /// Takes the symbols of a finished module.
    #[must_use]
    pub fn of_module(module: &RawElf<'_>) -> Self {
        let (sealed, regions, traced) =
            (Sealed::of(module), Regions::of(module), Traced::of(module));
        let mut files = SymbolFileReader::default();
        let mut symbols: BTreeMap<Vec<u8>, Vec<KernelSymbol>> = BTreeMap::new();
        for (symbol, number) in module.symbols.with_ids() {
            let file = files.of(symbol);
            if symbol.name.is_empty() || UNLISTED.contains(&symbol.kind) {
                continue;
            }
            let section = match symbol.place {
                SymbolPlace::Undefined => continue,
                SymbolPlace::Section(section) => Some(section),
                _ => None,
            };
            let lasting = section.is_some_and(|section| is_kept(module.section(section)));
            let (value, size, global) = (symbol.value, symbol.size, symbol.is_global());
            let sealed = sealed.holds(symbol);
            let (region, traced) = (regions.region(symbol), traced.holds(true, symbol));
            let listed = KernelSymbol {
                section,
                value,
                size,
                number,
                file,
                global,
                lasting,
                sealed,
                region,
                traced,
            };
            symbols.entry(symbol.name.to_vec()).or_default().push(listed);
        }
        Self { named: symbols, files: files.names }
    }

    /// All symbols of that name, in the order of their positions.
    #[must_use]
    pub fn named(&self, name: &[u8]) -> &[KernelSymbol] {
        self.named.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The number of all source files of that name, which stands without directories; none where no object of such a file
    /// was linked into this.
    #[must_use]
    pub fn file(&self, name: &[u8]) -> Option<u32> {
        self.files.get(name).copied()
    }
}

#[cfg(test)]
impl Kallsyms {
    /// Says that files have this one name.
    pub(crate) fn set_file(&mut self, name: &[u8]) {
        self.files = BTreeMap::from([(name.to_vec(), 0)]);
    }
}

/// The source files of a symbol table, read from its start to its end.
#[derive(Default)]
struct SymbolFileReader {
    names: BTreeMap<Vec<u8>, u32>,
    current: Option<u32>,
}

impl SymbolFileReader {
    /// The file of `symbol`, which is the next of the table.
    fn of(&mut self, symbol: &RawSymbol<'_>) -> Option<u32> {
        if symbol.kind == FILE {
            let next = u32::try_from(self.names.len()).ok()?;
            self.current = Some(*self.names.entry(symbol.name.to_vec()).or_insert(next));
        }
        self.current.filter(|_| symbol.binding == LOCAL)
    }
}

/// Whether a section of a module stays in memory.
fn is_kept(section: &RawSection<'_>) -> bool {
    section.is_allocated() && !section.name.starts_with(b".init")
}

/// Symbols in the order of their positions.
impl FromIterator<(Vec<u8>, KernelSymbol)> for Kallsyms {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, KernelSymbol)>>(symbols: I) -> Self {
        let mut named: BTreeMap<Vec<u8>, Vec<KernelSymbol>> = BTreeMap::new();
        for (name, listed) in symbols {
            named.entry(name).or_default().push(listed);
        }
        Self { named, files: BTreeMap::new() }
    }
}
