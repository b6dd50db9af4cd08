//! Which symbol of the running kernel is which of an original object, and which of its patched version.
//!
//! A linker keeps the order of a file's local symbols behind its FILE symbol, and moves all of a section of the
//! file by one distance. A group of local symbols that could be the file's, and with which all of its global
//! symbols agree, tells where each of its sections went.

use std::collections::{BTreeMap, BTreeSet};

use super::names::base;
use super::running::{ImageId, ImagePlace, RunningImages};
use super::view::{FieldUse, FileView, SymbolOffset};
use crate::elf::{Definition, SectionId, SymbolId, SymbolKind};

/// What clang puts in front of a function's name for its type in front of the function (kCFI).
pub(super) const TYPE: &[u8] = b"__cfi_";

/// Where the symbols of an original object are in the running kernel.
#[derive(Debug, Default)]
pub(super) struct RunningPlaces {
    spots: BTreeMap<SymbolId, ImagePlace>,
}

impl RunningPlaces {
    /// Of an object that was linked as it is.
    pub(super) fn of(view: &FileView<'_>, running: &RunningImages<'_>, image: ImageId) -> Self {
        let mut fitting: Vec<BTreeMap<SectionId, ImagePlace>> = Vec::new();
        let mut most = 0;
        let linked = running.image(image);
        let locals = locals(view);
        for group in &linked.groups {
            if !view.elf.files.contains(&group.file) {
                continue;
            }
            let number = group.symbols.len();
            let Some(bases) = bases(view, running, image, &locals, &group.symbols) else {
                continue;
            };
            // A file without local symbols agrees with every other.
            if number > most {
                most = number;
                fitting.clear();
            }
            if number == most && !fitting.contains(&bases) {
                fitting.push(bases);
            }
        }
        let names_file = linked.groups.iter().any(|group| view.elf.files.contains(&group.file));
        let bases = match fitting.as_slice() {
            [only] => only.clone(),
            _ if !names_file => agreed(view, running, image),
            _ => BTreeMap::new(),
        };
        let mut spots = BTreeMap::new();
        for (symbol, index) in view.elf.symbols.with_ids() {
            let Definition::Section(section) = symbol.place else { continue };
            if symbol.kind == SymbolKind::Section || symbol.kind == SymbolKind::File {
                continue;
            }
            let base = bases.get(&section).copied();
            let by_section = base
                .map(|base| ImagePlace { value: base.value.wrapping_add(symbol.value), ..base });
            let by_name = || running.global(image, symbol.name).filter(|_| !symbol.local);
            if let Some(spot) = by_section.or_else(by_name) {
                spots.insert(index, spot);
            }
        }
        Self { spots }
    }

    /// Of all that an image is linked from, which has the same symbols in the same order.
    pub(super) fn of_whole(
        view: &FileView<'_>,
        running: &RunningImages<'_>,
        image: ImageId,
    ) -> Self {
        let linked = running.image(image);
        let mut spots = BTreeMap::new();
        for (name, symbols) in view.names() {
            let is_local = |index: &&SymbolId| view.symbol(**index).local;
            let mut here: Vec<SymbolId> = symbols.iter().filter(is_local).copied().collect();
            here.sort_unstable();
            let there = linked.locals(name);
            let same_size = |(index, (_, size)): (&SymbolId, &(SymbolId, u64))| {
                view.symbol(*index).size == *size
            };
            if here.len() == there.len() && here.iter().zip(&there).all(same_size) {
                for (index, (number, _)) in here.iter().zip(&there) {
                    if let Some(spot) = linked.spot_of(image, *number) {
                        spots.insert(*index, spot);
                    }
                }
            }
            for index in symbols.iter().filter(|index| !is_local(index)) {
                if let Some(spot) = running.global(image, name) {
                    spots.insert(*index, spot);
                }
            }
        }
        Self { spots }
    }

    pub(super) fn spot(&self, symbol: SymbolId) -> Option<ImagePlace> {
        self.spots.get(&symbol).copied()
    }
}

/// Whether objtool gives a symbol another size: in the linked kernel a type of kCFI goes up to its function
/// (tools/objtool/check.c).
fn has_size_of_objtool(name: &[u8]) -> bool {
    name.starts_with(TYPE)
}

/// Named local symbols in the order of the table.
fn locals(view: &FileView<'_>) -> Vec<SymbolId> {
    let symbols = view.elf.symbols.with_ids().filter(|(symbol, _)| {
        symbol.local
            && !symbol.name.is_empty()
            && !matches!(symbol.kind, SymbolKind::Section | SymbolKind::File)
            && matches!(symbol.place, Definition::Section(_))
    });
    symbols.map(|(_, index)| index).collect()
}

