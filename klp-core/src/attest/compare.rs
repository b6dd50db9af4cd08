//! Is a piece of the module what the patched object has?

use std::collections::BTreeMap;

use super::Fault;
use super::alike::bytes;
use super::judge::{Judge, JudgedId, ObjectExtent, PairedField};
use super::reference::livepatch_name;
use super::tables::{ALTERNATIVES, FENTRIES, LABELS, REPLACEMENTS, STATIC_CALLS};
use super::thing::Meaning;
use super::view::{FieldUse, FileView, SectionExtent, SymbolOffset};
use super::x86_64::{CALL, JUMP, NOP2, NOP5, SHORT_JUMP, label_length};
use crate::elf::Place;
use crate::elf::{Definition, Reloc, RelocKind, Section, SectionId};

/// In a key's address: the branch is likely, and objtool may write a NOP for the jump.
const KEY_FLAGS: i64 = 3;
const KEY_HACK: i64 = 2;

/// The relocations of a piece, also those that an assembler saved itself, by their offsets in it; and how they are used.
fn fields(
    view: &FileView<'_>,
    section: &Section<'_>,
    extent: SectionExtent,
) -> (BTreeMap<u64, Reloc>, BTreeMap<u64, FieldUse>) {
    let mut uses = view.uses(extent);
    let mut fields = relocs(section, extent.start, extent.size());
    for reloc in view.escapes(extent) {
        let branch = FieldUse { behind: reloc.kind.width(), branch: true, ..FieldUse::default() };
        uses.insert(reloc.offset, branch);
        fields.insert(reloc.offset.saturating_sub(extent.start), reloc);
    }
    (fields, uses)
}

const SHORTER: &str = "it is shorter than in the patched object";
const OTHER_KIND: &str = "it is code in one of both, the module and the patched object, only";
const STRAYS: &str = "it leads to something beside it that has no name";

