//! Compares the sections of an object, one after the other as it becomes known where they are.

mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::field::RelocField;
use super::merged::Merged;
use super::placed::{WEAK, candidates};
use super::shipped::{ShippedImage, ShippedPlace};
use super::tables::{TableOwners, TableStretch, jump_labels, stretches};
use super::x86_64::{NOTHING, behind, jump_or_nop};
use crate::elf::{Place, SectionId};
use crate::module::{RawElf, RawRela, RawSection, RawSymbol, SymbolPlace};

/// What was found of the sections of one object.
pub(super) struct SectionComparison<'e, 'o, 's> {
    object: &'e RawElf<'o>,
    shipped: &'e ShippedImage<'s>,
    places: BTreeMap<SectionId, ShippedPlace>,
    /// Sections of which more than one place is possible by the symbols, or none.
    unplaced: BTreeMap<SectionId, BTreeSet<ShippedPlace>>,
    /// By section and offset.
    differences: BTreeMap<Place, String>,
    /// Where names lead that the shipped kernel does not list.
    outside: HashMap<&'o [u8], ShippedPlace>,
    /// Offsets of instructions that can be a jump or a NOP.
    jump_labels: BTreeSet<Place>,
    /// Where functions and their parts start.
    starts: BTreeSet<Place>,
    /// What tables say of code.
    entries: TableOwners,
}

/// Merged strings and constants (`SHF_MERGE`).
const MERGE: u64 = 0x10;
/// Sections that the last link of a built-in object leaves out (`include/asm-generic/vmlinux.lds.h`).
const DISCARDED: &[&[u8]] = &[b".exit", b".discard"];
/// Filled in when the kernel or the module is linked (`tools/bpf/resolve_btfids`).
const FILLED_IN: &[u8] = b".BTF_ids";

impl<'e, 'o, 's> SectionComparison<'e, 'o, 's> {
    pub(super) fn of(object: &'e RawElf<'o>, shipped: &'e ShippedImage<'s>) -> Self {
        let mut comparison = Self {
            object,
            shipped,
            places: BTreeMap::new(),
            unplaced: BTreeMap::new(),
            differences: BTreeMap::new(),
            outside: HashMap::new(),
            jump_labels: jump_labels(object),
            starts: starts(object),
            entries: TableOwners::default(),
        };
        let mut open = Vec::new();
        for (header, section) in object.sections.with_ids() {
            if !header.is_allocated() || header.is_rela() {
                continue;
            }
            let found = candidates(object, section, shipped);
            // Strings and constants are put together with others, and not where the object has them.
            if header.flags & MERGE != 0 {
                continue;
            }
            match (found.len(), found.first()) {
                (1, Some(only)) => comparison.place(section, *only, &mut open),
                _ => drop(comparison.unplaced.insert(section, found)),
            }
        }
        comparison.settle(&mut open);
        for (header, section) in object.sections.with_ids() {
            for stretch in stretches(header, shipped) {
                comparison.table(section, &stretch, &mut open);
                comparison.settle(&mut open);
            }
        }
        comparison
    }

    /// Compares sections until nothing more is known of where one is.
    fn settle(&mut self, open: &mut Vec<SectionId>) {
        loop {
            if let Some(section) = open.pop() {
                self.section(section, open);
            } else if let Some((section, spot)) = self.choice() {
                self.place(section, spot, open);
            } else {
                return;
            }
        }
    }

    /// Whether it is known where this code is.
    fn is_compared(&self, section: SectionId) -> bool {
        self.places.contains_key(&section)
    }

    /// The first difference in `range` of `section`: where, and what it is.
    pub(super) fn first_difference(
        &self,
        section: SectionId,
        range: &Range<u64>,
    ) -> Option<(Option<u64>, String)> {
        let header = self.object.section(section);
        if self.is_discarded(header) || header.name == FILLED_IN || !header.is_allocated() {
            return None;
        }
        if !self.places.contains_key(&section) {
            // What nothing refers to and no symbol tells of is only a difference for code.
            let why = "nothing of its section is found in what was shipped";
            return header.is_code().then(|| (None, why.to_owned()));
        }
        let found = self.differences.range(section.at(range.start)..section.at(range.end)).next();
        let found = found.map(|(at, why)| (at.offset, why.as_str()));
        let entry = || self.entries.first_difference(section, (range.start, range.end));
        found.or_else(entry).map(|(offset, why)| (Some(offset), why.to_owned()))
    }

    fn is_discarded(&self, section: &RawSection<'_>) -> bool {
        !self.shipped.is_module() && DISCARDED.iter().any(|start| section.name.starts_with(start))
    }

    fn place(&mut self, section: SectionId, spot: ShippedPlace, open: &mut Vec<SectionId>) {
        self.unplaced.remove(&section);
        self.places.insert(section, spot);
        open.push(section);
    }

    /// Where symbols left several places for a section, the one with the same bytes is it.
    fn choice(&self) -> Option<(SectionId, ShippedPlace)> {
        self.unplaced.iter().find_map(|(section, spots)| {
            let mut equal = spots.iter().filter(|spot| self.is_there(*section, **spot));
            let first = equal.next()?;
            equal.next().is_none().then_some((*section, *first))
        })
    }

