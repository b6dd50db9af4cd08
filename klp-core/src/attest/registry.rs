//! Variables that the module loader has to set up, and finds in a list: SRCU structures of modules (`find_module_sections()`
//! in kernel/module/main.c).

use super::Fault;
use super::judge::Judge;
use super::view::{FieldUse, FileView, SymbolOffset};
use crate::elf::Place;
use crate::elf::RelocKind;

const LIST: &[u8] = b"___srcu_struct_ptrs";

impl Judge<'_> {
    /// Finds the module's entry for each entry of such a list that points to a copied variable.
    pub(super) fn registered(&mut self) {
        let ours = listed(&self.module);
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (source, number) in self.sources.with_ids() {
            for (entry, Place { section, offset }) in listed(&source.patched) {
                let copies = self
                    .copies
                    .iter()
                    .filter(|((of, extent), _)| *of == number && extent.holds(section, offset));
                let places = copies.flat_map(|((_, extent), places)| {
                    let inside = offset.saturating_sub(extent.start);
                    places.iter().map(move |it| it.plus(inside))
                });
                for place in places {
                    let own = ours.iter().find(|(_, to)| *to == place);
                    let piece = source.patched.extent(entry.section, entry.offset);
                    match own.zip(piece) {
                        Some(((own, _), extent)) => found.push(((number, extent), *own)),
                        None => missing.push((number, self.describe(number, section, offset))),
                    }
                }
            }
        }
        for (piece, at) in found {
            self.copy(piece, at);
        }
        for (number, place) in missing {
            let what =
                "the loader does not set it up: it is not in the module's ___srcu_struct_ptrs";
            self.find(self.object(number), place, Fault::Table, what);
        }
    }
}

/// The entries of the list, and what each points to.
fn listed(view: &FileView<'_>) -> Vec<(Place, Place)> {
    let sections = view.elf.sections.with_ids();
    let lists = sections.filter(|(section, _)| section.name == LIST);
    let entries = lists.flat_map(|(section, number)| {
        let relocs = section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None);
        relocs.filter_map(move |reloc| {
            let (to, offset) = view.place(SymbolOffset::of(&reloc, FieldUse::default()))?;
            Some((number.at(reloc.offset), to.at(u64::try_from(offset).ok()?)))
        })
    });
    entries.collect()
}
