//! The instructions of a stretch of code that count, and where control cannot tell places apart.

use smallvec::SmallVec;

use crate::arch::{Arch, Decoded, DisplacementUse, Form, Instructions, Mask, for_machine};
use crate::elf::{Place, Reloc, RelocKind, Section, SectionId};
use crate::slices::SliceParts as _;

use super::names;
use super::side::{ByteRange, ProofSide};
use super::table::TableKind;
use super::target::{self, MemoryUse, Target};

/// What is special about an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InstRole {
    Plain,
    /// The call of the function tracer, or the NOP in its place.
    Trace,
    /// A jump label: a jump or a NOP of either length.
    Free,
    /// No instructions: bytes that are read, or that cannot be decoded.
    Data,
}

/// One instruction that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inst {
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) form: Form,
    pub(super) ends: bool,
    pub(super) role: InstRole,
}

impl Inst {
    pub(super) fn range(&self, section: SectionId) -> ByteRange {
        ByteRange { section, start: self.at, end: self.at.saturating_add(self.len) }
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self.form, Form::Branch { call: true, .. })
    }
}

/// A field of an instruction that refers to something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand<'a> {
    pub(super) at: u64,
    pub(super) mask: Mask,
    /// What relocates it, if anything does.
    pub(super) kind: Option<RelocKind>,
    pub(super) target: Target<'a>,
    pub(super) usage: MemoryUse,
    /// Something starts at the target: its address is taken, or an array is indexed there, element by element.
    pub(super) starts: bool,
}

/// A field of an instruction, before it is known what stands at the place that it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct OperandField {
    pub(super) at: u64,
    pub(super) mask: Mask,
    refers: Refers,
    usage: MemoryUse,
    starts: bool,
}

/// How a field refers to something.
#[derive(Debug, Clone, Copy)]
enum Refers {
    /// By the relocation of this number among those of the instruction, and what is added to its own reading.
    Reloc(usize, i64),
    /// By this distance from the start of the instruction.
    Distance(i64),
}

impl OperandField {
    /// What it refers to in the instruction at `at`, which can be another copy of the one that it was read from, with
    /// these relocations; nothing where they are fewer.
    pub(super) fn operand<'a>(
        &self,
        side: &ProofSide<'a>,
        Place { section, offset: at }: Place,
        relocs: &[Reloc],
    ) -> Option<Operand<'a>> {
        let (kind, target) = match self.refers {
            Refers::Reloc(number, bias) => {
                let reloc = relocs.get(number)?;
                (Some(reloc.kind), target::of(side.object, reloc, bias))
            }
            Refers::Distance(distance) => {
                let offset = at.cast_signed().wrapping_add(distance);
                (None, Target::Place { section, offset, symbol: None })
            }
        };
        let Self { at, mask, usage, starts, .. } = *self;
        Some(Operand { at, mask, kind, target, usage, starts })
    }
}

/// The relocations of an instruction.
pub(super) type Relocated = SmallVec<[Reloc; 2]>;

/// The relocations of `inst` that do anything.
pub(super) fn relocs(of: &Section<'_>, inst: &Inst) -> Relocated {
    let relocs = of.relocs.within(inst.at, inst.at.saturating_add(inst.len));
    relocs.filter(|reloc| reloc.kind != RelocKind::None).collect()
}

/// What `inst` refers to.
pub(super) fn operands<'a>(
    side: &ProofSide<'a>,
    section: SectionId,
    inst: &Inst,
) -> SmallVec<[Operand<'a>; 2]> {
    let of = side.section(section);
    let relocs = relocs(of, inst);
    let fields = fields(side, of, inst, &relocs);
    fields.iter().filter_map(|field| field.operand(side, section.at(inst.at), &relocs)).collect()
}