    /// Whether `section`, which is not empty, can be at `spot`.
    fn is_there(&self, section: SectionId, spot: ShippedPlace) -> bool {
        let size = self.object.section(section).data.len() as u64;
        size > 0 && self.plain_bytes_are_equal(section, &TableStretch { start: 0, end: size }, spot)
    }

    /// Whether all of that part is equal in which there is no relocation, if the section is at `base`.
    fn plain_bytes_are_equal(
        &self,
        section: SectionId,
        part: &TableStretch,
        base: ShippedPlace,
    ) -> bool {
        let Some((ours, theirs)) = self.both(section, part, base) else { return false };
        let covered = covered(&self.relas(section));
        let same =
            |(at, (ours, theirs)): (u64, (&u8, &u8))| ours == theirs || covered.contains(&at);
        (part.start..).zip(ours.iter().zip(theirs)).all(same)
    }

    /// That part of the object, and what is there in what was shipped, if the section is at `base`.
    fn both(
        &self,
        section: SectionId,
        part: &TableStretch,
        base: ShippedPlace,
    ) -> Option<(&'o [u8], &'s [u8])> {
        let header = self.object.section(section);
        let ours =
            header.data.get(usize::try_from(part.start).ok()?..usize::try_from(part.end).ok()?)?;
        Some((ours, self.shipped.bytes(base.plus(part.start.cast_signed()), ours.len())?))
    }

    fn relas(&self, section: SectionId) -> Vec<RawRela> {
        let mut relas: Vec<RawRela> = self.object.relas_of(section).collect();
        relas.sort_by_key(|rela| rela.offset);
        relas
    }

    fn section(&mut self, section: SectionId, open: &mut Vec<SectionId>) {
        let spot = self.places.get(&section).copied();
        let size = self.object.section(section).data.len() as u64;
        // Zeroed memory has nothing to compare.
        if let Some(spot) = spot.filter(|_| size > 0) {
            self.stretch(section, &TableStretch { start: 0, end: size }, spot, open);
        }
    }

    /// Compares that part of `section`, which is at `base`.
    fn stretch(
        &mut self,
        section: SectionId,
        part: &TableStretch,
        base: ShippedPlace,
        open: &mut Vec<SectionId>,
    ) {
        let Some((ours, theirs)) = self.both(section, part, base) else {
            self.differ(section, part.start, "what was shipped ends there".to_owned());
            return;
        };
        let relas = self.relas(section);
        let covered = covered(&relas);
        let mut skip = 0;
        for (index, (byte, shipped)) in ours.iter().zip(theirs).enumerate() {
            let at = part.start.saturating_add(index as u64);
            if at < skip || covered.contains(&at) {
                continue;
            }
            if let Some(length) =
                self.is_jump_label(section, at, (&ours[index..], &theirs[index..]))
            {
                skip = at.saturating_add(length);
                continue;
            }
            let extra = self.shipped.rela(base.plus(at.cast_signed()));
            let extra = extra.is_some_and(|rela| rela.kind != NOTHING);
            if byte != shipped || extra {
                let why = if extra {
                    "a relocation where the object has a number".to_owned()
                } else {
                    format!("{byte:02x} here, {shipped:02x} there")
                };
                self.differ(section, at, why);
            }
        }
        for rela in relas.iter().filter(|rela| (part.start..part.end).contains(&rela.offset)) {
            if let Err(why) = self.reference(section, base, rela, open) {
                self.differ(section, rela.offset, why);
            }
        }
    }

    fn differ(&mut self, section: SectionId, at: u64, why: String) {
        let name = self.object.section(section).name_lossy();
        if !self.entries.differ(section, at, &name, &why) {
            self.differences.entry(section.at(at)).or_insert(why);
        }
    }

    /// The rule `jump-label-instruction`: objtool makes the jump a NOP, in the object or in the linked kernel.
    fn is_jump_label(&self, section: SectionId, at: u64, both: (&[u8], &[u8])) -> Option<u64> {
        self.jump_labels.contains(&section.at(at)).then_some(())?;
        jump_or_nop(both.0, both.1)
    }

