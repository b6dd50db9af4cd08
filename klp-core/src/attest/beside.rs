//! Addresses in a section of several variables, which assemblers write as section plus offset. Such an address is the start
//! of a variable, or the end of the one before, or an index makes up for what it is too small or too large. The module is
//! right only if it is right for each of these.

use super::Fault;
use super::judge::{Judge, JudgedId, PairedField};
use super::names::is_of_one_place;
use super::reference::ModuleTarget;
use super::running::ImagePlace;
use super::view::{SectionExtent, SymbolOffset};
use crate::elf::{RelocKind, SectionId, SymbolKind};

/// How far from an array it can be entered: by a character of an alphabet, or the number of a message.
const FAR: u64 = 4096;

impl Judge<'_> {
    /// Whether `lead` is where `aim` of a patched object leads to, whichever of the variables around is meant.
    pub(super) fn beside(&mut self, field: PairedField, aim: SymbolOffset, lead: ModuleTarget) {
        for extent in self.readings(field, aim) {
            let Some((_, offset)) = self.aimed(field, aim) else { continue };
            let inside =
                i64::try_from(extent.start).map_or(0, |start| offset.saturating_sub(start));
            let number = field.piece.0;
            match lead {
                ModuleTarget::Running(spot) => {
                    if !self.stands_at(number, extent, spot.plus(inside.saturating_neg())) {
                        self.uncertain(field, extent);
                    }
                }
                ModuleTarget::Inside(section, there) => {
                    match u64::try_from(there.saturating_sub(inside)) {
                        Ok(start) => self.beside.push((field, (number, extent), section.at(start))),
                        Err(_) => self.uncertain(field, extent),
                    }
                }
                ModuleTarget::Nothing | ModuleTarget::Number(_) => {}
            }
        }
    }

    /// The module has what is meant: what else can be meant must be in it, and as far away.
    pub(super) fn beside_in_module(&mut self) {
        for (field, piece, at) in std::mem::take(&mut self.beside) {
            if !self.copies.get(&piece).is_some_and(|places| places.contains(&at)) {
                self.uncertain(field, piece.1);
            }
        }
    }

    fn aimed(&self, field: PairedField, aim: SymbolOffset) -> Option<(SectionId, i64)> {
        self.sources[field.piece.0].aimed(aim)
    }

    /// The variables that an address can belong to, beside the one that it hits.
    fn readings(&self, field: PairedField, aim: SymbolOffset) -> Vec<SectionExtent> {
        let (number, user) = field.piece;
        let view = &self.sources[number].patched;
        let is_name = view.symbol(aim.symbol).kind != SymbolKind::Section;
        let Some((section, offset)) = view.place(aim).filter(|_| !is_name) else {
            return Vec::new();
        };
        let (header, holder) = (view.section(section), view.section(user.section));
        let is_table = |section| view.entry_size(section).is_some();
        if header.is_code() || header.is_merged() || is_table(section) || is_table(user.section) {
            return Vec::new();
        }
        let of_one_place = |extent: &SectionExtent| {
            let symbol = view.symbol_of(*extent).map(|index| view.symbol(index));
            symbol.is_none_or(|symbol| is_of_one_place(symbol.name, header.name))
        };
        let around = view.extents(section);
        let hit = u64::try_from(offset).ok().and_then(|offset| view.extent(section, offset));
        if hit.is_some_and(|hit| of_one_place(&hit)) || around.len() < 2 {
            return Vec::new();
        }
        let exact = field.used.exact.and_then(|size| offset.checked_add_unsigned(size));
        let ends = |extent: &SectionExtent| i64::try_from(extent.end);
        if hit.is_some_and(|hit| exact.is_some_and(|end| ends(&hit).is_ok_and(|it| end <= it))) {
            return Vec::new();
        }
        // A pointer in data is one to the end of a variable if its start is there, too.
        let has_start = |extent: &SectionExtent| {
            let mut relocs = holder.relocs.within(user.start, user.end);
            relocs.any(|reloc| {
                let place =
                    (reloc.kind != RelocKind::None).then(|| SymbolOffset::of(&reloc, field.used));
                let place = place.and_then(|aim| view.place(aim));
                place.is_some_and(|(to, at)| {
                    u64::try_from(at).is_ok_and(|at| extent.holds(section, at) && to == section)
                })
            })
        };
        let can_be = |extent: &SectionExtent| {
            let (Ok(start), Ok(end)) = (i64::try_from(extent.start), i64::try_from(extent.end))
            else {
                return false;
            };
            if holder.is_code() {
                let near = start.saturating_sub_unsigned(FAR)..=end.saturating_add_unsigned(FAR);
                near.contains(&offset)
            } else {
                end == offset && has_start(extent)
            }
        };
        let others = around.iter().filter(|extent| Some(**extent) != hit);
        others.filter(|extent| can_be(extent) && !of_one_place(extent)).copied().collect()
    }

    /// Whether the kernel has at `spot` what a patched object has at `extent`.
    fn stands_at(&self, number: JudgedId, extent: SectionExtent, spot: ImagePlace) -> bool {
        let source = &self.sources[number];
        let Some(index) = source.patched.symbol_of(extent) else { return false };
        let name = source.patched.symbol(index).name;
        self.running.has_at(spot, name)
            || source.spots(index).contains(&spot)
            || self.elsewhere(number, index).contains(&spot)
    }

    fn uncertain(&mut self, field: PairedField, extent: SectionExtent) {
        let number = field.piece.0;
        let other = self.describe(number, extent.section, extent.start);
        let what = format!(
            "nothing tells which variable its address belongs to: `{other}` is not as far away from there as in the \
             patched kernel"
        );
        self.wrong(field, Fault::Reference, what);
    }
}