/// The fields of `inst` that refer to something; `relocs` are its relocations.
fn fields(
    side: &ProofSide<'_>,
    of: &Section<'_>,
    inst: &Inst,
    relocs: &[Reloc],
) -> SmallVec<[OperandField; 2]> {
    if inst.role == InstRole::Data {
        return of_data(inst, relocs);
    }
    let code = of.in_file(inst.at, inst.at.saturating_add(inst.len));
    for_machine!(side.object.machine, A => of_code::<A>(code, inst, relocs))
}

fn of_code<A: Arch>(code: &[u8], inst: &Inst, relocs: &[Reloc]) -> SmallVec<[OperandField; 2]> {
    let mut reader = A::Instructions::new(code, inst.at);
    match reader.next() {
        Some(Ok(decoded)) => of_instruction(&mut reader, &decoded, inst, relocs),
        _ => SmallVec::new(),
    }
}

pub(super) fn of_data(inst: &Inst, relocs: &[Reloc]) -> SmallVec<[OperandField; 2]> {
    let field = |(number, reloc): (usize, &Reloc)| OperandField {
        at: reloc.offset.saturating_sub(inst.at),
        mask: reloc.kind.mask(),
        refers: Refers::Reloc(number, 0),
        usage: MemoryUse::Address,
        starts: true,
    };
    relocs.iter().enumerate().map(field).collect()
}

/// The fields of the instruction that `reader` has decoded last.
pub(super) fn of_instruction<'c>(
    reader: &mut impl Instructions<'c>,
    decoded: &Decoded,
    inst: &Inst,
    relocs: &[Reloc],
) -> SmallVec<[OperandField; 2]> {
    let mut found = SmallVec::new();
    let branch = match decoded.form {
        Form::Branch { target, .. } => Some((reader.distance(), target)),
        _ => None,
    };
    // Most references are calls, of which there is no more to know.
    let (displacement, ip_target, reach, starts) = if branch.is_some() {
        (None, None, MemoryUse::Branch, false)
    } else {
        let fields = reader.operands();
        let reach = reader.reach();
        let starts = matches!(reach, DisplacementUse::Address | DisplacementUse::Elements);
        let reach = match reach {
            DisplacementUse::Address => MemoryUse::Address,
            DisplacementUse::Exactly(bytes) => MemoryUse::Load(bytes),
            DisplacementUse::Elements | DisplacementUse::Further => MemoryUse::Indexed,
        };
        (fields.displacement, fields.ip_target, reach, starts)
    };
    let mut is_relocated = false;
    for (number, reloc) in relocs.iter().enumerate() {
        let at = reloc.offset.saturating_sub(inst.at);
        let is_displacement = displacement.is_some_and(|field| u64::from(field.offset) == at);
        let of_next = branch.is_some()
            || is_displacement && decoded.is_ip_relative && reloc.kind.is_relative();
        let bias = if of_next { inst.len.saturating_sub(at).cast_signed() } else { 0 };
        let usage = match branch {
            Some(_) => MemoryUse::Branch,
            None if is_displacement => reach,
            None => MemoryUse::Address,
        };
        is_relocated |= is_displacement;
        found.push(OperandField {
            at,
            mask: reloc.kind.mask(),
            refers: Refers::Reloc(number, bias),
            usage,
            starts: if is_displacement { starts } else { usage == MemoryUse::Address },
        });
    }
    let distance = |to: u64| Refers::Distance(to.wrapping_sub(inst.at).cast_signed());
    match (branch, displacement, ip_target) {
        (Some((Some(field), target)), ..) if relocs.is_empty() => found.push(OperandField {
            at: u64::from(field.offset),
            mask: field.mask,
            refers: distance(target),
            usage: MemoryUse::Branch,
            starts: false,
        }),
        (None, Some(field), Some(target)) if !is_relocated => {
            let (at, mask) = (u64::from(field.offset), field.mask);
            found.push(OperandField { at, mask, refers: distance(target), usage: reach, starts });
        }
        _ => {}
    }
    found
}