/// Where each section of the object is if `group` are its local symbols; none if they are not.
fn bases(
    view: &FileView<'_>,
    running: &RunningImages<'_>,
    image: ImageId,
    locals: &[SymbolId],
    group: &[SymbolId],
) -> Option<BTreeMap<SectionId, ImagePlace>> {
    let linked = running.image(image);
    let mut bases: BTreeMap<SectionId, ImagePlace> = BTreeMap::new();
    let mut rest = locals.iter();
    for number in group {
        let (listed, spot) = (linked.elf.symbol(*number), linked.spot_of(image, *number)?);
        // What the linker leaves out has no symbol in the image.
        let symbol = rest.by_ref().map(|index| view.symbol(*index)).find(|symbol| {
            symbol.name == listed.name
                && (symbol.size == listed.size || has_size_of_objtool(symbol.name))
        })?;
        let Definition::Section(section) = symbol.place else { return None };
        let base = ImagePlace { value: spot.value.wrapping_sub(symbol.value), ..spot };
        if view.section(section).is_merged() {
            continue;
        }
        if *bases.entry(section).or_insert(base) != base {
            return None;
        }
    }
    for symbol in view.elf.symbols.iter().filter(|symbol| !symbol.local) {
        let Definition::Section(section) = symbol.place else { continue };
        let Some(spot) = running.global(image, symbol.name) else { continue };
        let base = ImagePlace { value: spot.value.wrapping_sub(symbol.value), ..spot };
        if symbol.weak && bases.get(&section) != Some(&base) {
            continue;
        }
        if *bases.entry(section).or_insert(base) != base {
            return None;
        }
    }
    Some(bases)
}

/// Where each section of the object is, as all of its symbols agree: for an image whose symbol table names no files,
/// such as the list that a kernel keeps of itself.
fn agreed(
    view: &FileView<'_>,
    running: &RunningImages<'_>,
    image: ImageId,
) -> BTreeMap<SectionId, ImagePlace> {
    let linked = running.image(image);
    let mut agreed: BTreeMap<SectionId, BTreeSet<ImagePlace>> = BTreeMap::new();
    for symbol in view.elf.symbols.iter().filter(|symbol| !symbol.weak && !symbol.name.is_empty()) {
        let Definition::Section(section) = symbol.place else { continue };
        let listed = linked.listed.named(symbol.name);
        if matches!(symbol.kind, SymbolKind::Section | SymbolKind::File) || listed.is_empty() {
            continue;
        }
        let spots = listed.iter().filter(|listed| listed.global != symbol.local);
        let spots = spots.filter_map(|listed| linked.spot_of(image, listed.number));
        let bases: BTreeSet<ImagePlace> = spots
            .map(|spot| ImagePlace { value: spot.value.wrapping_sub(symbol.value), ..spot })
            .collect();
        agreed
            .entry(section)
            .and_modify(|before| before.retain(|base| bases.contains(base)))
            .or_insert(bases);
    }
    let only = |(section, bases): (SectionId, BTreeSet<ImagePlace>)| match bases.len() {
        1 => Some((section, bases.first().copied()?)),
        _ => None,
    };
    agreed.into_iter().filter_map(only).collect()
}

/// The symbols of `there` that can be the symbol `index` of `here`: one where it is clear.
pub(super) fn same<'a>(
    here: &FileView<'a>,
    index: SymbolId,
    there: &FileView<'a>,
    is_whole: bool,
) -> Vec<SymbolId> {
    let symbol = here.symbol(index);
    let is_code = |view: &FileView<'_>, index: SymbolId| {
        let place = view.symbol(index).place;
        let Definition::Section(section) = place else { return None };
        Some(view.section(section).is_code())
    };
    let wanted = is_code(here, index);
    let of = |view: &FileView<'_>, symbols: &[SymbolId]| -> Vec<SymbolId> {
        let symbols = symbols.iter().copied();
        symbols.filter(|other| is_code(view, *other) == wanted).collect()
    };
    let name = base(symbol.name);
    if name == symbol.name {
        let theirs = of(there, there.named(name));
        if !symbol.local {
            return theirs;
        }
        if let Some(found) = pair(&of(here, here.named(name)), index, &theirs) {
            return found;
        }
    }
    let (mine, theirs) = (of(here, here.based(name)), of(there, there.based(name)));
    if is_whole && let Some(found) = pair(&mine, index, &theirs) {
        return found;
    }
    if name == symbol.name
        && let (1, [only]) = (mine.len(), theirs.as_slice())
    {
        return vec![*only];
    }
    // Numbered: a static variable of a function, or of several.
    let sites_of =
        |view: &FileView<'a>, symbols: &[SymbolId]| -> Vec<(SymbolId, Vec<ReferringPlace<'a>>)> {
            symbols.iter().map(|symbol| (*symbol, sites(view, *symbol))).collect()
        };
    let (ours, others) = (sites_of(here, &mine), sites_of(there, &theirs));
    let mut pairs = Vec::new();
    for (own, own_sites) in &ours {
        for (other, other_sites) in &others {
            let (mine, theirs) = (names(own_sites), names(other_sites));
            if akin(here, &mine, there, &theirs) {
                let alike = alike(own_sites, other_sites);
                pairs.push(((mine == theirs, alike), *own, *other));
            }
        }
    }
    let mut candidates: Vec<SymbolId> = Vec::new();
    loop {
        let Some(best) = pairs.iter().map(|(rank, ..)| *rank).max() else { return candidates };
        let top: Vec<(SymbolId, SymbolId)> = pairs
            .iter()
            .filter(|(rank, ..)| *rank == best)
            .map(|(_, own, other)| (*own, *other))
            .collect();
        candidates = top.iter().filter(|(own, _)| *own == index).map(|(_, other)| *other).collect();
        match candidates.as_slice() {
            [only] if top.iter().filter(|(_, other)| other == only).count() == 1 => {
                return candidates;
            }
            [] => {}
            _ => return pair(&mine, index, &theirs).unwrap_or(candidates),
        }
        pairs.retain(|(_, own, other)| !top.iter().any(|(top, of)| top == own || of == other));
        candidates.clear();
    }
}

