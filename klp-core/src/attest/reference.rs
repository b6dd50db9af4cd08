//! Does a relocation of the module lead to what the patched kernel would use?

use super::Fault;
use super::judge::{Judge, JudgedId, ObjectExtent, PairedField};
use super::kind::MemoryKind;
use super::names::{base, is_description, is_key, is_of_one_place};
use super::renumbered::is_renumbered;
use super::running::{ImageId, ImagePlace, VMLINUX};
use super::tables::AttestedTable;
use super::thing::{Meaning, PatchedPlace};
use super::view::SymbolOffset;
use crate::elf::{Definition, SectionId, SymbolId, SymbolKind};
use crate::kernel::module_name;

/// Where a relocation of the module leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModuleTarget {
    Inside(SectionId, i64),
    Running(ImagePlace),
    Nothing,
    Number(u64),
}

impl Judge<'_> {
    /// Follows one relocation.
    pub(super) fn reference(&mut self, field: PairedField) {
        self.references += 1;
        let PairedField { piece: (number, _), patched, module, used, flags } = field;
        let (mask, loose) = flags;
        if patched.kind != module.kind {
            let what = format!("{:?} where the patched object has {:?}", module.kind, patched.kind);
            return self.wrong(field, Fault::Reference, what);
        }
        let (here, there) = (SymbolOffset::of(&patched, used), SymbolOffset::of(&module, used));
        if (here.offset ^ there.offset) & mask & !loose != 0 {
            return self.wrong(field, Fault::Table, "other flags than in the patched object");
        }
        let plain = |aim: SymbolOffset| SymbolOffset { offset: aim.offset & !mask, ..aim };
        let (here, there) = (plain(here), plain(there));
        let (meant, lead) = (self.thing(number, here), self.lead(there));
        self.loaded(field, meant.as_ref().ok());
        if let Ok(lead) = lead {
            self.beside(field, here, lead);
        }
        match (meant, lead) {
            (Err(why), _) | (_, Err(why)) => self.wrong(field, Fault::Reference, why),
            (Ok(Meaning::Own(own)), Ok(ModuleTarget::Inside(section, offset))) => {
                self.inside(field, own, section, offset);
            }
            (Ok(Meaning::Own(own)), Ok(ModuleTarget::Running(spot))) => {
                self.outside(field, own, spot);
            }
            (Ok(Meaning::Kernel(meant)), Ok(ModuleTarget::Running(spot))) if meant == spot => {
                self.freed(field, here, spot);
                self.per_cpu(field, spot);
            }
            (Ok(Meaning::Nothing), Ok(ModuleTarget::Nothing)) => {}
            (Ok(Meaning::Number(here)), Ok(ModuleTarget::Number(there))) if here == there => {}
            (Ok(meant), Ok(lead)) => {
                let (meant, lead) = (self.meant_text(meant), self.lead_text(lead));
                let class = if lead.1 { Fault::Identity } else { Fault::Reference };
                let what = format!("leads to {}, not to {meant}", lead.0);
                self.wrong(field, class, what);
            }
        }
    }

    /// What code or data of a module uses of another module is there only if the module needs that one.
    fn loaded(&mut self, field: PairedField, meant: Option<&Meaning>) {
        let image_of = |source: JudgedId| self.sources[source].image;
        let home = match meant {
            Some(Meaning::Own(own)) => image_of(own.source),
            Some(Meaning::Kernel(spot)) => Some(spot.image),
            Some(Meaning::Nothing | Meaning::Number(_)) | None => None,
        };
        let Some((user, home)) = image_of(field.piece.0).zip(home) else { return };
        if home == user || home == VMLINUX {
            return;
        }
        let name = |image: ImageId| module_name(&self.running.image(image).linked);
        let (user, home) = (name(user), name(home));
        if !self.running.needs(&user, &home) {
            let what = format!("uses something of module {home}, which {user} does not need");
            self.wrong(field, Fault::Reference, what);
        }
    }

    fn lead(&self, aim: SymbolOffset) -> Result<ModuleTarget, String> {
        let symbol = self.module.symbol(aim.symbol);
        match symbol.place {
            Definition::Absolute => {
                Ok(ModuleTarget::Number(symbol.value.wrapping_add_signed(aim.offset)))
            }
            Definition::Common => Err(format!("`{}` is a common symbol", symbol.name_lossy())),
            Definition::Section(section) => {
                let (_, offset) = self.module.place(aim).ok_or("outside of memory")?;
                Ok(ModuleTarget::Inside(section, offset))
            }
            Definition::Undefined => {
                let text = symbol.name_lossy();
                let spot = match livepatch_name(&text) {
                    Some((object, name, position)) => {
                        self.running.at_position(object, name, position)
                    }
                    None => self.running.exported(symbol.name),
                };
                match spot {
                    Some(spot) => Ok(ModuleTarget::Running(spot.plus(aim.offset))),
                    None if symbol.weak => Ok(ModuleTarget::Nothing),
                    None => Err(format!("`{text}` is nowhere in the running kernel")),
                }
            }
        }
    }

    /// The module has what is meant.
    fn inside(&mut self, field: PairedField, own: PatchedPlace, section: SectionId, offset: i64) {
        let source = &self.sources[own.source];
        let view = &source.patched;
        let named = own.symbol.map(|index| view.symbol(index));
        let within = match named.filter(|symbol| symbol.kind != SymbolKind::Section) {
            Some(symbol) => symbol.value,
            None => u64::try_from(own.offset).unwrap_or(0),
        };
        let size = view.section(own.section).size;
        let last = within.min(size.saturating_sub(1));
        let unnamed = view.unnamed_code(own.section, last);
        let Some(extent) = unnamed.or_else(|| view.extent(own.section, last)) else {
            return self.wrong(field, Fault::Reference, "nothing tells what it leads to");
        };
        let start = i64::try_from(extent.start)
            .ok()
            .and_then(|start| offset.checked_sub(own.offset.checked_sub(start)?))
            .and_then(|start| u64::try_from(start).ok());
        let Some(start) = start else {
            return self.wrong(field, Fault::Reference, "leads to a place outside of the module");
        };
        let piece = (own.source, extent);
        self.may_copy(field, own, piece, section);
        self.copy(piece, section.at(start));
    }

    /// May the module have this of its own, in that section?
    fn may_copy(
        &mut self,
        field: PairedField,
        own: PatchedPlace,
        (number, extent): ObjectExtent,
        section: SectionId,
    ) {
        let source = &self.sources[number];
        let view = &source.patched;
        let header = view.section(extent.section);
        let holder = self.module.section(section);
        let (kind, is) = (MemoryKind::of(header), MemoryKind::of(holder));
        let known = kind
            .needs()
            .or_else(|| is.needs())
            .is_none_or(|name| holder.name == name && kind == is);
        let name = self.describe(number, extent.section, extent.start);
        if !known || is.is_freed() && !kind.is_freed() {
            let what = format!(
                "`{name}` is {} in {}, which the module loader does not treat as such in {}",
                kind.text(),
                header.name_lossy(),
                holder.name_lossy()
            );
            return self.wrong(field, Fault::Section, what);
        }
        if field.used.per_cpu && kind != MemoryKind::PerCpu {
            let what =
                format!("uses `{name}` as one for each processor, but it is {}", kind.text());
            return self.wrong(field, Fault::Kind, what);
        }
        if kind == MemoryKind::Text {
            if let Some(was) = own.was.filter(|was| !self.replaced.contains(was)) {
                let what = format!(
                    "`{name}` moved here from another object: the kernel goes on with its own, {}",
                    self.running.describe(was)
                );
                self.wrong(field, Fault::Missing, what);
            }
            return;
        }
        if kind == MemoryKind::Constant || AttestedTable::named(header.name).is_some() {
            return;
        }
        let Some(index) = view.symbol_of(extent) else {
            if extent.end > extent.start && !self.describes_code(field, header.name) {
                let what = format!(
                    "the module has its own variable of {name}, and nothing tells whether the kernel has it"
                );
                self.wrong(field, Fault::Identity, what);
            }
            return;
        };
        let symbol = view.symbol(index);
        if is_of_one_place(symbol.name, header.name) {
            return;
        }
        let index = source.known_name(index);
        if !source.originals(index).is_empty() || !self.elsewhere(number, index).is_empty() {
            let what = format!("the module has its own `{name}`, but the kernel has one");
            self.wrong(field, Fault::Identity, what);
        }
    }

    /// Whether a variable without a name is what a compiler has written about the code that refers to it, for functions
    /// that report undefined behaviour there, or what such data refers to. They note in it that they have reported
    /// (`was_reported` in lib/ubsan.c), and nothing else uses it.
    fn describes_code(&self, field: PairedField, section: &[u8]) -> bool {
        let (number, extent) = field.piece;
        let view = &self.sources[number].patched;
        let user = view.section(extent.section);
        let is_reported = || {
            user.relocs.within(extent.start, extent.end).any(|reloc| {
                let callee = view.symbol(reloc.symbol);
                callee.name.starts_with(b"__ubsan_handle_")
            })
        };
        is_description(section)
            && if user.is_code() { is_reported() } else { is_description(user.name) }
    }

    /// The running kernel has what is meant, and there it must be.
    fn outside(&mut self, field: PairedField, own: PatchedPlace, spot: ImagePlace) {
        let source = &self.sources[own.source];
        let view = &source.patched;
        let named = own.symbol.map(|index| source.known_name(index));
        let named = named.map(|index| (index, view.symbol(index)));
        let name = self.describe(own.source, own.section, u64::try_from(own.offset).unwrap_or(0));
        let Some((index, symbol)) = named else {
            let lead = self.running.describe(spot);
            let what = format!("leads to {lead}, but what is meant ({name}) has no name");
            return self.wrong(field, Fault::Reference, what);
        };
        let inside =
            i64::try_from(symbol.value).map_or(0, |value| own.offset.saturating_sub(value));
        let expected = match own.was {
            Some(was) => vec![was],
            None if source.originals(index).is_empty() => self.elsewhere(own.source, index),
            None => source.spots(index),
        };
        let right = |meant: &&ImagePlace| meant.plus(inside) == spot;
        match expected.as_slice() {
            [only] if right(&only) => {}
            // Without lockdep a key has no bytes, and nobody looks at its address.
            several
                if symbol.size == 0
                    && is_key(symbol.name)
                    && several.iter().any(|meant| right(&meant)) => {}
            several @ [_, _, ..] if several.iter().any(|meant| right(&meant)) => {
                let what = format!(
                    "leads to one of {} that can be `{name}`, and nothing tells which",
                    several.len()
                );
                return self.wrong(field, Fault::Reference, what);
            }
            _ if inside == 0 && is_renumbered(source, index, spot) => {}
            other => {
                let meant = match other {
                    [only] => self.running.describe(only.plus(inside)),
                    [] => format!("`{name}`, which the running kernel does not have"),
                    _ => format!("`{name}`"),
                };
                let what = format!("leads to {}, not to {meant}", self.running.describe(spot));
                return self.wrong(field, Fault::Reference, what);
            }
        }
        let now = MemoryKind::of(view.section(own.section));
        let was =
            own.was.map_or_else(|| source.kind_before(index), |was| Some(self.running.kind(was)));
        if let Some(was) = was.filter(|was| *was != now) {
            let class = if was.is_freed() { Fault::Freed } else { Fault::Kind };
            let (now, was) = (now.text(), was.text());
            let what = format!("`{name}` is {was} in the kernel and {now} in the patched one");
            return self.wrong(field, class, what);
        }
        let aim = SymbolOffset { symbol: index, offset: inside };
        self.freed(field, aim, spot);
        self.per_cpu(field, spot);
    }

    /// Memory that was given back can only be meant by code that meant it before the patch.
    fn freed(&mut self, field: PairedField, aim: SymbolOffset, spot: ImagePlace) {
        let kind = self.running.kind(spot);
        if !kind.is_freed() {
            return;
        }
        let (number, extent) = field.piece;
        let source = &self.sources[number];
        let holder = source.patched.symbol_of(extent).map(|index| source.patched.symbol(index));
        let meant = source.patched.symbol(aim.symbol).name;
        if !self.running.is_thing(spot, meant) {
            return;
        }
        let before = source.original.as_ref().is_some_and(|original| {
            let Some(holder) = holder else { return false };
            let named = original.based(base(holder.name)).iter();
            let mut places = named.filter_map(|index| {
                let symbol = original.symbol(*index);
                let Definition::Section(section) = symbol.place else { return None };
                original.extent(section, symbol.value)
            });
            places.any(|place| original.refers_to(place, meant))
        });
        if !before {
            let what = format!("leads to {}, {}", self.running.describe(spot), kind.text());
            self.wrong(field, Fault::Freed, what);
        }
    }

    /// A memory operand of the processor's segment is one of its own variables.
    fn per_cpu(&mut self, field: PairedField, spot: ImagePlace) {
        let kind = self.running.kind(spot);
        if field.used.per_cpu && kind != MemoryKind::PerCpu {
            let what = format!(
                "uses {} as one for each processor, which it is not",
                self.running.describe(spot)
            );
            self.wrong(field, Fault::Kind, what);
        }
    }

    pub(super) fn wrong(&mut self, field: PairedField, class: Fault, what: impl Into<String>) {
        let (number, extent) = field.piece;
        let place = self.describe(number, extent.section, field.patched.offset);
        self.find(self.object(number), place, class, what);
    }

    fn meant_text(&self, thing: Meaning) -> String {
        match thing {
            Meaning::Own(own) => {
                let offset = u64::try_from(own.offset).unwrap_or(0);
                self.describe(own.source, own.section, offset)
            }
            Meaning::Kernel(spot) => self.running.describe(spot),
            Meaning::Nothing => "nothing".to_owned(),
            Meaning::Number(number) => format!("{number:#x}"),
        }
    }

    fn lead_text(&self, lead: ModuleTarget) -> (String, bool) {
        match lead {
            ModuleTarget::Inside(section, offset) => {
                let offset = u64::try_from(offset).unwrap_or(0);
                let name = super::judge::describe(&self.module, section, offset);
                (format!("the module's own {name}"), true)
            }
            ModuleTarget::Running(spot) => (self.running.describe(spot), false),
            ModuleTarget::Nothing => ("nothing".to_owned(), false),
            ModuleTarget::Number(number) => (format!("{number:#x}"), false),
        }
    }
}