/// Places in a stretch of code that are more than padding, in order.
struct Marks {
    places: Vec<u64>,
    /// Behind these, all NOPs count up to the first other instruction.
    runs: Vec<u64>,
    free: Vec<u64>,
    traced: Vec<u64>,
}

fn marks(side: &ProofSide<'_>, range: ByteRange) -> Marks {
    let mut marks =
        Marks { places: Vec::new(), runs: Vec::new(), free: Vec::new(), traced: Vec::new() };
    for (_, entry) in side.entries_in(range) {
        if entry.table.counts_nop() {
            marks.places.push(entry.offset);
        }
        match entry.table {
            TableKind::Patchable => marks.runs.push(entry.offset),
            TableKind::Tracing => marks.traced.push(entry.offset),
            TableKind::JumpLabels if entry.is_free => marks.free.push(entry.offset),
            // The fixup is a place where control arrives, between this NOP and what is before it.
            _ => {}
        }
    }
    let symbols = side.symbols(range.section, range.start, range.end);
    let named = symbols.filter(|(_, symbol)| !names::is_temporary(symbol.name));
    // All of a function starts with its name.
    let inner = named.map(|(_, symbol)| symbol.value).filter(|value| *value > range.start);
    marks.places.extend(inner);
    marks.places.extend(side.listed(range));
    marks.places.sort_unstable();
    marks
}

/// Whether the call at a place is that of the function tracer.
fn is_trace_call(side: &ProofSide<'_>, section: SectionId, inst: &Inst) -> bool {
    let reloc = side.section(section).relocs.at(inst.at.saturating_add(1));
    let symbol = reloc.map(|reloc| side.object.symbol(reloc.symbol));
    inst.is_call() && symbol.is_some_and(|symbol| matches!(symbol.name, b"__fentry__" | b"mcount"))
}

/// All instructions of `range`, NOPs too.
fn all(side: &ProofSide<'_>, range: ByteRange) -> Vec<Inst> {
    for_machine!(side.object.machine, A => all_of::<A>(side, range))
}

fn all_of<A: Arch>(side: &ProofSide<'_>, range: ByteRange) -> Vec<Inst> {
    let section = side.section(range.section);
    let code = section.in_file(range.start, range.end);
    let mut reader = A::Instructions::new(code, range.start);
    let mut found = Vec::new();
    while let Some(decoded) = reader.next() {
        let place = reader.place();
        let (at, len) = (place.start, place.end.min(range.end) - place.start);
        found.push(match decoded {
            Ok(it) => Inst { at, len, form: it.form, ends: it.ends_flow, role: InstRole::Plain },
            Err(_) => Inst { at, len, form: Form::Plain, ends: true, role: InstRole::Data },
        });
    }
    found
}

/// The instructions of `range` that count.
pub(super) fn counted(side: &ProofSide<'_>, range: ByteRange) -> Vec<Inst> {
    let marks = marks(side, range);
    let all = all(side, range);
    let data = data(side, range, &all);
    let relocs = &side.section(range.section).relocs;
    let mut found: Vec<Inst> = Vec::with_capacity(all.len());
    let mut in_run = false;
    for mut inst in all {
        // They are in order and apart.
        let stretch = data.get(data.partition_point(|it| it.end <= inst.at));
        if let Some(stretch) = stretch.filter(|it| it.contains(range.section, inst.at)) {
            if inst.at == stretch.start {
                let (at, len) = (stretch.start, stretch.len());
                found.push(Inst { at, len, form: Form::Plain, ends: true, role: InstRole::Data });
            }
            continue;
        }
        let has = |places: &[u64]| places.binary_search(&inst.at).is_ok();
        let is_nop = inst.form == Form::Nop;
        in_run = is_nop && (in_run || has(&marks.runs));
        let end = inst.at.saturating_add(inst.len);
        let is_relocated = || relocs.within(inst.at, end).next().is_some();
        if is_nop && !in_run && !has(&marks.places) && !is_relocated() {
            continue;
        }
        if has(&marks.free) && (is_nop || matches!(inst.form, Form::Branch { call: false, .. })) {
            inst.role = InstRole::Free;
        } else if is_nop && has(&marks.traced) || is_trace_call(side, range.section, &inst) {
            inst.role = InstRole::Trace;
        }
        found.push(inst);
    }
    found
}