impl Judge<'_> {
    /// Compares what the module has at `at`.
    pub(super) fn compare(&mut self, (number, extent): ObjectExtent, at: Place) {
        let piece = (number, extent);
        let source = &self.sources[number];
        let (here, there) =
            (source.patched.section(extent.section), self.module.section(at.section));
        let size = extent.size();
        let (Some(was), Some(is)) =
            (bytes(here, extent.start, size), bytes(there, at.offset, size))
        else {
            return self.other(piece, extent.start, SHORTER);
        };
        if here.is_code() != there.is_code() {
            return self.other(piece, extent.start, OTHER_KIND);
        }
        let stray = source.patched.strays(extent).and_then(|at| at.checked_sub(extent.start));
        let (before, decoded) = fields(&source.patched, here, extent);
        let name = String::from_utf8_lossy(here.name).into_owned();
        let mut after = relocs(there, at.offset, size);
        let mut covered = vec![false; was.len()];
        let mut cover = |from: u64, len: u64| {
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let len = usize::try_from(len).unwrap_or(0);
            covered.iter_mut().skip(from).take(len).for_each(|byte| *byte = true);
        };
        let labels = self.labels(number, extent);
        let mut fields = Vec::new();
        let (mut missing, mut filled) = (None, None);
        let mut static_calls = Vec::new();
        let mut untraced = Vec::new();
        for (offset, patched) in &before {
            let used = decoded.get(&patched.offset).copied().unwrap_or_default();
            let callee = source.patched.symbol(patched.symbol).name;
            if let Some(call) = callee.strip_prefix(b"__SCT__")
                && used.branch
            {
                static_calls.push((offset.saturating_sub(1), call.to_vec()));
            }
            let opcode = offset.checked_sub(1).unwrap_or(u64::MAX);
            let is_nop = |len: u64| is_nop(slice(&is, opcode, len));
            let is_call = slice(&was, opcode, 1) == [CALL];
            let is_absent = self.is_absent(number, patched, used);
            let is_number = |it: &Reloc| it.symbol.number() == 0 && it.addend == patched.addend;
            if is_absent && used.branch && is_call && is_nop(5) {
                // The call that is behind a test for the address 0.
                cover(opcode, 5);
            } else if is_absent && after.get(offset).is_some_and(is_number) {
                after.remove(offset);
                cover(*offset, patched.kind.width());
            } else if let Some(module) = after.remove(offset) {
                let width = patched.kind.width();
                cover(*offset, width);
                if slice(&is, *offset, width).iter().any(|byte| *byte != 0) {
                    filled.get_or_insert(*offset);
                }
                let flags = flags(&name, *offset);
                fields.push(PairedField { piece, patched: *patched, module, used, flags });
            } else if callee == b"__fentry__" && is_call && is_nop(5) {
                cover(opcode, 5);
                untraced.push(opcode);
            } else if labels.contains_key(&opcode) && is_nop(5) {
                cover(opcode, 5);
            } else if name == ALTERNATIVES && *offset == 4 && replacement_length(&was) == 0 {
                // No replacement, so nothing reads where it is.
                cover(*offset, 4);
            } else if self.is_zero(number, patched, used)
                && slice(&is, *offset, patched.kind.width()).iter().all(|byte| *byte == 0)
            {
                // What nothing defines is at address 0.
                cover(*offset, patched.kind.width());
            } else if missing.is_none() {
                missing = Some(*offset);
            }
        }
        if name == ALTERNATIVES && replacement_length(&was) == 0 {
            after.remove(&4);
        }
        for offset in self.tracer_calls(&after, &was) {
            after.remove(&offset);
            cover(offset.saturating_sub(1), 5);
        }
        for (site, len) in labels.iter().filter(|label| is_same_label(*label, &was, &is)) {
            cover(*site, *len);
        }
        let first = first_difference(&was, &is, &covered);
        let more = after.keys().next().copied();
        let found = [
            (stray, STRAYS),
            (missing, "a relocation less than in the patched object"),
            (filled, "a number in a field that the patched object leaves to the linker"),
            (more, "a relocation more than in the patched object"),
            (first, "other bytes than in the patched object"),
        ];
        let found = found.into_iter().find_map(|(offset, what)| Some((offset?, what)));
        if let Some((offset, what)) = found {
            self.other(piece, extent.start.saturating_add(offset), what);
        }
        self.sites((number, extent), at, &untraced, static_calls);
        for field in fields {
            if name == ALTERNATIVES && field.patched.offset.saturating_sub(extent.start) == 4 {
                self.replacement_code(field, &was);
            } else {
                self.reference(field);
            }
        }
    }

    /// Calls to the tracer in code that objtool has been over once.
    fn tracer_calls(&self, relocs: &BTreeMap<u64, Reloc>, was: &[u8]) -> Vec<u64> {
        let calls = relocs.iter().filter(|(offset, reloc)| {
            let symbol = self.module.symbol(reloc.symbol).name_lossy();
            let is_tracer = symbol == "__fentry__"
                || livepatch_name(&symbol).is_some_and(|(_, name, _)| name == "__fentry__");
            is_tracer && is_nop(slice(was, offset.saturating_sub(1), 5))
        });
        calls.map(|(offset, _)| *offset).collect()
    }

    /// Notes what tables of the module must say about places in the code at `at`.
    fn sites(
        &mut self,
        (number, extent): ObjectExtent,
        at: Place,
        untraced: &[u64],
        static_calls: Vec<(u64, Vec<u8>)>,
    ) {
        if untraced.iter().any(|inside| !self.module.table_has(FENTRIES, at.plus(*inside))) {
            let what = "the entry of a function is not listed for tracing";
            let name = self.describe(number, extent.section, extent.start);
            self.find(self.object(number), name, Fault::Table, what);
        }
        let calls = static_calls.into_iter().map(|(inside, name)| (at.plus(inside), name));
        self.static_calls.extend(calls);
    }

    /// Whether a field holds the address of a weak symbol that nothing defines.
    fn is_zero(&self, number: JudgedId, reloc: &Reloc, used: FieldUse) -> bool {
        self.is_absent(number, reloc, used) && !reloc.kind.is_relative() && reloc.addend == 0
    }

    /// Whether a field leads to a weak symbol that nobody defines.
    fn is_absent(&self, number: JudgedId, reloc: &Reloc, used: FieldUse) -> bool {
        self.thing(number, SymbolOffset::of(reloc, used)) == Ok(Meaning::Nothing)
    }

    /// The code that an alternative puts in the place of other.
    fn replacement_code(&mut self, field: PairedField, entry: &[u8]) {
        let (number, _) = field.piece;
        let source = &self.sources[number];
        let view = &source.patched;
        let here = view.place(SymbolOffset::of(&field.patched, FieldUse::default()));
        let there = self.module.place(SymbolOffset::of(&field.module, FieldUse::default()));
        let length = replacement_length(entry);
        let place = |at: Option<(SectionId, i64)>, view: &FileView<'_>| {
            let (section, offset) = at?;
            let header = Some(view.section(section)).filter(|header| header.name == REPLACEMENTS);
            header.and_then(|_| Some(section.at(u64::try_from(offset).ok()?)))
        };
        match (place(here, view), place(there, &self.module)) {
            _ if length == 0 => {}
            (Some(Place { section, offset: start }), Some(at)) => {
                let end = start.saturating_add(length);
                self.copy((number, SectionExtent { section, start, end }), at);
            }
            // An alternative can be replaced by code that has a name.
            _ => self.reference(field),
        }
    }

    /// The labels of jumps in a piece: where, and how many bytes long.
    fn labels(&self, number: JudgedId, extent: SectionExtent) -> BTreeMap<u64, u64> {
        let mut labels = BTreeMap::new();
        let view = &self.sources[number].patched;
        for (_, place) in view.table_places(LABELS) {
            if extent.holds(place.section, place.offset) {
                let first = view
                    .section(place.section)
                    .bytes(place.offset, 1)
                    .and_then(<[u8]>::first)
                    .copied();
                labels.insert(place.offset.saturating_sub(extent.start), label_length(first));
            }
        }
        labels
    }

    fn other(&mut self, (number, extent): ObjectExtent, offset: u64, what: &str) {
        let place = self.describe(number, extent.section, offset);
        self.find(self.object(number), place, Fault::Content, what);
    }

    /// Each site of a static call in the module says which call it is.
    pub(super) fn static_call_sites(&mut self) {
        let mut listed = BTreeMap::new();
        for (entry, place) in self.module.table_places(STATIC_CALLS) {
            let reloc =
                self.module.section(entry.section).relocs.at(entry.offset.saturating_add(4));
            let key = reloc.and_then(|reloc| {
                let symbol = self.module.symbol(reloc.symbol).name_lossy().into_owned();
                let name = livepatch_name(&symbol).map_or(symbol.as_str(), |(_, name, _)| name);
                let name = name.strip_prefix("__SCK__").or_else(|| name.strip_prefix("__SCT__"));
                name.map(|name| name.as_bytes().to_vec())
            });
            listed.insert(place, key);
        }
        let calls = std::mem::take(&mut self.static_calls);
        for (place, name) in &calls {
            // A call that is not listed goes through the trampoline, which the kernel keeps up to date.
            if listed.get(place).is_some_and(|key| key.as_ref() != Some(name)) {
                let at = super::judge::describe(&self.module, place.section, place.offset);
                let what = format!(
                    "a call of the static call `{}` that {STATIC_CALLS} does not list as such",
                    String::from_utf8_lossy(name)
                );
                self.find("", at, Fault::Table, what);
            }
        }
        for place in listed.keys().filter(|place| !calls.contains_key(place)) {
            let at = super::judge::describe(&self.module, place.section, place.offset);
            self.find("", at, Fault::Table, format!("no static call, but {STATIC_CALLS} lists it"));
        }
    }
}

