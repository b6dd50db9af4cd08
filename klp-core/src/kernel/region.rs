//! What kind of memory a symbol is in: code that reads or writes there is right for one kind only.

use crate::module::{RawElf, RawSection, RawSymbol, SymbolPlace};

/// A kind of memory of a kernel, or of one module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// Variables.
    #[default]
    Data,
    /// Code.
    Text,
    /// Constants.
    Constant,
    /// The original of what each processor has a copy of.
    PerCpu,
    /// Variables that nobody can write after boot (`__ro_after_init`).
    ReadOnlyAfterInit,
    /// What is given back after boot, or once the module is initialized.
    Freed,
}

impl Region {
    /// The region of a section of an object before the last link.
    pub(crate) fn of_section(name: &[u8], is_code: bool, is_writable: bool) -> Self {
        if is_freed(name) {
            Self::Freed
        } else if name.starts_with(b".data..percpu") {
            Self::PerCpu
        } else if name.starts_with(b".data..ro_after_init") {
            Self::ReadOnlyAfterInit
        } else if is_code && !is_writable {
            // A kernel's `.data` is both where one of its objects asked for that, as in Debian's 7.3.
            Self::Text
        } else if is_writable && !name.starts_with(b".data.rel.ro") {
            Self::Data
        } else {
            Self::Constant
        }
    }

    /// What it is called in a sentence: "it is …".
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Data => "an ordinary variable",
            Self::Text => "code",
            Self::Constant => "a constant",
            Self::PerCpu => "a per-CPU variable",
            Self::ReadOnlyAfterInit => "read-only after boot",
            Self::Freed => "freed after boot",
        }
    }
}

/// Whether what is in section `name` is freed after boot, or after the module's init.
pub(crate) fn is_freed(name: &[u8]) -> bool {
    name.starts_with(b".init") || name.starts_with(b".exit") || name.starts_with(b".meminit")
}

/// The regions of a linked kernel, whose sections hold more than one, or those of a module.
pub(super) struct Regions<'e, 'a> {
    elf: &'e RawElf<'a>,
    freed: (u64, u64),
    read_only_after_init: (u64, u64),
    constant: (u64, u64),
}

impl<'e, 'a> Regions<'e, 'a> {
    /// Linker scripts mark those of vmlinux by symbols (`arch/x86/kernel/vmlinux.lds.S`,
    /// `include/asm-generic/vmlinux.lds.h`).
    pub(super) fn of(elf: &'e RawElf<'a>) -> Self {
        let address = |name: &str| {
            let mut symbols = elf.symbols.iter();
            // Without the symbol, the names of sections tell.
            symbols.find(|it| it.name == name.as_bytes()).map_or(0, |it| it.value)
        };
        let between = |start, end| {
            if elf.is_relocatable() { (0, 0) } else { (address(start), address(end)) }
        };
        Self {
            elf,
            freed: between("__init_begin", "__init_end"),
            read_only_after_init: between("__start_ro_after_init", "__end_ro_after_init"),
            constant: between("__start_rodata", "__end_rodata"),
        }
    }

    pub(super) fn region(&self, symbol: &RawSymbol<'_>) -> Region {
        let SymbolPlace::Section(section) = symbol.place else { return Region::Data };
        let section = self.elf.section(section);
        let name = section.name;
        let own = Region::of_section(name, section.is_code(), is_writable(section));
        if self.elf.is_relocatable() || own == Region::PerCpu {
            return own;
        }
        // Names of the linker script are addresses, whatever stands there, and stay when that is freed.
        if symbol.is_border() {
            return if own == Region::Freed { Region::Data } else { own };
        }
        let is_in = |(start, end): (u64, u64)| (start..end).contains(&symbol.value);
        if is_in(self.freed) {
            Region::Freed
        } else if is_in(self.read_only_after_init) {
            Region::ReadOnlyAfterInit
        } else if own == Region::Data && is_in(self.constant) {
            Region::Constant
        } else {
            own
        }
    }
}

fn is_writable(section: &RawSection<'_>) -> bool {
    const WRITE: u64 = 1;
    section.flags & WRITE != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_no_code() {
        let of = |name: &str, code, writable| Region::of_section(name.as_bytes(), code, writable);
        assert!(matches!(of(".data", true, true), Region::Data));
        assert!(matches!(of(".text", true, false), Region::Text));
        assert!(matches!(of(".rodata", false, false), Region::Constant));
    }
}
