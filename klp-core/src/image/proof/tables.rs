//! Tables about code: what they say of it is compared like the code itself. Where the entries of an object are in the
//! table of the whole kernel or module is told by the code that an entry is about.

use std::collections::{BTreeMap, BTreeSet};

use super::field::RelocField;
use super::shipped::{ShippedImage, ShippedPlace};
use crate::elf::{Place, SectionId};
use crate::module::{RawElf, RawRela, RawSection};

/// A table, and the symbols around it in a linked kernel (`include/asm-generic/vmlinux.lds.h`,
/// `arch/x86/kernel/vmlinux.lds.S`).
const TABLES: [(&str, &str, &str); 6] = [
    ("__bug_table", "__start___bug_table", "__stop___bug_table"),
    ("__jump_table", "__start___jump_table", "__stop___jump_table"),
    (".static_call_sites", "__start_static_call_sites", "__stop_static_call_sites"),
    (".altinstructions", "__alt_instructions", "__alt_instructions_end"),
    (".parainstructions", "__parainstructions", "__parainstructions_end"),
    (EXCEPTIONS, "__start___ex_table", "__stop___ex_table"),
];
/// It is sorted when the kernel is linked (`scripts/sorttable.c`), so that each entry is at a place of its own.
const EXCEPTIONS: &str = "__ex_table";
/// Bytes of one of its entries (`arch/x86/include/asm/extable.h`).
const EXCEPTION: u64 = 12;
/// Bytes of the smallest field that leads somewhere.
const FIELD: usize = 4;

/// A part of an object's table whose entries are one behind the other in what was shipped, too.
pub(super) struct TableStretch {
    /// In the object's section.
    pub(super) start: u64,
    pub(super) end: u64,
}

/// The stretches of `section`, if it is such a table.
pub(super) fn stretches(section: &RawSection<'_>, shipped: &ShippedImage<'_>) -> Vec<TableStretch> {
    let size = section.data.len() as u64;
    if !TABLES.iter().any(|(name, ..)| name.as_bytes() == section.name) {
        return Vec::new();
    }
    let is_sorted = section.name == EXCEPTIONS.as_bytes() && !shipped.is_module();
    let step = if is_sorted { EXCEPTION } else { size.max(1) };
    let starts = std::iter::successors(Some(0), |start: &u64| start.checked_add(step));
    let starts = starts.take_while(|start| *start < size);
    starts.map(|start| TableStretch { start, end: start.saturating_add(step).min(size) }).collect()
}

/// Where a table was put.
pub(super) enum TablePlace<'s> {
    /// In the kernel: where it starts, and its bytes.
    Linked(u64, &'s [u8]),
    /// That section of a module.
    Module(SectionId),
}

impl<'s> TablePlace<'s> {
    /// That of the table `name`; none if it is not known where it is.
    pub(super) fn of(name: &[u8], shipped: &ShippedImage<'s>) -> Option<Self> {
        let (_, start, stop) = TABLES.iter().find(|(table, ..)| table.as_bytes() == name)?;
        if let Some((index, section)) = shipped.section_named(name) {
            return Some(if shipped.is_module() {
                Self::Module(index)
            } else {
                Self::Linked(section.address, section.data)
            });
        }
        let at = |symbol: &str| match shipped.named(symbol.as_bytes()).first() {
            Some((ShippedPlace::At(None, address), _)) => Some(*address),
            _ => None,
        };
        let (start, stop) = (at(start)?, at(stop)?);
        let length = usize::try_from(stop.checked_sub(start)?).ok()?;
        Some(Self::Linked(start, shipped.bytes(ShippedPlace::At(None, start), length)?))
    }

    /// Where in it a field as that of `rela` leads to `target`.
    pub(super) fn leading_to(
        &self,
        target: ShippedPlace,
        rela: &RawRela,
        shipped: &ShippedImage<'_>,
    ) -> BTreeSet<ShippedPlace> {
        let Some(field) = RelocField::of(rela.kind) else { return BTreeSet::new() };
        let leads = |spot: &ShippedPlace| field.leads_to(shipped, *spot, rela) == Ok(target);
        match self {
            Self::Module(section) => shipped.fields(*section).filter(leads).collect(),
            Self::Linked(start, bytes) => {
                let ShippedPlace::At(None, target) = target else { return BTreeSet::new() };
                let wanted = target.wrapping_add_signed(rela.addend);
                // Entries can start anywhere: those of alternatives have 12 or 14 bytes, and had 13.
                let places = (*start..).zip(bytes.windows(FIELD));
                let low = |place: u64| {
                    let base = if field.relative { place } else { 0 };
                    wanted.wrapping_sub(base).to_le_bytes()
                };
                let similar = places.filter(|(place, bytes)| low(*place).starts_with(bytes));
                similar.map(|(place, _)| ShippedPlace::At(None, place)).filter(leads).collect()
            }
        }
    }
}

/// What the entries of an object's tables are about.
#[derive(Default)]
pub(super) struct TableOwners {
    /// By section and offset of a field of a table: section and offset of the code that it leads to.
    owners: BTreeMap<Place, Place>,
    /// By section and offset of code: what differs in an entry about it.
    differences: BTreeMap<Place, String>,
}

impl TableOwners {
    /// The field at `at` of the table `section` leads to this code.
    pub(super) fn own(&mut self, section: SectionId, at: u64, code: Place) {
        self.owners.insert(section.at(at), code);
    }

    /// The code that the table `section` is about between these offsets, and the fields that lead there.
    pub(super) fn fields(&self, section: SectionId, within: &TableStretch) -> Vec<(u64, Place)> {
        let fields = self.owners.range(section.at(within.start)..section.at(within.end));
        fields.map(|(at, code)| (at.offset, *code)).collect()
    }

    /// Tells of a difference at `at` of the table `section`, which is called `name`. Returns false if that is no table.
    pub(super) fn differ(&mut self, section: SectionId, at: u64, name: &str, why: &str) -> bool {
        let field = self.owners.range(section.at(0)..=section.at(at)).next_back();
        let Some((_, code)) = field else { return false };
        self.differences.entry(*code).or_insert(format!("another entry in {name}: {why}"));
        true
    }

    /// The first difference in entries about code between these offsets of `section`.
    pub(super) fn first_difference(
        &self,
        section: SectionId,
        (start, end): (u64, u64),
    ) -> Option<(u64, &str)> {
        let found = self.differences.range(section.at(start)..section.at(end)).next();
        found.map(|(at, why)| (at.offset, why.as_str()))
    }
}

/// Which code of the object a relocation of a table leads to.
pub(super) fn code(rela: &RawRela, object: &RawElf<'_>) -> Option<Place> {
    object.place_of(rela).filter(|place| object.section(place.section).is_code())
}

/// Where `__jump_table` has entries: each starts with the distance of the instruction
/// (`include/linux/jump_label.h`).
pub(super) fn jump_labels(object: &RawElf<'_>) -> BTreeSet<Place> {
    const ENTRY: u64 = 16;
    let table = object.id_of_section(b"__jump_table");
    let relas = table.into_iter().flat_map(|table| object.relas_of(table));
    let codes = relas.filter(|rela| rela.offset % ENTRY == 0);
    codes.filter_map(|rela| object.place_of(&rela)).collect()
}
