//! Compares two stretches of code, given which instruction is which.

use smallvec::SmallVec;

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::elf::{Reloc, RelocKind, SymbolKind};

use super::align::{self, Alignment, Position};
use super::correspond::{self, Node, NodeNeed, Sink};
use super::difference::{Difference, DifferenceKind};
use super::names;
use super::side::{ByteRange, ProofSide};
use super::table::TableKind;
use super::tables::{ProvedEntry, ProvedField};
use super::target::{self, MemoryUse, Target};
use super::walk::{self, Inst, InstRole, Relocated};
use super::world::World;

/// Two stretches of code that are compared.
pub(super) struct CodePair<'w, 'a> {
    pub(super) world: &'w World<'a>,
    pub(super) original: ByteRange,
    pub(super) patched: ByteRange,
    pub(super) alignment: &'w Alignment,
}

/// Whether control comes to what is behind the instruction at `at`, the last of `range`. Behind a call or a trap it does not:
/// nothing says which functions do not return. A trap that warns does.
fn runs_on(side: &ProofSide<'_>, range: ByteRange, at: u64) -> bool {
    let warns = || {
        let here = ByteRange { start: at, end: at.saturating_add(1), ..range };
        let mut bugs = side.entries_in(here).filter(|(_, entry)| entry.table == TableKind::Bugs);
        bugs.any(
            |(_, entry)| matches!(entry.fields.last(), Some(ProvedField::Bits(flags)) if flags & 1 != 0),
        )
    };
    side.bytes(ByteRange { start: at, ..range }).is_some_and(|code| {
        for_machine!(side.object.machine, A => A::runs_on(&code) || A::traps(&code) && warns())
    })
}