/// Stretches that are read as data: behind an instruction that ends the flow, at a place that the code itself or, by a
/// relocation, other code refers to other than by a branch, up to where a branch leads. Each starts with an instruction: what
/// is before a place in the middle of one is compared as code.
fn data(side: &ProofSide<'_>, range: ByteRange, all: &[Inst]) -> Vec<ByteRange> {
    let section = side.section(range.section);
    let mut read: Vec<u64> = side.held(range).filter(|at| *at != range.start).collect();
    let mut entered = vec![range.end];
    let mut relocs = section.relocs.within(range.start, range.end).peekable();
    for inst in all {
        let end = inst.at.saturating_add(inst.len);
        let mut is_relocated = false;
        while relocs.next_if(|reloc| reloc.offset < end).is_some() {
            is_relocated = true;
        }
        // Without a relocation, only these refer to anything: `lea` and loads relative to the next instruction.
        let can_refer = is_relocated
            || matches!(inst.form, Form::Branch { .. })
            || section.bytes(inst.at, inst.len).is_some_and(
                |code| for_machine!(side.object.machine, A => is_ip_relative::<A>(code)),
            );
        if !can_refer {
            continue;
        }
        for operand in operands(side, range.section, inst) {
            if let Target::Place { section, offset, .. } = operand.target
                && let Ok(offset) = u64::try_from(offset)
                && range.contains(section, offset)
            {
                if operand.usage == MemoryUse::Branch { &mut entered } else { &mut read }
                    .push(offset);
            }
        }
    }
    entered.sort_unstable();
    for place in &mut read {
        let next = all.get(all.partition_point(|inst| inst.at < *place));
        *place = next.map_or(range.end, |inst| inst.at);
    }
    read.sort_unstable();
    read.dedup();
    let mut found: Vec<ByteRange> = Vec::new();
    for start in read {
        if entered.binary_search(&start).is_ok()
            || found.last().is_some_and(|last| last.contains(range.section, start))
        {
            continue;
        }
        let before = all.ending(all.partition_point(|inst| inst.at < start));
        let follows = before.iter().rev().find(|inst| inst.form != Form::Nop);
        if follows.is_some_and(|inst| inst.ends) {
            let next = entered.get(entered.partition_point(|at| *at <= start));
            let end = next.copied().unwrap_or(range.end);
            found.push(ByteRange { section: range.section, start, end });
        }
    }
    found
}

/// Whether the instruction `code` has an operand relative to where it stands.
fn is_ip_relative<A: Arch>(code: &[u8]) -> bool {
    let first = A::Instructions::new(code, 0).next();
    first.is_some_and(|it| it.is_ok_and(|it| it.is_ip_relative))
}

/// Where straight-line code from a place ends: behind what ends the flow, or at `limit`.
pub(super) fn straight(side: &ProofSide<'_>, section: SectionId, start: u64, limit: u64) -> u64 {
    for_machine!(side.object.machine, A => straight_of::<A>(side, section, start, limit))
}

fn straight_of<A: Arch>(side: &ProofSide<'_>, section: SectionId, start: u64, limit: u64) -> u64 {
    let of = side.section(section);
    let limit = limit.min(of.size);
    let code = of.in_file(start, limit);
    let mut reader = A::Instructions::new(code, start);
    for decoded in reader.by_ref() {
        if decoded.is_err() || decoded.is_ok_and(|it| it.ends_flow) {
            break;
        }
    }
    reader.place().end.min(limit.max(start))
}
