//! How much data a reference means where no claim says so.

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::elf::{Reloc, SectionId, SymbolKind};
use crate::ids::List;
use crate::slices::SliceParts as _;

use super::align;
use super::described;
use super::side::{ByteRange, ProofSide};
use super::target::{self, MemoryUse, Target};
use super::walk;
use super::x86_64;

/// What a reference to data means.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReferenceExtent {
    /// The object. The place that is referred to need not be inside.
    pub(super) range: ByteRange,
    /// Its end is known, not only that it is not behind this one.
    pub(super) known: bool,
    /// The place is outside of the one object of its section: that is meant, whatever else the place could be in a
    /// section of several.
    pub(super) is_outside: bool,
}

/// Where data without a name is entered, of each section in order: the place, and whether its address is taken (and
/// not only something indexed from there).
pub(super) type EnteredData = List<SectionId, Vec<(u64, bool)>>;

/// Finds where unclaimed data is entered.
pub(super) fn entered(side: &ProofSide<'_>) -> EnteredData {
    use rayon::prelude::*;
    let sections = &side.object.sections;
    let parts = sections.par_with_ids().flat_map_iter(
        |(_, id)| for_machine!(side.object.machine, A => entered_from::<A>(side, id)),
    );
    let mut found: EnteredData = sections.alongside();
    for (section, at, is_taken) in parts.collect::<Vec<_>>() {
        found[section].push((at, is_taken));
    }
    for list in &mut found {
        // Where both are, the taken address is first.
        list.sort_unstable_by_key(|(at, is_taken)| (*at, !is_taken));
        list.dedup_by_key(|(at, _)| *at);
    }
    found
}

/// Whether one unit is around all places that an instruction can mean by `reloc`.
fn is_within_unit(side: &ProofSide<'_>, reloc: &Reloc) -> bool {
    let Target::Place { section, offset, .. } = target::of(side.object, reloc, 0) else {
        return false;
    };
    u64::try_from(offset).is_ok_and(|at| {
        let units = side.units_at(section, at);
        units.iter().any(|unit| unit.end > at.saturating_add(12))
    })
}

fn entered_from<A: Arch>(side: &ProofSide<'_>, number: SectionId) -> Vec<(SectionId, u64, bool)> {
    let mut found = Vec::new();
    let section = side.section(number);
    let is_plain =
        |section: SectionId| !side.is_code(section) && !side.section(section).is_merged();
    let interesting = |target: &Target<'_>| {
        let Target::Place { section, offset, .. } = *target else { return None };
        let at = u64::try_from(offset).ok().filter(|_| is_plain(section))?;
        (at < side.size(section) && side.units_at(section, at).is_empty()).then_some((section, at))
    };
    let leads_to_plain = |reloc: &Reloc| {
        let near = target::of(side.object, reloc, 0);
        matches!(near, Target::Place { section, .. } if is_plain(section))
    };
    // The target can lie 4 bytes and an operand further than the symbol and addend say.
    let is_near = |reloc: &Reloc| {
        let at = |bias: i64| interesting(&target::of(side.object, reloc, bias));
        leads_to_plain(reloc)
            && !is_within_unit(side, reloc)
            && (0..=12).any(|bias| at(bias).is_some())
    };
    let all = ByteRange { section: number, start: 0, end: section.size };
    let mut done = 0;
    for reloc in align::relocs(side, all) {
        if section.is_code() && reloc.offset < done || !is_near(&reloc) {
            continue;
        }
        if !section.is_code() {
            if let Some((section, at)) = interesting(&target::of(side.object, &reloc, 0)) {
                found.push((section, at, true));
            }
            continue;
        }
        // All that this function refers to, at once.
        let unit = side.units_at(number, reloc.offset).first().copied();
        let range = match unit {
            Some(unit) => ByteRange { section: number, start: unit.start, end: unit.end },
            None => match side.sized_symbol(number, reloc.offset) {
                Some(symbol) if symbol.kind == SymbolKind::Function => {
                    ByteRange { section: number, start: symbol.value, end: symbol.end() }
                }
                _ => ByteRange {
                    section: number,
                    start: reloc.offset.saturating_sub(64).max(done),
                    end: reloc.offset.saturating_add(16).min(section.size),
                },
            },
        };
        done = done.max(range.end).max(reloc.offset.saturating_add(1));
        let code = section.in_file(range.start, range.end);
        let mut reader = A::Instructions::new(code, range.start);
        let mut relocs = align::relocs(side, range).peekable();
        let mut argument = None;
        while relocs.peek().is_some() {
            let limit = relocs.peek().map_or(0, |next| next.offset.saturating_sub(range.start));
            reader.plain(usize::try_from(limit).unwrap_or(usize::MAX), |_, _, _| {});
            let start = reader.offset();
            let Some(decoded) = reader.next() else { break };
            let std::ops::Range { start: at, end } = reader.place();
            let own: walk::Relocated =
                std::iter::from_fn(|| relocs.next_if(|reloc| reloc.offset < end)).collect();
            for reloc in &own {
                let name = side.object.symbol(reloc.symbol).name;
                if let Some((place, bytes)) = argument.zip(described::read_by(name)) {
                    described::ends(side, place, bytes, &mut found);
                }
            }
            if decoded.is_ok_and(|it| it.ends_flow || matches!(it.form, Form::Branch { .. })) {
                argument = None;
            }
            let Some(it) = decoded.ok().filter(|_| own.iter().any(leads_to_plain)) else {
                continue;
            };
            let (len, role) = (end.saturating_sub(at), walk::InstRole::Plain);
            let inst = walk::Inst { at, len, form: it.form, ends: it.ends_flow, role };
            for field in walk::of_instruction(&mut reader, &it, &inst, &own) {
                let operand = field.operand(side, number.at(at), &own);
                let place = operand.and_then(|it| Some((interesting(&it.target)?, it.starts)));
                if let Some(((section, place), starts)) = place {
                    found.push((section, place, starts));
                    if x86_64::loads_first(code.starting(start)) {
                        argument = Some(section.at(place));
                    }
                }
            }
        }
    }
    found
}

