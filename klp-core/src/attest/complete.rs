//! Is everything that the patch changes in the module, and does the kernel's data go on under new names?

use std::collections::BTreeSet;

use super::judge::{Judge, JudgedId, JudgedObject, ObjectExtent};
use super::kind::MemoryKind;
use super::names::is_of_one_place;
use super::names::{base, is_constructor};
use super::running::VMLINUX;
use super::tables::{AttestedTable, is_generated};
use super::view::{FieldUse, FileView, SectionExtent, SymbolOffset};
use super::{ExpectedChanges, Fault};
use crate::elf::{Definition, SymbolId, SymbolKind};

impl Judge<'_> {
    /// Compares what the module does with what both builds say.
    pub(super) fn complete(&mut self, said: &ExpectedChanges) {
        if self.enabled.replacements.is_empty() && self.enabled.callbacks.is_empty() {
            self.find("", "init_module", Fault::Missing, "the module replaces no function");
        }
        for (object, name) in &said.changed {
            let is_left = is_constructor(name.as_bytes()) || self.is_left_freed(said, object, name);
            if !is_left && !self.is_replaced(object, name) {
                let what = "the patch changes this function, and the module does not replace it";
                self.find(object, name, Fault::Missing, what);
            }
        }
        for (object, name) in &said.removed {
            if self.is_still_there(object, name) && !self.is_replaced_by_name(name) {
                let what = "the patched kernel has this function still, and the module does not \
                            replace the kernel's";
                self.find(object, name, Fault::Missing, what);
            }
        }
        for (object, name) in &said.removed {
            let other = self.weak_instead(said, object, name);
            if let Some(other) = other.filter(|_| !self.is_replaced_by_name(name)) {
                let what = format!(
                    "the patched kernel has the weak function of {other} in its place, and the module does not \
                     replace the kernel's"
                );
                self.find(object, name, Fault::Missing, what);
            }
        }
        self.renamed(said);
        self.unread();
    }

    /// The object whose weak function the linker takes once a global one is gone, and which the patch leaves as it is.
    fn weak_instead<'s>(
        &self,
        said: &'s ExpectedChanges,
        object: &str,
        name: &str,
    ) -> Option<&'s str> {
        let name_of = name.as_bytes();
        let of_object = self.sources.iter().find(|source| source.object == object);
        let was_global = of_object.and_then(|source| source.original.as_ref()).is_none_or(|view| {
            let symbols = view.named(name_of).iter().map(|index| view.symbol(*index));
            symbols.into_iter().any(|symbol| !symbol.local && !symbol.weak)
        });
        let image = of_object.map_or(Some(VMLINUX), |source| source.image);
        if !was_global || self.strong(image, name_of).is_some() {
            return None;
        }
        let mut weak = said.weak.iter().filter(|(_, other)| other == name);
        let (other, _) = weak.find(|(other, _)| {
            other != object && self.sources.iter().all(|source| source.object != other)
        })?;
        Some(other)
    }

    /// Whether the kernel has other functions under all names of the function at `index`, which are weak.
    fn is_dead(&self, source: &JudgedObject<'_>, index: SymbolId) -> bool {
        let Some(image) = source.image else { return false };
        let own = source.patched.symbol(index);
        let mut names = source.patched.elf.symbols.iter().filter(|other| {
            (other.kind, other.place, other.value) == (own.kind, own.place, own.value)
        });
        names.all(|it| it.weak && !it.local && self.running.has_strong(image, it.name))
    }

    /// Whether the function is replaced wherever its object is linked; or all code that uses it is.
    fn is_replaced(&self, object: &str, name: &str) -> bool {
        let sources = || self.sources.with_ids();
        let mut found: Vec<JudgedId> = sources()
            .filter(|(source, _)| source.object == object)
            .map(|(_, number)| number)
            .collect();
        if found.is_empty() {
            // With LTO all objects are in one.
            let defines =
                |source: &JudgedObject<'_>| !source.patched.named(name.as_bytes()).is_empty();
            let linked = sources().filter(|(source, _)| defines(source));
            found = linked.map(|(_, number)| number).collect();
        }
        let replaced = |number: &JudgedId| {
            let source = &self.sources[*number];
            let symbols = source.patched.named(name.as_bytes());
            symbols.is_empty() && self.is_replaced_by_name(name)
                || symbols.iter().any(|index| {
                    let extent = function_extent(&source.patched, *index);
                    let local = source.patched.symbol(*index).local;
                    self.is_dead(source, *index)
                        || extent.is_some_and(|extent| {
                            self.new_functions.contains(&(*number, extent))
                                || local
                                    && self.is_out_of_use((*number, extent), &mut BTreeSet::new())
                        })
                })
        };
        !found.is_empty() && found.iter().all(replaced)
    }

    /// Whether the module has a function and everything in its object that refers to it, as code that replaces what
    /// the kernel has, or is out of use there for the same reason.
    fn is_out_of_use(
        &self,
        (number, extent): ObjectExtent,
        seen: &mut BTreeSet<ObjectExtent>,
    ) -> bool {
        if !self.copies.contains_key(&(number, extent)) || !seen.insert((number, extent)) {
            return seen.contains(&(number, extent));
        }
        let source = &self.sources[number];
        let view = &source.patched;
        let mut users = BTreeSet::new();
        for (section, index) in view.elf.sections.with_ids() {
            let is_code = section.is_code();
            if !section.is_allocated()
                || AttestedTable::named(section.name).is_some()
                || is_generated(section.name)
            {
                continue;
            }
            for reloc in section.relocs.iter() {
                let used = FieldUse { behind: if is_code { 4 } else { 0 }, ..FieldUse::default() };
                let to = view.place(SymbolOffset::of(&reloc, used));
                let meant = to.is_some_and(|(to, offset)| {
                    u64::try_from(offset).is_ok_and(|offset| extent.holds(to, offset))
                });
                // A table can name a place inside, which nobody enters.
                let is_entry = || {
                    to.is_some_and(|(to, offset)| {
                        u64::try_from(offset)
                            .is_ok_and(|offset| view.is_function_start(to.at(offset)))
                    })
                };
                if meant && !extent.holds(index, reloc.offset) && (is_code || is_entry()) {
                    match view.extent(index, reloc.offset).filter(|_| is_code) {
                        Some(by) => users.insert((number, by)),
                        None => return false,
                    };
                }
            }
        }
        !users.is_empty()
            && users
                .iter()
                .all(|user| self.new_functions.contains(user) || self.is_out_of_use(*user, seen))
    }

    /// Whether a function is left as it is on purpose, since it was freed after the start.
    fn is_left_freed(&self, said: &ExpectedChanges, object: &str, name: &str) -> bool {
        let is_freed = |source: &JudgedObject<'_>| {
            let freed = source.original.as_ref().map(freed_names).unwrap_or_default();
            source.object == object && freed.contains(name.as_bytes())
        };
        said.forced.contains(&(object.to_owned(), name.to_owned()))
            && self.sources.iter().any(is_freed)
    }

    /// Functions that the running kernel has freed, and the patched one would not have.
    pub(super) fn freed_functions(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (source, number) in self.sources.with_ids() {
            let view = &source.patched;
            let freed = source.original.as_ref().map(freed_names).unwrap_or_default();
            for index in freed.iter().flat_map(|name| view.named(name)).copied() {
                let extent = function_extent(view, index);
                let Some(extent) = extent else { continue };
                let symbol = view.symbol(index);
                let is_text = MemoryKind::of(view.section(extent.section)) == MemoryKind::Text;
                if symbol.kind == SymbolKind::Function
                    && is_text
                    && source.kind_before(index) == Some(MemoryKind::FreedText)
                    && !self.copies.contains_key(&(number, extent))
                {
                    notes.push(format!(
                        "{}: `{}` is freed after the start of the running kernel, and not of the \
                         patched one",
                        source.object,
                        symbol.name_lossy()
                    ));
                }
            }
        }
        notes
    }

    /// Where no function of the name is in a piece of its own: what compilers specialize.
    fn is_replaced_by_name(&self, name: &str) -> bool {
        let name = base(name.as_bytes());
        let mut replacements = self.enabled.replacements.iter();
        replacements.any(|replacement| base(replacement.name.as_bytes()) == name)
    }

    fn is_still_there(&self, object: &str, name: &str) -> bool {
        self.sources.iter().any(|source| {
            let symbols = source.patched.named(name.as_bytes()).iter();
            let mut symbols = symbols.map(|index| source.patched.symbol(*index));
            symbols.any(|symbol| {
                symbol.kind == SymbolKind::Function && (!symbol.local || source.object == object)
            })
        })
    }

    /// New variables of the module that take the place of ones which are gone.
    fn renamed(&mut self, said: &ExpectedChanges) {
        let mut found = Vec::new();
        for (source, number) in self.sources.with_ids() {
            for extent in self.new_variables(number, source) {
                let Some(index) = source.patched.symbol_of(extent) else { continue };
                let new = source.patched.symbol(index);
                for gone in self.gone(number, index) {
                    let original = self.sources[gone.source].original.as_ref();
                    let old = original.map(|view| view.symbol(gone.symbol));
                    if let Some(old) = old.filter(|_| self.takes_over(number, index, &gone)) {
                        let names = (new.name_lossy().into_owned(), old.name_lossy().into_owned());
                        found.push((number, names));
                    }
                }
            }
        }
        for (number, (new, old)) in found {
            let what = format!(
                "a new variable in the module, while `{old}` of the same kind and size is gone: if it is \
                 that one with another name, what it holds is lost"
            );
            let object = self.object(number).to_owned();
            if !said.forced.contains(&(object.clone(), new.clone())) {
                self.find(&object, new, Fault::Renamed, what);
            }
        }
    }

    fn new_variables(&self, number: JudgedId, source: &JudgedObject<'_>) -> Vec<SectionExtent> {
        let is_new = |(_, extent): &&ObjectExtent| {
            let section = source.patched.section(extent.section);
            let variable = matches!(
                MemoryKind::of(section),
                MemoryKind::Data | MemoryKind::PerCpu | MemoryKind::RoAfterInit
            );
            let index = source.patched.symbol_of(*extent);
            let name = index.map(|index| source.patched.symbol(index));
            variable
                && AttestedTable::named(section.name).is_none()
                && name.is_some_and(|name| !is_of_one_place(name.name, section.name))
                && index.is_some_and(|index| source.originals(index).is_empty())
        };
        let pieces = self.copies.keys().filter(|(of, _)| *of == number);
        pieces.filter(is_new).map(|(_, extent)| *extent).collect()
    }
}

/// The names of functions that are freed after the start.
fn freed_names<'a>(original: &FileView<'a>) -> BTreeSet<&'a [u8]> {
    let freed = original.elf.symbols.iter().filter(|symbol| match symbol.place {
        Definition::Section(section) if symbol.kind == SymbolKind::Function => {
            MemoryKind::of(original.section(section)) == MemoryKind::FreedText
        }
        _ => false,
    });
    freed.map(|symbol| symbol.name).collect()
}

fn function_extent(view: &FileView<'_>, index: SymbolId) -> Option<SectionExtent> {
    let symbol = view.symbol(index);
    let Definition::Section(section) = symbol.place else { return None };
    view.extent(section, symbol.value)
}