impl<'a> CodePair<'_, 'a> {
    /// Whether all of it corresponds, if what `sink` gets does.
    pub(super) fn compare(&self, sink: &mut Sink<'a>) -> Result<(), Difference> {
        let runs_on = match self.alignment {
            Alignment::Same { .. } => {
                let [a, _] = &self.world.sides;
                for_machine!(a.object.machine, A => self.compare_same::<A>(sink))?
            }
            Alignment::Steps { original, patched } => {
                for (one, other) in original.iter().zip(patched) {
                    self.compare_instruction(one, other, sink)?;
                    if one.len != other.len {
                        sink.count("branch-encoding");
                    }
                }
                sink.count("padding");
                let last = patched.last().filter(|it| it.role != InstRole::Data);
                last.is_some_and(|it| runs_on(&self.world.sides[1], self.patched, it.at))
            }
        };
        self.compare_entries(sink)?;
        self.compare_symbols()?;
        if runs_on { self.compare_behind(sink) } else { Ok(()) }
    }

    fn offset(&self, patched: u64) -> u64 {
        patched.saturating_sub(self.patched.start)
    }

    /// Returns whether control runs on behind the end.
    fn compare_same<A: Arch>(&self, sink: &mut Sink<'a>) -> Result<bool, Difference> {
        let ByteRange { section: number, start, end } = self.original;
        let [a, b] = &self.world.sides;
        let section = a.section(number);
        let ahead = section.range(start, section.size);
        let (Some(ahead), Ok(len)) = (ahead, usize::try_from(self.original.len())) else {
            return Err(Difference::new(
                DifferenceKind::Unreadable,
                0,
                "code that is not in the file",
            ));
        };
        let mut our_relocs = align::relocs(a, self.original).peekable();
        let mut their_relocs = align::relocs(b, self.patched);
        let mut reader = A::Instructions::at_start(ahead, len, start);
        let mut last = None;
        loop {
            let limit =
                our_relocs.peek().map_or(u64::MAX, |next| next.offset.saturating_sub(start));
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            reader.plain(limit, |_, _, offset| last = Some(offset));
            let offset = reader.offset();
            let Some(decoded) = reader.next() else { break };
            let place = reader.place();
            let (at, next) = (place.start, place.end.min(end));
            let ours: Relocated =
                std::iter::from_fn(|| our_relocs.next_if(|it| it.offset < next)).collect();
            let theirs: Relocated = their_relocs.by_ref().take(ours.len()).collect();
            let (form, role) = match decoded {
                Ok(it) => (it.form, InstRole::Plain),
                Err(_) => (Form::Plain, InstRole::Data),
            };
            if form != Form::Nop {
                last = (role != InstRole::Data).then_some(offset);
            }
            let refers_by_itself = match form {
                Form::Branch { target, .. } => {
                    ours.is_empty() && !self.original.contains(number, target)
                }
                _ => decoded.is_ok_and(|it| it.is_ip_relative),
            };
            let are_as_many = ours.len() == theirs.len();
            if !refers_by_itself
                && are_as_many
                && ours.iter().zip(&theirs).all(|(a, b)| self.mean_one(a, b))
            {
                continue;
            }
            let inst = Inst { at, len: next.saturating_sub(at), form, ends: false, role };
            let fields = match &decoded {
                Ok(decoded) => walk::of_instruction(&mut reader, decoded, &inst, &ours),
                Err(_) => walk::of_data(&inst, &ours),
            };
            let there = at.saturating_sub(start).saturating_add(self.patched.start);
            for field in fields {
                let offset = self.offset(there);
                let ours = field.operand(a, number.at(at), &ours);
                let theirs = field.operand(b, self.patched.section.at(there), &theirs);
                let Some((ours, theirs)) = ours.zip(theirs) else {
                    let text = "other relocations than before";
                    return Err(Difference::new(DifferenceKind::Target, offset, text));
                };
                self.refer(&ours.target, &theirs.target, ours.usage, offset, sink)
                    .map_err(|text| Difference::new(DifferenceKind::Target, offset, text))?;
            }
        }
        Ok(last.is_some_and(|last| runs_on(a, self.original, start.saturating_add(last as u64))))
    }

    /// Whether two references from outside of this code mean one thing, whatever their instructions add.
    fn mean_one(&self, ours: &Reloc, theirs: &Reloc) -> bool {
        /// No instruction is longer.
        const ADDED: u64 = 16;
        let [a, _] = &self.world.sides;
        let is_inside = || match target::of(a.object, ours, 0) {
            Target::Place { section, offset, .. } => {
                let near = self.original.start.saturating_sub(ADDED)
                    ..self.original.end.saturating_add(ADDED);
                section == self.original.section
                    && u64::try_from(offset).is_ok_and(|at| near.contains(&at))
            }
            _ => false,
        };
        self.world.keys.mean_one(ours, theirs) && !is_inside()
    }

    fn compare_instruction(
        &self,
        one: &Inst,
        other: &Inst,
        sink: &mut Sink<'a>,
    ) -> Result<(), Difference> {
        let is_branch = |inst: &Inst| matches!(inst.form, Form::Branch { .. });
        let is_free = one.role == InstRole::Free && !(is_branch(one) && is_branch(other));
        if one.role == other.role && (is_free || one.role == InstRole::Trace) {
            return Ok(());
        }
        let [a, b] = &self.world.sides;
        let ours = walk::operands(a, self.original.section, one);
        let theirs = walk::operands(b, self.patched.section, other);
        let offset = self.offset(other.at);
        if ours.len() != theirs.len() {
            let text = "a field is relocated on one side only";
            return Err(Difference::new(DifferenceKind::Instruction, offset, text));
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let is_branch = ours.usage == MemoryUse::Branch && theirs.usage == MemoryUse::Branch;
            let is_like = match (ours.kind, theirs.kind) {
                (Some(a), Some(b)) => a == b || is_branch && a.is_relative() && b.is_relative(),
                (Some(kind), None) | (None, Some(kind)) => {
                    kind.is_relative() && kind != RelocKind::Got32
                }
                (None, None) => true,
            };
            if !is_like || ours.at != theirs.at && !is_branch || ours.usage != theirs.usage {
                let text = "relocated in another way";
                return Err(Difference::new(DifferenceKind::Instruction, offset, text));
            }
            self.refer(&ours.target, &theirs.target, ours.usage, offset, sink)
                .map_err(|text| Difference::new(DifferenceKind::Target, offset, text))?;
        }
        Ok(())
    }

    /// Whether two references correspond. Within this code, they must lead to one instruction.
    fn refer(
        &self,
        original: &Target<'a>,
        patched: &Target<'a>,
        usage: MemoryUse,
        offset: u64,
        sink: &mut Sink<'a>,
    ) -> Result<(), String> {
        let inside = |range: &ByteRange, target: &Target<'_>| match target {
            Target::Place { section, offset, .. } => {
                u64::try_from(*offset).ok().filter(|at| range.contains(*section, *at))
            }
            _ => None,
        };
        if let (Some(from), Some(to)) =
            (inside(&self.original, original), inside(&self.patched, patched))
        {
            if self.alignment.maps(from, to) {
                return Ok(());
            }
            let (was, is) = self.alignment.positions(from, to);
            return Err(format!("leads to instruction {} of this code instead of {}", is.0, was.0));
        }
        correspond::correspond(self.world, original, patched, usage, offset, sink)
    }

    /// The entries of one side that count on both.
    fn entries<'s>(
        side: &'s ProofSide<'a>,
        other: &ProofSide<'_>,
        range: ByteRange,
        position: impl Fn(u64) -> Position,
        sink: &mut Sink<'a>,
    ) -> Vec<(Position, &'s ProvedEntry<'a>)> {
        let mut found = Vec::new();
        for (_, entry) in side.entries_in(range) {
            let lacks = !other.tables.contains(&entry.table);
            if lacks && (entry.table.can_lack() || entry.is_derived) {
                sink.count("made-by-objtool");
            } else {
                found.push((position(entry.offset), entry));
            }
        }
        found.sort_by_key(|(position, entry)| (*position, entry.table, entry.table_name()));
        found
    }

    fn compare_entries(&self, sink: &mut Sink<'a>) -> Result<(), Difference> {
        let [a, b] = &self.world.sides;
        let alignment = self.alignment;
        let ours = Self::entries(a, b, self.original, |at| alignment.original(at), sink);
        let theirs = Self::entries(b, a, self.patched, |at| alignment.patched(at), sink);
        for (number, (one, other)) in ours.iter().zip(&theirs).enumerate() {
            let offset = self.offset(other.1.offset);
            let table = other.1.table;
            let fail = |text: &str| {
                Err(Difference::new(DifferenceKind::Entry(table.name()), offset, text))
            };
            if one.0 != other.0 || one.1.table != table {
                return fail("at another instruction, or not on both sides");
            }
            self.compare_entry(one.1, other.1, offset, sink)?;
            if table == TableKind::Alternatives && !same_order(&ours, &theirs, number) {
                return fail("overlapping entries in another order");
            }
        }
        if ours.len() != theirs.len() {
            let more = ours.get(theirs.len()).or_else(|| theirs.get(ours.len()));
            let (table, offset) = more.map_or(("", 0), |it| (it.1.table.name(), it.1.offset));
            let start =
                if ours.len() > theirs.len() { self.original.start } else { self.patched.start };
            let text =
                format!("{} entries describe this code, and {} before", theirs.len(), ours.len());
            return Err(Difference::new(
                DifferenceKind::Entry(table),
                offset.saturating_sub(start),
                text,
            ));
        }
        Ok(())
    }

    fn compare_entry(
        &self,
        one: &ProvedEntry<'a>,
        other: &ProvedEntry<'a>,
        offset: u64,
        sink: &mut Sink<'a>,
    ) -> Result<(), Difference> {
        let ends = (one.offset.saturating_add(one.len), other.offset.saturating_add(other.len));
        if !self.alignment.maps(ends.0, ends.1) {
            let text = "it is for another number of instructions";
            return Err(Difference::new(DifferenceKind::Entry(other.table.name()), offset, text));
        }
        compare_fields(one, other, offset, sink, |a, b, sink| {
            self.refer(a, b, MemoryUse::Address, offset, sink)
        })
    }

    /// Names in the middle of the code.
    fn compare_symbols(&self) -> Result<(), Difference> {
        let [a, b] = &self.world.sides;
        let inner = |side: &ProofSide<'a>, range: ByteRange, position: &dyn Fn(u64) -> Position| {
            let symbols = side.symbols(range.section, range.start.saturating_add(1), range.end);
            let named = symbols.filter(|(_, it)| !names::is_temporary(it.name));
            let mut found: Vec<_> = named
                .map(|(_, it)| {
                    let is_function = it.kind == SymbolKind::Function;
                    (position(it.value), names::base(it.name), is_function, it.local, it.value)
                })
                .collect();
            found.sort_unstable();
            found
        };
        let ours = inner(a, self.original, &|at| self.alignment.original(at));
        let theirs = inner(b, self.patched, &|at| self.alignment.patched(at));
        for (one, other) in ours.iter().zip(&theirs) {
            if (one.0, &one.1, one.2, one.3) != (other.0, &other.1, other.2, other.3) {
                let name = String::from_utf8_lossy(&other.1);
                let text = format!("the label {name} stands at another instruction, or is new");
                return Err(Difference::new(DifferenceKind::Symbol, self.offset(other.4), text));
            }
        }
        if ours.len() != theirs.len() {
            let text = format!("{} labels, and {} before", theirs.len(), ours.len());
            return Err(Difference::new(DifferenceKind::Symbol, 0, text));
        }
        Ok(())
    }
}