/// Object, name and position of `.klp.sym.OBJECT.NAME,POSITION`
/// (Documentation/livepatch/module-elf-format.rst).
pub(super) fn livepatch_name(text: &str) -> Option<(&str, &str, u64)> {
    let (object, rest) = text.strip_prefix(".klp.sym.")?.split_once('.')?;
    let (name, position) = rest.rsplit_once(',')?;
    Some((object, name, position.parse().ok()?))
}

impl super::judge::JudgedObject<'_> {
    /// Of all names of what a symbol of the patched object names, one that the original has, too. A patch can give a
    /// variable a second name.
    fn known_name(&self, symbol: SymbolId) -> SymbolId {
        let view = &self.patched;
        let own = view.symbol(symbol);
        let symbols = view.elf.symbols.with_ids();
        let names = symbols.filter(|(other, _)| {
            let is_there =
                (other.place, other.value, other.size) == (own.place, own.value, own.size);
            is_there && other.kind == own.kind
        });
        let is_known = |index: &SymbolId| !self.originals(*index).is_empty();
        let mut names = names.map(|(_, index)| index);
        if is_known(&symbol) { symbol } else { names.find(is_known).unwrap_or(symbol) }
    }

    /// What kind of memory the originals of a symbol are in.
    pub(super) fn kind_before(&self, symbol: SymbolId) -> Option<MemoryKind> {
        let original = self.original.as_ref()?;
        let index = *self.originals(symbol).first()?;
        let Definition::Section(section) = original.symbol(index).place else { return None };
        Some(MemoryKind::of(original.section(section)))
    }
}
