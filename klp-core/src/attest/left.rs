//! What the module has beside the pieces that were compared.

use std::collections::BTreeMap;

use super::Fault;
use super::alike::bytes;
use super::judge::{Judge, describe};
use super::kind::MemoryKind;
use super::origin;
use super::tables::{AttestedTable, EntryDuty, is_generated};
use super::view::{FieldUse, SymbolOffset};
use super::x86_64::instructions;
use crate::elf::{Definition, Place, RelocKind, SectionClass, SectionId, SymbolKind};

/// Functions of the module that Kbuild and its init code have.
const INIT: &[&[u8]] = &[b"init_module", b"livepatch_init", b"cleanup_module", b"livepatch_exit"];

/// Pointers that keep its start and end from being left out (`include/linux/compiler.h`, also before 6.16).
const ADDRESSABLE: &[&[u8]] = &[b"__UNIQUE_ID_addressable_", b"__UNIQUE_ID___addressable_"];

impl Judge<'_> {
    /// Everything that is loaded is a piece of a patched object, filler, or the module's own.
    pub(super) fn left(&mut self) {
        let covered = self.covered();
        let mut found = Vec::new();
        for (section, index) in self.module.elf.sections.with_ids() {
            let is_table = AttestedTable::named(section.name)
                .is_some_and(|table| table.duty == EntryDuty::Spare);
            if !section.is_allocated()
                || section.size == 0
                || is_generated(section.name)
                || is_table
            {
                continue;
            }
            if section.class == SectionClass::Container {
                continue;
            }
            let mut known = covered.get(&index).cloned().unwrap_or_default();
            known.sort_unstable();
            let mut at = 0u64;
            for (start, end) in known.into_iter().chain([(section.size, section.size)]) {
                if start > at && self.is_something(index, at, start) {
                    found.push((index, at, start));
                }
                at = at.max(end);
            }
        }
        for (section, start, end) in found {
            let name = describe(&self.module, section, start);
            let what = format!(
                "{} bytes of {} that nothing in the patched objects accounts for",
                end.saturating_sub(start),
                self.module.section(section).name_lossy()
            );
            self.find("", name, Fault::Content, what);
        }
    }

    /// Each entry of a table that tools make again from the module's code is about code of the module.
    pub(super) fn own_entries(&mut self) {
        let mut found = Vec::new();
        for (section, index) in self.module.elf.sections.with_ids() {
            let Some(table) =
                AttestedTable::named(section.name).filter(|it| it.duty == EntryDuty::Spare)
            else {
                continue;
            };
            // All of these have had one size only.
            let Some(size) = table.size(section) else { continue };
            let starts = section.relocs.iter().filter(|reloc| {
                reloc.kind != RelocKind::None && reloc.offset.checked_rem(size) == Some(0)
            });
            for reloc in starts {
                let to = self.module.place(SymbolOffset::of(&reloc, FieldUse::default()));
                let code = to.map(|(section, _)| self.module.section(section));
                if !code.is_some_and(crate::elf::Section::is_code) {
                    found.push((index, reloc.offset, table.section));
                }
            }
        }
        for (section, offset, table) in found {
            let name = describe(&self.module, section, offset);
            let what = format!("an entry of {table} is about code that is not the module's");
            self.find("", name, Fault::Table, what);
        }
    }

    /// By section, the ranges that are accounted for.
    fn covered(&self) -> BTreeMap<SectionId, Vec<(u64, u64)>> {
        let mut covered: BTreeMap<SectionId, Vec<(u64, u64)>> = BTreeMap::new();
        for ((_, extent), places) in &self.copies {
            let size = extent.size();
            for Place { section, offset } in places {
                let range = (*offset, offset.saturating_add(size));
                covered.entry(*section).or_default().push(range);
            }
        }
        for (section, start, end) in &self.enabled.tables {
            covered.entry(*section).or_default().push((*start, *end));
        }
        for symbol in &self.module.elf.symbols {
            if let Definition::Section(section) = symbol.place
                && is_start_or_end(self.module.section(section).name)
                && (INIT.contains(&symbol.name.strip_prefix(origin::TYPE).unwrap_or(symbol.name))
                    || ADDRESSABLE.iter().any(|name| symbol.name.starts_with(name)))
            {
                let end = symbol.end();
                covered.entry(section).or_default().push((symbol.value, end));
            }
        }
        covered
    }

    /// Whether a range that nothing accounts for can have an effect.
    fn is_something(&self, index: SectionId, start: u64, end: u64) -> bool {
        let section = self.module.section(index);
        let has_relocs =
            section.relocs.within(start, end).any(|reloc| reloc.kind != RelocKind::None);
        if section.is_code() {
            let is_filler = bytes(section, start, end.saturating_sub(start))
                .is_some_and(|bytes| is_filler(&bytes));
            return has_relocs || !is_filler;
        }
        let is_named = self.module.elf.symbols.iter().any(|symbol| {
            symbol.place == Definition::Section(index)
                && (start..end).contains(&symbol.value)
                && symbol.kind == SymbolKind::Object
                && symbol.size > 0
        });
        // A constant to which nothing refers does nothing.
        let is_writable = MemoryKind::of(section) != MemoryKind::Constant;
        has_relocs || is_writable && is_named || AttestedTable::named(section.name).is_some()
    }
}

fn is_start_or_end(name: &[u8]) -> bool {
    name.starts_with(b".init.") || name.starts_with(b".exit.")
}

/// NOPs, zeros and breakpoints between functions.
fn is_filler(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0) || instructions(bytes, 0).all(|it| it.fills)
}