/// What a reference to a place means.
pub(super) fn extent(
    side: &ProofSide<'_>,
    entered: &EnteredData,
    section: SectionId,
    offset: i64,
    usage: MemoryUse,
) -> ReferenceExtent {
    let number = section;
    let limit = side.size(number);
    let known = |start: u64, end: u64| ReferenceExtent {
        range: ByteRange { section: number, start, end: end.max(start) },
        known: true,
        is_outside: false,
    };
    let section = side.section(number);
    let list = entered.get(number).map_or(&[][..], Vec::as_slice);
    let is_one = || {
        (section.name.starts_with(b".rodata..") || matches!(list, [(0, _)] | []))
            && side.units(number).is_empty()
            && side.symbols(number, 1, u64::MAX).next().is_none()
    };
    let Some(at) = u64::try_from(offset).ok().filter(|at| *at < limit || *at == 0) else {
        if is_one() {
            return ReferenceExtent { is_outside: true, ..known(0, limit) };
        }
        let start = u64::try_from(offset).map_or(0, |at| at.min(limit));
        return ReferenceExtent { known: false, ..known(start, limit) };
    };
    if let MemoryUse::Load(bytes) = usage {
        return known(at, at.saturating_add(u64::from(bytes)));
    }
    if let Some(unit) = side.units_at(number, at).first() {
        return known(unit.start, unit.end);
    }
    if section.is_strings() {
        let nul = section.string_end(at);
        let end = nul.map_or(limit, |nul| nul.saturating_add(section.entsize));
        return known(at, end.min(limit));
    }
    if section.is_merged() && section.entsize > 0 {
        let start = at.saturating_sub(at % section.entsize);
        return known(start, start.saturating_add(section.entsize).min(limit));
    }
    if let Some(symbol) = side.sized_symbol(number, at) {
        return known(symbol.value, symbol.end().min(limit));
    }
    if is_one() {
        return known(0, limit);
    }
    let units = side.units(number);
    let unit = units.get(units.partition_point(|unit| unit.start <= at));
    let unit = unit.map_or(u64::MAX, |unit| unit.start);
    let end = side.next_symbol(number, at).min(unit).min(limit);
    ReferenceExtent {
        range: ByteRange { section: number, start: at, end: end.max(at) },
        known: false,
        is_outside: false,
    }
}
