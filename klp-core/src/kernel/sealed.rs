//! Functions that calls through a pointer must not reach, where the kernel tracks indirect branches
//! (`CONFIG_X86_KERNEL_IBT`).
//!
//! Such a call has to meet an ENDBR. objtool lists the functions that nothing has a pointer to in
//! `.ibt_endbr_seal`, and the kernel takes the ENDBR from them when it boots or loads the module
//! (`apply_seal_endbr` in arch/x86/kernel/alternative.c, Linux 5.18 to 7.2).

use std::collections::BTreeSet;

use crate::arch::{Arch as _, for_machine};
use crate::elf::SectionId;
use crate::module::{RawElf, RawSymbol, SymbolPlace};

const SECTION: &str = ".ibt_endbr_seal";

/// The sealed functions of a linked kernel or of a module.
pub(super) struct Sealed<'e, 'a> {
    elf: &'e RawElf<'a>,
    /// Section in a module, and offset or address. None where nothing is sealed at all: the kernel does
    /// not track indirect branches.
    places: BTreeSet<(Option<SectionId>, u64)>,
}

impl<'e, 'a> Sealed<'e, 'a> {
    pub(super) fn of(elf: &'e RawElf<'a>) -> Self {
        let places = if elf.is_relocatable() { of_module(elf) } else { of_vmlinux(elf) };
        Self { elf, places: places.unwrap_or_default() }
    }

    /// Whether a call through a pointer to `symbol` traps.
    pub(super) fn holds(&self, symbol: &RawSymbol<'_>) -> bool {
        if self.places.is_empty() || !symbol.is_function() {
            return false;
        }
        let SymbolPlace::Section(section) = symbol.place else { return false };
        let landing = for_machine!(self.elf.machine, A => A::LANDING);
        let of_module = self.elf.is_relocatable();
        let place = (of_module.then_some(section), symbol.value);
        let start = if of_module {
            let rest = |data: &'a [u8]| data.get(usize::try_from(symbol.value).ok()?..);
            rest(self.elf.section(section).data)
        } else {
            self.elf.bytes_at(symbol.value, landing.len())
        };
        self.places.contains(&place) || !start.is_some_and(|bytes| bytes.starts_with(landing))
    }
}

/// Each entry is the distance from itself.
fn of_vmlinux(elf: &RawElf<'_>) -> Option<BTreeSet<(Option<SectionId>, u64)>> {
    let section = elf.section_named(SECTION)?;
    let (entries, _) = section.data.as_chunks::<4>();
    let places = entries
        .iter()
        .zip((section.address..).step_by(4))
        .map(|(entry, at)| (None, at.wrapping_add_signed(i64::from(i32::from_le_bytes(*entry)))));
    Some(places.collect())
}

fn of_module(elf: &RawElf<'_>) -> Option<BTreeSet<(Option<SectionId>, u64)>> {
    let relas = elf.relas_of(elf.id_of_section(SECTION.as_bytes())?);
    // What does nothing leads nowhere.
    let places = relas.filter(|rela| rela.kind != 0).filter_map(|rela| elf.place_of(&rela));
    Some(places.map(|place| (Some(place.section), place.offset)).collect())
}