/// Whether variables with these users can be the same: they have one in common, or one that only one version has.
fn akin(
    here: &FileView<'_>,
    mine: &BTreeSet<&[u8]>,
    there: &FileView<'_>,
    theirs: &BTreeSet<&[u8]>,
) -> bool {
    let has = |view: &FileView<'_>, name: &[u8]| view.names().any(|(other, _)| word(other) == name);
    mine.is_empty()
        || theirs.is_empty()
        || !mine.is_disjoint(theirs)
        || mine.iter().any(|name| !has(there, name))
        || theirs.iter().any(|name| !has(here, name))
}

/// The name of a function without all that compilers append.
fn word(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b'.').next().unwrap_or(name)
}

/// The one at the same place of as many.
fn pair(mine: &[SymbolId], index: SymbolId, theirs: &[SymbolId]) -> Option<Vec<SymbolId>> {
    let number = mine.iter().position(|other| *other == index)?;
    if mine.len() != theirs.len() {
        return None;
    }
    theirs.get(number).map(|other| vec![*other])
}

/// The functions that refer to what a symbol names, by their names without numbers.
pub(super) fn users<'a>(view: &FileView<'a>, index: SymbolId) -> BTreeSet<&'a [u8]> {
    names(&sites(view, index))
}

fn names<'a>(sites: &[ReferringPlace<'a>]) -> BTreeSet<&'a [u8]> {
    sites.iter().map(|site| site.user).collect()
}

/// A place in code that refers to something.
struct ReferringPlace<'a> {
    user: &'a [u8],
    /// The code before the field, and from the field on; fields of relocations are zero in objects.
    around: (&'a [u8], &'a [u8]),
}

/// How many bytes of code are the same around those two sites that resemble each other most.
fn alike(mine: &[ReferringPlace<'_>], theirs: &[ReferringPlace<'_>]) -> usize {
    let same = |one: &ReferringPlace<'_>, other: &ReferringPlace<'_>| {
        let before = one.around.0.iter().rev().zip(other.around.0.iter().rev());
        let behind = one.around.1.iter().zip(other.around.1);
        let equal = |(one, other): &(&u8, &u8)| one == other;
        before.take_while(equal).count().saturating_add(behind.take_while(equal).count())
    };
    let pairs = mine.iter().flat_map(|one| theirs.iter().map(move |other| same(one, other)));
    pairs.max().unwrap_or(0)
}

fn sites<'a>(view: &FileView<'a>, index: SymbolId) -> Vec<ReferringPlace<'a>> {
    const AROUND: u64 = 32;
    let mut sites = Vec::new();
    let symbol = view.symbol(index);
    let Definition::Section(section) = symbol.place else { return sites };
    let Some(extent) = view.extent(section, symbol.value) else { return sites };
    for (holder, number) in view.elf.sections.with_ids() {
        if !holder.is_code() {
            continue;
        }
        for reloc in holder.relocs.iter() {
            let aim = SymbolOffset::of(&reloc, FieldUse { behind: 4, ..Default::default() });
            let Some((to, offset)) = view.place(aim) else { continue };
            let named = aim.symbol == index;
            let inside = u64::try_from(offset).is_ok_and(|offset| extent.holds(to, offset));
            if (named || inside)
                && let Some(user) = view.extent(number, reloc.offset)
                && let Some(name) = view.symbol_of(user).map(|symbol| view.symbol(symbol))
            {
                let start = reloc.offset.saturating_sub(AROUND).max(user.start);
                let end = reloc.offset.saturating_add(AROUND).min(user.end);
                let part = |from: u64, to: u64| holder.range(from, to).unwrap_or_default();
                let around = (part(start, reloc.offset), part(reloc.offset, end));
                sites.push(ReferringPlace { user: word(name.name), around });
            }
        }
    }
    sites
}
