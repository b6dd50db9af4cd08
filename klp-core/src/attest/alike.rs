//! Whether a thing of the patched object has the content of one of the original.

use super::judge::JudgedObject;
use super::names::base;
use super::view::{FieldUse, FileView, SectionExtent, SymbolOffset};
use crate::elf::{Definition, Reloc, RelocKind, Section, SymbolId, SymbolKind};

/// Whether two stretches of data or code have the same bytes and lead to the same, none of it new code.
pub(super) fn is_same(
    source: &JudgedObject<'_>,
    new: SectionExtent,
    original: &FileView<'_>,
    was: SectionExtent,
) -> bool {
    let content = |view: &FileView<'_>, it: SectionExtent| {
        bytes(view.section(it.section), it.start, it.size())
    };
    let fields = |view: &FileView<'_>, it: SectionExtent| -> Vec<Reloc> {
        let relocs = view.section(it.section).relocs.within(it.start, it.end);
        relocs.filter(|reloc| reloc.kind != RelocKind::None).collect()
    };
    let patched = &source.patched;
    let (now, before) = (fields(patched, new), fields(original, was));
    let is_one = |(now, before): (&Reloc, &Reloc)| {
        let places = [now.offset.checked_sub(new.start), before.offset.checked_sub(was.start)];
        let is_known = |index: SymbolId, name: &[u8]| {
            let symbol = patched.symbol(index);
            let is_defined = matches!(symbol.place, Definition::Section(_));
            base(symbol.name) == base(name) && (!is_defined || !source.originals(index).is_empty())
        };
        let leads_alike = match (meant(patched, now, 0), meant(original, before, 0)) {
            (Some(now), Some(before)) => is_known(now, original.symbol(before).name),
            (None, None) => text(patched, now).is_some_and(|it| Some(it) == text(original, before)),
            _ => false,
        };
        now.kind == before.kind && places[0] == places[1] && leads_alike
    };
    content(patched, new).is_some_and(|now| Some(now) == content(original, was))
        && now.len() == before.len()
        && now.iter().zip(&before).all(is_one)
}

/// Bytes of a section; zeros where the file has none.
pub(super) fn bytes(section: &Section<'_>, start: u64, size: u64) -> Option<Vec<u8>> {
    if start.checked_add(size)? > section.size {
        return None;
    }
    match section.bytes(start, size) {
        Some(bytes) => Some(bytes.to_vec()),
        None => Some(vec![0; usize::try_from(size).ok()?]),
    }
}

/// Where the thing of a symbol is.
pub(super) fn extent(view: &FileView<'_>, index: SymbolId) -> Option<SectionExtent> {
    let symbol = view.symbol(index);
    let Definition::Section(section) = symbol.place else { return None };
    view.extent(section, symbol.value)
}

/// The symbol of what a relocation leads to. A text has none.
pub(super) fn meant(view: &FileView<'_>, reloc: &Reloc, behind: u64) -> Option<SymbolId> {
    if view.symbol(reloc.symbol).kind != SymbolKind::Section {
        return Some(reloc.symbol);
    }
    let (section, offset) =
        view.place(SymbolOffset::of(reloc, FieldUse { behind, ..FieldUse::default() }))?;
    view.symbol_of(view.extent(section, u64::try_from(offset).ok()?)?)
}

/// The text that a field of data leads to.
fn text<'v>(view: &'v FileView<'_>, reloc: &Reloc) -> Option<&'v [u8]> {
    let (section, offset) = view.place(SymbolOffset::of(reloc, FieldUse::default()))?;
    let section = Some(view.section(section)).filter(|section| section.is_strings())?;
    let rest = section.data.get(usize::try_from(offset).ok()?..)?;
    rest.split(|byte| *byte == 0).next()
}