/// How long the replacement of an alternative is: the last byte of an entry, but in 5.10 the last but one, before
/// the length of the padding (`struct alt_instr` in `arch/x86/include/asm/alternative.h`).
fn replacement_length(entry: &[u8]) -> u64 {
    let at = if entry.len() == 14 { 13 } else { 11 };
    entry.get(at).copied().map_or(0, u64::from)
}

/// Where two stretches differ first, beside what is covered.
fn first_difference(was: &[u8], is: &[u8], covered: &[bool]) -> Option<u64> {
    let bytes = was.iter().zip(is).zip(covered);
    let differs = bytes.into_iter().position(|((was, is), covered)| !covered && was != is);
    differs.and_then(|offset| u64::try_from(offset).ok())
}

/// Flags that may be in the address of a field, and those that objtool may change.
fn flags(table: &str, offset: u64) -> (i64, i64) {
    match (table, offset.checked_rem(16)) {
        (LABELS, Some(8)) => (KEY_FLAGS, KEY_HACK),
        _ => (0, 0),
    }
}

/// The relocations of a part of a section, by offset in it.
fn relocs(section: &Section<'_>, start: u64, size: u64) -> BTreeMap<u64, Reloc> {
    let relocs = section.relocs.within(start, start.saturating_add(size));
    let real = relocs.filter(|reloc| reloc.kind != RelocKind::None);
    real.map(|reloc| (reloc.offset.saturating_sub(start), reloc)).collect()
}

