//! Special sections: tables whose entries belong to code of the module.

use std::collections::BTreeMap;

use super::{CheckReport, Topic};
use crate::elf::{Place, SectionId};
use crate::module::{RawElf, RawRela, RawSection, SymbolPlace};

/// A table.
struct CheckedTable {
    section: &'static str,
    /// Sizes in bytes that an entry has had.
    sizes: &'static [u64],
    /// Offsets of the fields that hold the address of code.
    code: &'static [u64],
    /// Offsets of the other fields that are always relocated.
    other: &'static [u64],
}

const fn sites(section: &'static str) -> CheckedTable {
    CheckedTable { section, sizes: &[4], code: &[0], other: &[] }
}

const TABLES: &[CheckedTable] = &[
    CheckedTable { section: ".altinstructions", sizes: &[12, 13, 14], code: &[0], other: &[] },
    CheckedTable { section: "__bug_table", sizes: &[8, 12, 16], code: &[0], other: &[] },
    CheckedTable { section: "__ex_table", sizes: &[12], code: &[0, 4], other: &[] },
    CheckedTable { section: "__jump_table", sizes: &[16], code: &[0, 4], other: &[8] },
    CheckedTable { section: ".static_call_sites", sizes: &[8], code: &[0], other: &[4] },
    CheckedTable { section: ".parainstructions", sizes: &[16], code: &[0], other: &[] },
    CheckedTable { section: "__mcount_loc", sizes: &[8], code: &[0], other: &[] },
    sites(".smp_locks"),
    sites(".retpoline_sites"),
    sites(".return_sites"),
    sites(".call_sites"),
    sites(".cfi_sites"),
    sites(".ibt_endbr_seal"),
    sites(".kcfi_traps"),
];

/// All relocations, by section and offset.
type RelocatedFields = BTreeMap<Place, RawRela>;

pub(super) fn check(elf: &RawElf<'_>, report: &mut CheckReport) {
    let mut fields = RelocatedFields::new();
    for section in elf.sections.iter().filter(|section| section.is_rela()) {
        // What applies to nothing is no field.
        let Some(target) = elf.relocated_by(section) else { continue };
        for rela in section.relas().filter(|rela| rela.kind != 0) {
            let before = fields.insert(target.at(rela.offset), rela);
            if before.is_some() && elf.section(target).is_allocated() {
                let place = format!("{}+{:#x}", section.name_lossy(), rela.offset);
                report.error(Topic::Relocation, place, "a second relocation of the same field");
            }
        }
    }
    for (section, id) in elf.sections.with_ids() {
        let table = TABLES.iter().find(|table| section.name == table.section.as_bytes());
        if let Some(table) = table
            && section.size > 0
        {
            entries(elf, table, id, section, &fields, report);
        }
    }
    unwind(elf, report);
    per_cpu(elf, report);
}

fn entries(
    elf: &RawElf<'_>,
    table: &CheckedTable,
    id: SectionId,
    section: &RawSection<'_>,
    fields: &RelocatedFields,
    report: &mut CheckReport,
) {
    let Some(size) = entry_size(table, id, section, fields) else {
        let what = format!("{} bytes are no whole number of entries", section.size);
        report.error(Topic::SpecialSection, table.section, what);
        return;
    };
    let mut start = 0u64;
    while start < section.size {
        report.entries += 1;
        for offset in table.code {
            let field = start.saturating_add(*offset);
            let place = format!("{}+{field:#x}", table.section);
            match fields.get(&id.at(field)) {
                None => report.error(
                    Topic::SpecialSection,
                    place,
                    "no relocation: it belongs to no code",
                ),
                Some(rela) => {
                    if let Err(what) = in_function(elf, rela) {
                        report.error(Topic::SpecialSection, place, what);
                    }
                }
            }
        }
        for offset in table.other {
            let field = start.saturating_add(*offset);
            if !fields.contains_key(&id.at(field)) {
                let place = format!("{}+{field:#x}", table.section);
                report.error(Topic::SpecialSection, place, "no relocation");
            }
        }
        start = start.saturating_add(size);
    }
}

/// The size that the header gives, or else that with which the most entries start with a relocation.
fn entry_size(
    table: &CheckedTable,
    id: SectionId,
    section: &RawSection<'_>,
    fields: &RelocatedFields,
) -> Option<u64> {
    // The last entry of paravirt sites can lack its padding.
    let fits = |size: &u64| {
        let rest = section.size.checked_rem(*size);
        rest == Some(0) || (table.section == ".parainstructions" && matches!(rest, Some(10 | 12)))
    };
    if section.entry_size > 1 && table.sizes.contains(&section.entry_size) {
        return Some(section.entry_size).filter(fits);
    }
    let started = |size: &u64| {
        let entries = section.size.div_ceil(*size);
        let all = fields.range(id.at(0)..=id.at(u64::MAX));
        let starts = all.filter(|(at, _)| at.offset.checked_rem(*size) == Some(0)).count();
        let starts = u64::try_from(starts).unwrap_or(u64::MAX);
        starts.saturating_mul(1000).checked_div(entries).unwrap_or(0)
    };
    table.sizes.iter().copied().filter(fits).max_by_key(started)
}

/// Whether the field points into a function of this module.
fn in_function(elf: &RawElf<'_>, rela: &RawRela) -> Result<(), String> {
    let symbol = elf.symbol_of(rela).ok_or("its symbol does not exist")?;
    let SymbolPlace::Section(index) = symbol.place else {
        return Err(format!("it belongs to `{}`, which is not in the module", symbol.name_lossy()));
    };
    let section = elf.section(index);
    if !section.is_code() {
        return Err("it does not point to code".to_owned());
    }
    let offset = symbol.value.checked_add_signed(rela.addend);
    let offset = offset.filter(|offset| *offset < section.size);
    let offset = offset.ok_or_else(|| format!("it points outside of {}", section.name_lossy()))?;
    let mut functions = elf
        .symbols
        .iter()
        .filter(|symbol| symbol.is_function() && symbol.place == SymbolPlace::Section(index))
        .peekable();
    let inside = functions.peek().is_none()
        || functions.any(|function| {
            let end = function.value.saturating_add(function.size.max(1));
            (function.value..end).contains(&offset)
        });
    if inside {
        Ok(())
    } else {
        Err(format!("{}+{offset:#x} is in no function", section.name_lossy()))
    }
}

/// Each address of the unwinder has an entry of six bytes. Addresses are those of code and of its end.
fn unwind(elf: &RawElf<'_>, report: &mut CheckReport) {
    let size = |name| elf.section_named(name).map_or(0, |section| section.size);
    let (addresses, entries) = (size(".orc_unwind_ip"), size(".orc_unwind"));
    if addresses.checked_div(4) != entries.checked_div(6) || entries.checked_rem(6) != Some(0) {
        let what = format!("{entries} bytes for {addresses} bytes of .orc_unwind_ip");
        report.error(Topic::SpecialSection, ".orc_unwind", what);
    }
}

/// All modules together have `PERCPU_MODULE_RESERVE` bytes for their per-CPU variables (include/linux/percpu.h).
fn per_cpu(elf: &RawElf<'_>, report: &mut CheckReport) {
    const NAME: &str = ".data..percpu";
    const RESERVE: u64 = 8192;
    let size = elf.section_named(NAME).map_or(0, |section| section.size);
    let what = format!("{size} bytes, and all modules together have {RESERVE} bytes for that");
    if size > RESERVE {
        report.error(Topic::SpecialSection, NAME, what);
    } else if size > RESERVE / 4 {
        report.warning(Topic::SpecialSection, NAME, what);
    }
}
