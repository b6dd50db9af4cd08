//! What was shipped: a kernel, whose fields are filled in, or a module, whose fields have relocations.

use std::collections::{BTreeMap, HashMap};

use crate::elf::{SectionId, SymbolId};
use crate::module::{RawElf, RawRela, RawSection, SymbolPlace};

/// A place of something shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum ShippedPlace {
    /// An address of the kernel, or in that section of a module.
    At(Option<SectionId>, u64),
    /// So far behind an undefined symbol of a module.
    Outside(SymbolId, i64),
}

impl ShippedPlace {
    pub(super) fn plus(self, distance: i64) -> Self {
        match self {
            Self::At(section, value) => Self::At(section, value.wrapping_add_signed(distance)),
            Self::Outside(symbol, addend) => Self::Outside(symbol, addend.wrapping_add(distance)),
        }
    }
}

/// A kernel with its symbols, or a module.
#[derive(Debug)]
pub struct ShippedImage<'a> {
    elf: &'a RawElf<'a>,
    by_name: HashMap<&'a [u8], Vec<(ShippedPlace, bool)>>,
    relas: BTreeMap<SectionId, HashMap<u64, RawRela>>,
}

impl<'a> ShippedImage<'a> {
    /// The linked kernel or the module `elf`.
    #[must_use]
    pub fn of(elf: &'a RawElf<'a>) -> Self {
        let relocatable = elf.is_relocatable();
        let mut by_name: HashMap<&[u8], Vec<(ShippedPlace, bool)>> = HashMap::new();
        for symbol in elf.symbols.iter().filter(|symbol| !symbol.name.is_empty()) {
            let spot = match symbol.place {
                SymbolPlace::Section(section) => {
                    ShippedPlace::At(relocatable.then_some(section), symbol.value)
                }
                SymbolPlace::Absolute if !relocatable => ShippedPlace::At(None, symbol.value),
                _ => continue,
            };
            by_name.entry(symbol.name).or_default().push((spot, symbol.is_global()));
        }
        let mut relas: BTreeMap<SectionId, HashMap<u64, RawRela>> = BTreeMap::new();
        for table in elf.sections.iter().filter(|table| relocatable && table.is_rela()) {
            // What applies to nothing is no field.
            let Some(target) = elf.relocated_by(table) else { continue };
            let of_section = relas.entry(target).or_default();
            of_section.extend(table.relas().map(|rela| (rela.offset, rela)));
        }
        Self { elf, by_name, relas }
    }

    /// Where symbols of that name are, and which of them are global.
    pub(super) fn named(&self, name: &[u8]) -> &[(ShippedPlace, bool)] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The name of an undefined symbol of a module.
    pub(super) fn outside(&self, symbol: SymbolId) -> &'a [u8] {
        self.elf.symbol(symbol).name
    }

    /// The bytes at `spot`, `len` of them; none where there are not so many.
    pub(super) fn bytes(&self, spot: ShippedPlace, len: usize) -> Option<&'a [u8]> {
        let rest = self.rest(spot)?;
        rest.get(..len)
    }

    /// The bytes from `spot` to the end of its section.
    pub(super) fn rest(&self, spot: ShippedPlace) -> Option<&'a [u8]> {
        let ShippedPlace::At(section, value) = spot else { return None };
        let (section, base): (&RawSection<'a>, u64) = if let Some(section) = section {
            (self.elf.section(section), 0)
        } else {
            let mut sections = self.elf.sections.iter().filter(|section| section.is_allocated());
            let holds = |section: &&RawSection<'_>| {
                let at = value.checked_sub(section.address);
                at.is_some_and(|at| at < section.data.len() as u64)
            };
            let section = sections.find(holds)?;
            (section, section.address)
        };
        section.data.get(usize::try_from(value.checked_sub(base)?).ok()?..)
    }

    /// The relocation at `spot` of a module.
    pub(super) fn rela(&self, spot: ShippedPlace) -> Option<&RawRela> {
        let ShippedPlace::At(Some(section), value) = spot else { return None };
        self.relas.get(&section)?.get(&value)
    }

    /// The section of that name, and its id.
    pub(super) fn section_named(&self, name: &[u8]) -> Option<(SectionId, &RawSection<'a>)> {
        let id = self.elf.id_of_section(name)?;
        Some((id, self.elf.section(id)))
    }

    /// Where a module's section has relocations.
    pub(super) fn fields(&self, section: SectionId) -> impl Iterator<Item = ShippedPlace> {
        let fields = self.relas.get(&section).into_iter().flat_map(HashMap::keys);
        fields.map(move |at| ShippedPlace::At(Some(section), *at))
    }

    pub(super) fn is_module(&self) -> bool {
        self.elf.is_relocatable()
    }

    /// Where a relocation of a module leads, without its addend.
    pub(super) fn target(&self, rela: &RawRela) -> Option<ShippedPlace> {
        let id = self.elf.symbol_id_of(rela)?;
        let symbol = self.elf.symbol(id);
        match symbol.place {
            SymbolPlace::Section(section) => Some(ShippedPlace::At(Some(section), symbol.value)),
            SymbolPlace::Undefined => Some(ShippedPlace::Outside(id, 0)),
            _ => None,
        }
    }
}
