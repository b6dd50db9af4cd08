//! Entries of tables for copied code, and tables that nobody here can read.

use super::Fault;
use super::judge::{Judge, JudgedId, ObjectExtent};
use super::tables::{AttestedTable, EntryDuty, is_generated};
use super::view::{FieldUse, SectionExtent, SymbolOffset};
use crate::elf::Place;
use crate::elf::{RelocKind, SectionId};

impl Judge<'_> {
    /// Finds the module's entry for each entry of the patched objects that belongs to copied code.
    pub(super) fn entries(&mut self) {
        for number in self.sources.ids() {
            let copied: Vec<(SectionExtent, Vec<Place>)> = self.copied_code(number);
            let source = &self.sources[number];
            let names: Vec<&[u8]> =
                source.patched.elf.sections.iter().map(|section| section.name).collect();
            let mut tables: Vec<&'static AttestedTable> =
                names.into_iter().filter_map(AttestedTable::named).collect();
            tables.sort_by_key(|table| table.section);
            tables.dedup_by_key(|table| table.section);
            for table in tables {
                self.entries_of(number, table, &copied);
            }
            self.unknown_entries(number);
        }
    }

    /// Tables that have entries of no known size.
    fn unknown_entries(&mut self, number: JudgedId) {
        let source = &self.sources[number];
        let view = &source.patched;
        let sections = view.elf.sections.with_ids();
        let unread = sections.filter(|(section, index)| {
            let is_table = AttestedTable::named(section.name).is_some() && section.size > 0;
            is_table && view.entry_size(*index).is_none()
        });
        let names: Vec<String> =
            unread.map(|(section, _)| section.name_lossy().into_owned()).collect();
        for name in names {
            self.find(self.object(number), name, Fault::Table, "its entries have no known size");
        }
    }

    fn copied_code(&self, number: JudgedId) -> Vec<(SectionExtent, Vec<Place>)> {
        let source = &self.sources[number];
        let copies = self.copies.iter().filter(|((of, extent), _)| {
            *of == number && source.patched.section(extent.section).is_code()
        });
        copies.map(|((_, extent), at)| (*extent, at.iter().copied().collect())).collect()
    }

    fn entries_of(
        &mut self,
        number: JudgedId,
        table: &AttestedTable,
        copied: &[(SectionExtent, Vec<Place>)],
    ) {
        let source = &self.sources[number];
        let mut found = Vec::new();
        let theirs = self.module.table_places(table.section);
        let mut seen = std::collections::BTreeMap::<Place, usize>::new();
        for (entry, code) in source.patched.table_places(table.section) {
            let order = seen.entry(code).or_default();
            let rank = *order;
            *order += 1;
            let holds = |(extent, _): &&(SectionExtent, Vec<Place>)| {
                extent.holds(code.section, code.offset)
            };
            let Some((extent, places)) = copied.iter().find(holds) else { continue };
            // An entry of a table whose entries have a known size: it is there.
            let Some(piece) = source.patched.extent(entry.section, entry.offset) else { continue };
            for place in places {
                let inside = code.offset.saturating_sub(extent.start);
                let wanted = place.plus(inside);
                let mut same = theirs.iter().filter(|(_, code)| *code == wanted);
                found.push((piece, code, same.nth(rank).map(|(entry, _)| *entry)));
            }
        }
        for (extent, code, entry) in found {
            let piece: ObjectExtent = (number, extent);
            match entry {
                Some(entry) => self.copy(piece, entry),
                None if table.duty == EntryDuty::Spare => {}
                None if table.duty == EntryDuty::Labels && self.may_drop(piece) => {}
                None => {
                    let place = self.describe(number, code.section, code.offset);
                    let what = format!("its entry in {} is not in the module", table.section);
                    self.find(self.object(number), place, Fault::Table, what);
                }
            }
        }
    }

    /// A label may be left out if its key is that of a tracepoint, or belongs to a module: no livepatch can have
    /// it. That the jump is gone as well is seen when the code is compared.
    fn may_drop(&self, (number, extent): ObjectExtent) -> bool {
        let source = &self.sources[number];
        let view = &source.patched;
        let reloc = view.section(extent.section).relocs.at(extent.start.saturating_add(8));
        let Some(reloc) = reloc else { return false };
        let aim = SymbolOffset::of(&reloc, FieldUse::default());
        let named = view.symbol(aim.symbol).name;
        let in_module = source.image != Some(super::running::VMLINUX);
        named.starts_with(b"__tracepoint_")
            || in_module
            || view.place(aim).is_some_and(|(section, _)| view.section(section).name == b"__dyndbg")
    }

    /// What other sections than data, which code reads, say about copied code.
    pub(super) fn unread(&mut self) {
        let mut found = Vec::new();
        for (source, number) in self.sources.with_ids() {
            let view = &source.patched;
            for section in &view.elf.sections {
                if !section.is_allocated()
                    || section.is_code()
                    || AttestedTable::named(section.name).is_some()
                    || is_generated(section.name)
                    || is_data(section.name)
                    || section.name == USER_LIMIT
                {
                    continue;
                }
                for reloc in section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None) {
                    let Some((to, offset)) =
                        view.place(SymbolOffset::of(&reloc, FieldUse::default()))
                    else {
                        continue;
                    };
                    let Ok(offset) = u64::try_from(offset) else { continue };
                    let copied = self
                        .copies
                        .keys()
                        .any(|(of, extent)| *of == number && extent.holds(to, offset));
                    let is_code = view.section(to).is_code();
                    if !copied || !is_code {
                        continue;
                    }
                    let place = self.describe(number, to, offset);
                    let name = section.name_lossy().into_owned();
                    let is_new = self.copies.keys().any(|piece| {
                        piece.0 == number
                            && piece.1.holds(to, offset)
                            && !self.new_functions.contains(piece)
                    });
                    if !view.is_function_start(to.at(offset)) {
                        let what =
                            format!("{name} lists this place, and the module has no such table");
                        found.push((number, place, what));
                    } else if is_new && source.is_new_name(to, offset) {
                        let what = format!("{name} lists this new function, but not in the module");
                        found.push((number, place, what));
                    }
                }
            }
        }
        for (number, place, what) in found {
            self.find(self.object(number), place, Fault::Table, what);
        }
    }
}

/// Where the kernel writes the end of user memory into code (`mask_user_address` in
/// `arch/x86/include/asm/uaccess_64.h`). The number that stands there before, 0x0123456789abcdef, is no address
/// at all, as all between the end of user memory and that of the kernel's: an access behind it fails, too.
const USER_LIMIT: &[u8] = b"runtime_ptr_USER_PTR_MAX";

/// Sections of variables and constants: code that refers to them has copies, or uses the kernel's.
fn is_data(name: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b".rodata",
        b".data",
        b".bss",
        b".export_symbol",
        b".init.data",
        b".init.rodata",
        b".ref.data",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
}

impl super::judge::JudgedObject<'_> {
    /// Whether no function of this place's name is in the original.
    fn is_new_name(&self, section: SectionId, offset: u64) -> bool {
        let extent = self.patched.extent(section, offset);
        let symbol = extent.and_then(|extent| self.patched.symbol_of(extent));
        symbol.is_some_and(|symbol| self.originals(symbol).is_empty())
    }
}
