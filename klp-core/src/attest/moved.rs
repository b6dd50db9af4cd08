//! What the running kernel has of something that the patched objects define in another place: in another object, for another
//! function, or under another name.

use std::collections::BTreeSet;

use super::alike::{extent, is_same, meant};
use super::judge::{Judge, JudgedId};
use super::kind::MemoryKind;
use super::names::base;
use super::names::is_of_one_place;
use super::origin::users;
use super::running::ImagePlace;
use super::view::{FileView, References};
use crate::elf::{Definition, SymbolId, SymbolKind};

/// A variable or constant of an original that its patched object does not have.
pub(super) struct LostData {
    /// Its source, and its symbol in the original of that.
    pub(super) source: JudgedId,
    pub(super) symbol: SymbolId,
}

impl Judge<'_> {
    /// Where the running kernel has what the symbol `index` of a patched object names, and what no symbol of its own
    /// original can be: what started with the same content, goes elsewhere, and leaves its users to the new one's.
    pub(super) fn elsewhere(&self, number: JudgedId, index: SymbolId) -> Vec<ImagePlace> {
        let source = &self.sources[number];
        let view = &source.patched;
        let symbol = view.symbol(index);
        let Some(extent) = extent(view, index) else {
            return Vec::new();
        };
        let is_constant = MemoryKind::of(view.section(extent.section)) == MemoryKind::Constant;
        let found = self.gone(number, index).into_iter().filter_map(|gone| {
            let other = &self.sources[gone.source];
            let original = other.original.as_ref()?;
            let was = original.symbol(gone.symbol);
            let is_named = word(was.name) == word(symbol.name);
            let is_one = self.takes_over(number, index, &gone)
                && (is_named || is_constant)
                && is_same(source, extent, original, self::extent(original, gone.symbol)?);
            is_one.then(|| Some((is_named, other.spot(gone.symbol)?)))?
        });
        let found: Vec<(bool, ImagePlace)> = found.collect();
        let named = found.iter().any(|(is_named, _)| *is_named);
        found.into_iter().filter(|(is_named, _)| *is_named == named).map(|(_, spot)| spot).collect()
    }

    /// What of the originals of the same image has the size and the kind of memory of the symbol `index`, and is gone.
    pub(super) fn gone(&self, number: JudgedId, index: SymbolId) -> Vec<LostData> {
        let source = &self.sources[number];
        let Some(shape) = shape(&source.patched, index) else { return Vec::new() };
        let mut gone = Vec::new();
        for (other, number) in self.sources.with_ids() {
            let Some(original) = other.original.as_ref().filter(|_| other.image == source.image)
            else {
                continue;
            };
            for (symbol, index) in original.elf.symbols.with_ids() {
                let is_one = symbol.kind == SymbolKind::Object
                    && self::shape(original, index) == Some(shape)
                    && other.patched.based(base(symbol.name)).is_empty()
                    && (symbol.local || self.strong(source.image, symbol.name).is_none());
                gone.extend(is_one.then_some(LostData { source: number, symbol: index }));
            }
        }
        gone
    }

    /// Whether functions that used what is gone use the symbol `index`, or lead to new functions that do.
    pub(super) fn takes_over(&self, number: JudgedId, index: SymbolId, gone: &LostData) -> bool {
        let source = &self.sources[number];
        let Some(original) = &self.sources[gone.source].original else { return false };
        let mut now = users(&source.patched, index);
        let mut heirs: BTreeSet<&[u8]> = users(original, gone.symbol);
        if !heirs.is_disjoint(&now) {
            return true;
        }
        let of_image = || self.sources.iter().filter(|it| it.image == source.image);
        let calls: Vec<&References<'_>> =
            of_image().map(|it| it.references.get_or_init(|| references(&it.patched))).collect();
        if let Some(global) = Some(source.patched.symbol(index)).filter(|symbol| !symbol.local) {
            let of_others = calls.iter().copied().flatten();
            let of_others = of_others.filter(|(_, used)| used.contains(first(global.name)));
            now.extend(of_others.map(|(user, _)| *user));
        }
        let is_new = |name: &[u8]| {
            of_image().all(|source| {
                let original = source.original.as_ref();
                original.is_none_or(|view| view.names().all(|(known, _)| first(known) != name))
            })
        };
        loop {
            if !heirs.is_disjoint(&now) {
                return true;
            }
            let next: BTreeSet<&[u8]> = calls
                .iter()
                .copied()
                .flatten()
                .filter(|(user, _)| heirs.contains(*user))
                .flat_map(|(_, used)| used.iter().copied())
                .filter(|name| !heirs.contains(name) && is_new(name))
                .collect();
            if next.is_empty() {
                return false;
            }
            heirs.extend(next);
        }
    }
}

fn references<'a>(view: &FileView<'a>) -> References<'a> {
    let mut found = References::new();
    for (section, index) in view.elf.sections.with_ids().filter(|(it, _)| it.is_code()) {
        for extent in view.extents(index) {
            let user = view.symbol_of(*extent).map(|index| view.symbol(index));
            let Some(user) = user else { continue };
            let own = found.entry(first(user.name)).or_default();
            let relocs = section.relocs.within(extent.start, extent.end);
            own.extend(
                relocs
                    .chain(view.escapes(*extent))
                    .filter_map(|it| Some(first(view.symbol(meant(view, &it, 4)?).name))),
            );
        }
    }
    found
}

/// Kind of memory and size of data that lasts and belongs to no single place in the code.
fn shape(view: &FileView<'_>, index: SymbolId) -> Option<(MemoryKind, u64)> {
    let symbol = view.symbol(index);
    let Definition::Section(section) = symbol.place else { return None };
    let section = view.section(section);
    let kind = MemoryKind::of(section);
    if is_of_one_place(symbol.name, section.name) {
        return None;
    }
    (!kind.is_freed() && kind != MemoryKind::Text && symbol.size > 0).then_some((kind, symbol.size))
}

/// What the source calls a variable. Clang puts the function of a static one in front.
fn word(name: &[u8]) -> &[u8] {
    let own = base(name);
    own.rsplit(|byte| *byte == b'.').next().unwrap_or(own)
}

/// The name of a function without what compilers append.
fn first(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b'.').next().unwrap_or(name)
}