    /// Whether the field of `ours` in the section `holder` leads where it should.
    fn reference(
        &mut self,
        holder: SectionId,
        base: ShippedPlace,
        ours: &RawRela,
        open: &mut Vec<SectionId>,
    ) -> Result<(), String> {
        if ours.kind == 0 {
            return Ok(());
        }
        let field =
            RelocField::of(ours.kind).ok_or("a relocation of a kind that is not known here")?;
        let spot = base.plus(ours.offset.cast_signed());
        let object = self.object;
        let symbol = object.symbol_of(ours).ok_or("a relocation without a symbol")?;
        let found = match field.leads_to(self.shipped, spot, ours) {
            Ok(found) => found,
            Err(why) => return Err(format!("{why} there, {} here", describe(symbol))),
        };
        match symbol.place {
            SymbolPlace::Section(section) => {
                let of = object.section(section);
                let is_weak_elsewhere = symbol.binding == WEAK
                    && self.shipped.named(symbol.name).iter().any(|(at, _)| *at == found);
                if is_weak_elsewhere {
                    return Ok(());
                }
                if of.flags & MERGE != 0 {
                    return self.merged(of, holder, symbol, ours, found);
                }
                let start = found.plus(symbol.value.wrapping_neg().cast_signed());
                self.belongs(section, start, symbol, open)
            }
            SymbolPlace::Undefined => self.outside(symbol, found),
            SymbolPlace::Absolute => {
                let same = found == ShippedPlace::At(None, symbol.value);
                same.then_some(()).ok_or_else(|| "another number".to_owned())
            }
            _ => Err("a symbol of a kind that is not known here".to_owned()),
        }
    }

    /// `section` starts at `start`, says a reference.
    fn belongs(
        &mut self,
        section: SectionId,
        start: ShippedPlace,
        symbol: &RawSymbol<'_>,
        open: &mut Vec<SectionId>,
    ) -> Result<(), String> {
        match self.places.get(&section) {
            Some(known) if *known == start => Ok(()),
            Some(_) => {
                Err(format!("it leads to another place than {}", self.name(section, symbol)))
            }
            None => {
                let header = self.object.section(section);
                // A linker leaves out what is there twice, and weak code for what is strong.
                if header.data.is_empty() || self.is_there(section, start) {
                    self.place(section, start, open);
                    return Ok(());
                }
                Err(format!("other bytes are there than those of {}", self.name(section, symbol)))
            }
        }
    }

    fn name(&self, section: SectionId, symbol: &RawSymbol<'_>) -> String {
        let is_section = symbol.name.is_empty();
        let name = if is_section {
            self.object.section(section).name_lossy()
        } else {
            symbol.name_lossy()
        };
        name.into_owned()
    }

    /// A reference into merged strings or constants: what is there has to be the same.
    fn merged(
        &self,
        of: &RawSection<'_>,
        holder: SectionId,
        symbol: &RawSymbol<'_>,
        ours: &RawRela,
        found: ShippedPlace,
    ) -> Result<(), String> {
        let merged = Merged { section: of, symbol, rela: ours };
        let is_same = || {
            let (element, distance) = merged.element(self.behind(holder, ours)?)?;
            Some(self.shipped.rest(found.plus(distance))?.get(..element.len())? == element)
        };
        let same = is_same() == Some(true);
        same.then_some(()).ok_or_else(|| "another string or constant".to_owned())
    }

    /// What the processor adds to the field of `rela`: in an instruction it counts from the next one.
    fn behind(&self, section: SectionId, rela: &RawRela) -> Option<i64> {
        let header = self.object.section(section);
        if !header.is_code() || !RelocField::of(rela.kind)?.relative {
            return Some(0);
        }
        let mut before = self.starts.range(section.at(0)..=section.at(rela.offset));
        let start = before.next_back().map_or(0, |start| start.offset);
        let code = header.data.get(usize::try_from(start).ok()?..)?;
        behind(code, rela.offset.checked_sub(start)?)
    }

    /// A reference to what the object does not define.
    fn outside(&mut self, symbol: &RawSymbol<'o>, found: ShippedPlace) -> Result<(), String> {
        if let ShippedPlace::Outside(theirs, 0) = found {
            let theirs = self.shipped.outside(theirs);
            let same = theirs == symbol.name;
            return same.then_some(()).ok_or_else(|| {
                format!("{} there, {} here", String::from_utf8_lossy(theirs), symbol.name_lossy())
            });
        }
        let named = self.shipped.named(symbol.name);
        if named.iter().any(|(spot, _)| *spot == found) {
            return Ok(());
        }
        if !named.is_empty() {
            return Err(format!("something else than {}", symbol.name_lossy()));
        }
        // Kallsyms leaves out some names; then all references have to agree.
        let known = *self.outside.entry(symbol.name).or_insert(found);
        (known == found)
            .then_some(())
            .ok_or_else(|| format!("another place than where {} was before", symbol.name_lossy()))
    }
}

fn describe(symbol: &RawSymbol<'_>) -> String {
    if symbol.name.is_empty() {
        "a place of the object".to_owned()
    } else {
        symbol.name_lossy().into_owned()
    }
}

fn starts(object: &RawElf<'_>) -> BTreeSet<Place> {
    let functions = object.symbols.iter().filter(|symbol| symbol.is_function());
    let places = functions.filter_map(|symbol| match symbol.place {
        SymbolPlace::Section(section) => Some(section.at(symbol.value)),
        _ => None,
    });
    places.collect()
}

/// The bytes that relocations write.
fn covered(relas: &[RawRela]) -> BTreeSet<u64> {
    let widths =
        relas.iter().filter_map(|rela| Some((rela.offset, RelocField::of(rela.kind)?.width)));
    widths.flat_map(|(at, width)| at..at.saturating_add(width as u64)).collect()
}