/// What two entries say of their instructions.
pub(super) fn compare_fields<'a>(
    one: &ProvedEntry<'a>,
    other: &ProvedEntry<'a>,
    offset: u64,
    sink: &mut Sink<'a>,
    refer: impl Fn(&Target<'a>, &Target<'a>, &mut Sink<'a>) -> Result<(), String>,
) -> Result<(), Difference> {
    let fail = |text: String| {
        Err(Difference::new(DifferenceKind::Entry(other.table.name()), offset, text))
    };
    if one.fields.len() != other.fields.len() {
        return fail("of another layout".into());
    }
    for (ours, theirs) in one.fields.iter().zip(&other.fields) {
        match (ours, theirs) {
            (ProvedField::Bits(a), ProvedField::Bits(b)) if a == b => {}
            (ProvedField::In(a), ProvedField::In(b)) if a == b => {}
            (ProvedField::Target(a), ProvedField::Target(b)) => {
                if let Err(text) = refer(a, b, sink) {
                    return fail(text);
                }
            }
            (ProvedField::Code(a, a_len), ProvedField::Code(b, b_len)) => {
                let (Some(original), Some(patched)) = (stretch(a, *a_len), stretch(b, *b_len))
                else {
                    return fail("its replacement is not in this object".into());
                };
                let node = Node::Code { original, patched };
                let places = (original.start, patched.start);
                sink.edges.push(NodeNeed { node, places, offset });
            }
            (ProvedField::Bits(a), ProvedField::Bits(b)) => {
                return fail(format!("{b:#x} instead of {a:#x}"));
            }
            _ => return fail("a field is relocated on one side only".into()),
        }
    }
    Ok(())
}

/// `len` bytes of code at a place of this object.
fn stretch(target: &Target<'_>, len: u64) -> Option<ByteRange> {
    let Target::Place { section, offset, .. } = *target else { return None };
    let start = u64::try_from(offset).ok()?;
    Some(ByteRange { section, start, end: start.checked_add(len)? })
}

/// Whether entry `number` and those after it that describe some of the same bytes are in the table in one order.
fn same_order(
    ours: &[(Position, &ProvedEntry<'_>)],
    theirs: &[(Position, &ProvedEntry<'_>)],
    number: usize,
) -> bool {
    /// So many entries that describe one instruction are looked at.
    const NEAR: usize = 16;
    let near = |list: &[(Position, &ProvedEntry<'_>)]| -> SmallVec<[bool; NEAR]> {
        let Some((_, first)) = list.get(number) else { return SmallVec::new() };
        let end = first.offset.saturating_add(first.len.max(1));
        let after = list.iter().skip(number + 1).take(NEAR);
        let overlaps = after.filter(|(_, it)| it.table == first.table && it.offset < end);
        overlaps.map(|(_, it)| first.at < it.at).collect()
    };
    near(ours) == near(theirs)
}