fn slice(bytes: &[u8], from: u64, len: u64) -> &[u8] {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let to = usize::try_from(len).ok().and_then(|len| from.checked_add(len));
    to.and_then(|to| bytes.get(from..to)).unwrap_or_default()
}

/// Whether both have the same jump at a label, or objtool has made a NOP of it.
fn is_same_label((site, len): (&u64, &u64), was: &[u8], is: &[u8]) -> bool {
    let (old, new) = (slice(was, *site, *len), slice(is, *site, *len));
    old == new || is_nop(new) && (is_nop(old) || is_jump(old))
}

fn is_nop(bytes: &[u8]) -> bool {
    bytes == NOP2 || bytes == NOP5
}

fn is_jump(bytes: &[u8]) -> bool {
    matches!((bytes.first(), bytes.len()), (Some(&JUMP), 5) | (Some(&SHORT_JUMP), 2))
}

impl FileView<'_> {
    /// The entries of the tables of a name, and the code to which each belongs.
    pub(super) fn table_places(&self, name: &str) -> Vec<(Place, Place)> {
        let mut places = Vec::new();
        for (section, index) in self.elf.sections.with_ids() {
            let Some(size) = self.entry_size(index).filter(|_| section.name == name.as_bytes())
            else {
                continue;
            };
            for reloc in section.relocs.iter() {
                let starts = reloc.offset.checked_rem(size) == Some(0);
                let to = self.place(SymbolOffset::of(&reloc, FieldUse::default()));
                if let Some((to, offset)) = to.filter(|_| starts && reloc.kind != RelocKind::None)
                    && let Ok(offset) = u64::try_from(offset)
                {
                    places.push((index.at(reloc.offset), to.at(offset)));
                }
            }
        }
        places
    }

    fn table_has(&self, name: &str, place: Place) -> bool {
        self.table_places(name).iter().any(|(_, code)| *code == place)
    }

    /// The function with that place, where there is one.
    pub(super) fn is_function_start(&self, at: Place) -> bool {
        self.elf.symbols.iter().any(|symbol| {
            symbol.place == Definition::Section(at.section)
                && symbol.value == at.offset
                && symbol.kind == crate::elf::SymbolKind::Function
        })
    }
}
