//! Which functions ftrace can redirect: those with an entry in `__mcount_loc` (kernel/trace/ftrace.c).

use std::collections::BTreeSet;

use crate::elf::SectionId;
use crate::module::{RawElf, RawSymbol, SymbolPlace};

/// Nothing but an ENDBR and NOPs for patching may stand in front of the call.
const FARTHEST: u64 = 16;

/// The places of a linked kernel or of a module.
pub(super) struct Traced(BTreeSet<(Option<SectionId>, u64)>);

impl Traced {
    pub(super) fn of(elf: &RawElf<'_>) -> Self {
        let places = if elf.is_relocatable() { of_module(elf) } else { of_vmlinux(elf) };
        Self(places.unwrap_or_default())
    }

    /// Whether `symbol` starts with a place that ftrace knows.
    pub(super) fn holds(&self, of_module: bool, symbol: &RawSymbol<'_>) -> bool {
        let SymbolPlace::Section(section) = symbol.place else { return false };
        let section = of_module.then_some(section);
        let end = symbol.value.saturating_add(FARTHEST.min(symbol.size));
        self.0.range((section, symbol.value)..(section, end)).next().is_some()
    }
}

/// Between two symbols of the linker script, one address each.
fn of_vmlinux(elf: &RawElf<'_>) -> Option<BTreeSet<(Option<SectionId>, u64)>> {
    let address = |name: &[u8]| Some(elf.symbols.iter().find(|it| it.name == name)?.value);
    let (start, end) = (address(b"__start_mcount_loc")?, address(b"__stop_mcount_loc")?);
    let bytes = elf.bytes_at(start, usize::try_from(end.checked_sub(start)?).ok()?)?;
    let (entries, _) = bytes.as_chunks::<8>();
    Some(entries.iter().map(|entry| (None, u64::from_le_bytes(*entry))).collect())
}

fn of_module(elf: &RawElf<'_>) -> Option<BTreeSet<(Option<SectionId>, u64)>> {
    let relas = elf.relas_of(elf.id_of_section(b"__mcount_loc")?);
    let places = relas.filter_map(|rela| elf.place_of(&rela));
    let places = places.map(|place| (Some(place.section), place.offset));
    Some(places.collect())
}
