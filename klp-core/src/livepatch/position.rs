//! Which of the kernel's symbols of one name an object's symbol is.
//!
//! All symbols of a section moved by one distance when it was linked, so each of them says where the
//! section can be, and they must agree: in size, too, and a local symbol stands behind the name of its source file. Where
//! the whole kernel (or module) was one object before its last link, sections hold one function each and say nothing;
//! but linkers keep the order of local symbols.

use std::collections::BTreeSet;

use crate::elf::{Definition, ElfObject, SectionId, Symbol, SymbolId, SymbolKind};
use crate::kernel::{Kallsyms, KernelSymbol, Region};

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
    /// The position of the global symbol `name`; none where there is no such symbol.
    #[must_use]
    pub fn global(&self, name: &[u8]) -> Option<Result<u64, PositionError>> {
        let entries = self.named(name);
        let mut globals = entries.iter().enumerate().filter(|(_, listed)| listed.global);
        let (index, _) = globals.next()?;
        Some(match globals.count() {
            0 => position(entries, index),
            more => Err(PositionError::Ambiguous(more.saturating_add(1))),
        })
    }

    /// The same; none, too, where what the symbol stands for is freed after boot.
    pub(super) fn lasting_global(&self, name: &[u8]) -> Option<Result<u64, PositionError>> {
        let globals = self.named(name).iter().filter(|listed| listed.global);
        let mut regions = globals.map(|listed| listed.region);
        if regions.any(|region| region == Region::Freed) {
            return None;
        }
        self.global(name)
    }

    /// The position of `symbol`, which `object` defines and which was linked into this.
    pub fn of_object(
        &self,
        object: &ElfObject<'_>,
        symbol: &Symbol<'_>,
    ) -> Result<u64, PositionError> {
        let entries = self.named(symbol.name);
        if entries.is_empty() {
            return Err(PositionError::Missing);
        }
        let Definition::Section(section) = symbol.place else { return Err(PositionError::Missing) };
        let own = self.places(object, section).into_iter().filter_map(|(linked, base)| {
            let value = base.wrapping_add(symbol.value);
            entries.iter().position(|listed| {
                (listed.section, listed.value, listed.global) == (linked, value, !symbol.local)
            })
        });
        let found: BTreeSet<usize> = own.collect();
        match found.len() {
            0 => Err(PositionError::Overridden(entries.len())),
            1 => found.first().map_or(Err(PositionError::Missing), |only| position(entries, *only)),
            _ => Err(PositionError::Ambiguous(entries.len())),
        }
    }

    /// The position of the local symbol `index` of `whole`, from which alone this was linked.
    pub fn of_whole(&self, whole: &ElfObject<'_>, index: SymbolId) -> Result<u64, PositionError> {
        let symbol = whole.symbol(index);
        let entries = self.named(symbol.name);
        let mut linked: Vec<(usize, &KernelSymbol)> =
            entries.iter().enumerate().filter(|(_, listed)| !listed.global).collect();
        linked.sort_by_key(|(_, listed)| listed.number);
        let namesakes = whole.symbols.with_ids().filter(|(other, _)| {
            let Definition::Section(section) = other.place else { return false };
            other.local && other.name == symbol.name && whole.section(section).is_allocated()
        });
        let namesakes: Vec<(&Symbol<'_>, SymbolId)> = namesakes.collect();
        let same_sizes = namesakes
            .iter()
            .map(|(other, _)| other.size)
            .eq(linked.iter().map(|(_, listed)| listed.size));
        let rank = namesakes.iter().position(|(_, number)| *number == index);
        match rank.and_then(|rank| linked.get(rank)) {
            _ if entries.is_empty() => Err(PositionError::Missing),
            Some((found, _)) if same_sizes => position(entries, *found),
            _ => Err(PositionError::Ambiguous(entries.len())),
        }
    }

    /// Where section `section` of `object` can have been linked to.
    fn places(
        &self,
        object: &ElfObject<'_>,
        section: SectionId,
    ) -> BTreeSet<(Option<SectionId>, u64)> {
        let is_code = object.section(section).is_code();
        let mut agreed: Option<BTreeSet<(Option<SectionId>, u64)>> = None;
        let witnesses = object.symbols.iter().filter(|symbol| {
            let is_named = match symbol.kind {
                SymbolKind::Function | SymbolKind::Object => true,
                SymbolKind::None => !is_code,
                SymbolKind::Section | SymbolKind::File => false,
            };
            symbol.place == Definition::Section(section) && is_named && !symbol.weak
        });
        for witness in witnesses {
            let entries = self.named(witness.name);
            if entries.is_empty() {
                continue;
            }
            let file = file_of(object, witness).and_then(|name| self.file(name));
            let possible: BTreeSet<(Option<SectionId>, u64)> = entries
                .iter()
                .filter(|listed| listed.global != witness.local)
                .filter(|listed| can_be_of(listed, file, witness.size))
                .map(|listed| (listed.section, listed.value.wrapping_sub(witness.value)))
                .collect();
            agreed = Some(match agreed {
                None => possible,
                Some(before) => before.intersection(&possible).copied().collect(),
            });
        }
        agreed.unwrap_or_default()
    }
}

/// Whether `listed` can be of the source file `file` and have that size, where the kernel's symbols tell files: lists that
/// come from kallsyms do not, and have no sizes but the distances between symbols.
fn can_be_of(listed: &KernelSymbol, file: Option<u32>, size: u64) -> bool {
    listed.file.zip(file).is_none_or(|(there, here)| there == here && listed.size == size)
}

/// The source file of a local symbol.
fn file_of<'a>(object: &ElfObject<'a>, symbol: &Symbol<'_>) -> Option<&'a [u8]> {
    let number = symbol.file.filter(|_| symbol.local)?;
    object.files.get(usize::try_from(number).ok()?).copied()
}

/// The position of the entry `at` among all of its name.
fn position(entries: &[KernelSymbol], at: usize) -> Result<u64, PositionError> {
    if entries.len() == 1 {
        return Ok(0);
    }
    let lasting = entries.iter().filter(|listed| listed.lasting).count();
    if lasting != 0 && lasting != entries.len() {
        return Err(PositionError::Unsteady);
    }
    Ok(u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Machine;
    use crate::elf::Section;

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

    /// Address, kind and name as `nm` prints them, sorted by address.
    fn map() -> Kallsyms {
        let symbols = MAP.lines().map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let value = u64::from_str_radix(words[0], 16).unwrap();
            let (global, lasting) = (words[1] == "T", true);
            let listed =
                KernelSymbol { value, size: 16, global, lasting, ..KernelSymbol::default() };
            (words[2].as_bytes().to_vec(), listed)
        });
        symbols.collect()
    }

    fn object(symbols: &[(&'static str, u64, bool)]) -> ElfObject<'static> {
        let section = Section {
            name: b".text",
            class: crate::elf::SectionClass::Bytes,
            flags: 6,
            raw: 1,
            align: 16,
            size: 0x100,
            entsize: 0,
            link: None,
            data: &[],
            relocs: crate::elf::Relocs::none(Machine::X86_64),
            string_ends: crate::elf::StringEnds::default(),
        };
        let symbols = symbols
            .iter()
            .map(|(name, value, local)| Symbol {
                name: name.as_bytes(),
                kind: SymbolKind::Function,
                place: Definition::Section(SectionId::default()),
                value: *value,
                size: 16,
                local: *local,
                is_plain: true,
                stability: crate::name::stability(name.as_bytes(), *local),
                indirect: false,
                weak: false,
                file: None,
            })
            .collect();
        ElfObject {
            machine: Machine::X86_64,
            sections: vec![section].into(),
            symbols,
            files: Vec::new(),
        }
    }

    fn position_of(symbols: &[(&'static str, u64, bool)]) -> Result<u64, PositionError> {
        let object = object(symbols);
        let wanted = object.symbol(SymbolId::default());
        map().of_object(&object, wanted)
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

    /// The object's own `show` was left out of the kernel, so that of another file of its name is all that there is.
    #[test]
    fn a_namesake_of_another_size_is_another_one() {
        let listed = |file| KernelSymbol {
            value: 0x1000,
            size: 16,
            lasting: true,
            file,
            ..KernelSymbol::default()
        };
        let mut object = object(&[("show", 0, true)]);
        object.files = vec![b"core.c"];
        object.symbols[SymbolId::default()].file = Some(0);
        for (file, size, expected) in [
            (Some(0), 16, Ok(0)),
            (Some(0), 24, Err(PositionError::Overridden(1))),
            // From kallsyms, with a distance for a size.
            (None, 24, Ok(0)),
        ] {
            object.symbols[SymbolId::default()].size = size;
            let mut kernel: Kallsyms = [(b"show".to_vec(), listed(file))].into_iter().collect();
            kernel.set_file(b"core.c");
            let wanted = object.symbol(SymbolId::default());
            assert_eq!(kernel.of_object(&object, wanted), expected);
        }
    }

    #[test]
    fn the_global_one_counts_among_the_local_ones() {
        let map = map();
        assert_eq!(map.global(b"twin"), Some(Ok(3)));
        assert_eq!(map.global(b"startup"), Some(Ok(0)));
        assert_eq!(map.global(b"show"), None);
    }
}
