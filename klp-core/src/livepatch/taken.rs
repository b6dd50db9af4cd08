//! What copied code does with the addresses that it takes.

use std::collections::{BTreeMap, BTreeSet};

use crate::arch::{Arch, Carried, Form, Instructions as _, for_machine};

use super::copy::{Link, OutReloc};
use super::extract::Extraction;
use super::pieces::Piece;
use super::source::{CorrelatedObject, CorrelatedObjects};

/// What is done with an address in an instruction, or behind it in the same function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AddressTaken {
    /// It is written to memory that is not the stack.
    Stored,
    /// It is written to a variable of the module: to itself, as an empty list is, or to another.
    Linked(Piece),
    /// It is in a register: for a function that is called, or to be compared, or to be used at once.
    Held,
    /// It is put where nothing follows it, such as onto the stack.
    Lost,
    /// It is in a register in which functions get their arguments.
    Passed,
    /// It is compared with another one.
    Compared,
    /// It is in a register for arguments when code that the module does not have is called.
    Given,
    /// The function returns it.
    Returned,
}

/// What is done with the addresses of a place: piece and offset.
pub(super) type TakenAddresses = BTreeMap<(Piece, i64), BTreeSet<AddressTaken>>;

/// Where the addresses lead to that copied code takes.
pub(super) fn places(sources: &CorrelatedObjects<'_>, extraction: &Extraction) -> TakenAddresses {
    let mut found = TakenAddresses::new();
    for (from, copied) in &extraction.copied {
        let source = &sources[from.object];
        let section = source.patched.analysis.elf.section(from.section);
        if !section.is_code() {
            continue;
        }
        for (reloc, taken) in addresses(source, *from, &copied.relocs) {
            if let Link::Piece(to) = reloc.link {
                found.entry((to, reloc.addend)).or_default().insert(taken);
            }
        }
    }
    found
}

/// Those of `relocs` in the code of `piece` that take an address, instead of calling, jumping or reading there, with each
/// thing that is done with it.
pub(super) fn addresses<'r>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
) -> Vec<(&'r OutReloc, AddressTaken)> {
    let machine = source.patched.analysis.elf.machine;
    for_machine!(machine, A => addresses_of::<A>(source, piece, relocs))
}

fn addresses_of<'r, A: Arch>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
) -> Vec<(&'r OutReloc, AddressTaken)> {
    let mut taken = Vec::new();
    each::<A>(source, piece, relocs, |code, at, reloc, instructions| {
        let within = u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX);
        let operands = instructions.operands();
        let is_immediate = operands.immediate.is_some_and(|field| field.offset == within);
        if is_immediate && instructions.stores() {
            let field = operands.displacement.map(|field| u64::from(field.offset));
            let field = field.map(|it| at.saturating_add(it));
            taken.push((reloc, stored(&code.relocs, field)));
        } else if is_immediate || instructions.takes_address() {
            let is_passed = instructions.sets_argument();
            taken.push((reloc, if is_passed { AddressTaken::Passed } else { AddressTaken::Held }));
            let compares = is_immediate && instructions.compares();
            let further = match code.carried::<A>(at) {
                Some(carried) => code.further::<A>(&carried),
                None if compares => vec![AddressTaken::Compared],
                None => vec![AddressTaken::Lost],
            };
            taken.extend(further.into_iter().map(|taken| (reloc, taken)));
        }
    });
    taken
}

/// What is done with addresses that code of `piece` reads behind those in `relocs`: how many times it reads, with each thing
/// that is done with what it gets.
pub(super) fn reads<'r>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
) -> Vec<(&'r OutReloc, u8, AddressTaken)> {
    let machine = source.patched.analysis.elf.machine;
    for_machine!(machine, A => reads_of::<A>(source, piece, relocs))
}

fn reads_of<'r, A: Arch>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
) -> Vec<(&'r OutReloc, u8, AddressTaken)> {
    let mut taken = Vec::new();
    each::<A>(source, piece, relocs, |code, at, reloc, instructions| {
        let within = u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX);
        let is_memory =
            instructions.operands().displacement.is_some_and(|field| field.offset == within);
        let is_load = is_memory && instructions.loads();
        let mut open = vec![(u8::from(is_load), at)];
        let mut seen = BTreeSet::new();
        while let Some((times, at)) = open.pop() {
            let Some(carried) = code.carried::<A>(at).filter(|_| seen.insert((times, at))) else {
                continue;
            };
            if times > 0 {
                let further = code.further::<A>(&carried);
                taken.extend(further.into_iter().map(|taken| (reloc, times, taken)));
            }
            if times < DEEPEST {
                open.extend(carried.loads.into_iter().map(|at| (times.saturating_add(1), at)));
            }
        }
    });
    taken
}

/// Those of `relocs` whose addresses code of `piece` writes to memory, and how far behind what its registers say.
pub(super) fn distances<'r>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
) -> Vec<(&'r OutReloc, u64)> {
    let machine = source.patched.analysis.elf.machine;
    for_machine!(machine, A => distances_of::<A>(source, piece, relocs))
}

fn distances_of<'r, A: Arch>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
) -> Vec<(&'r OutReloc, u64)> {
    let mut found = Vec::new();
    each::<A>(source, piece, relocs, |code, at, reloc, instructions| {
        let within = u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX);
        let is_immediate =
            instructions.operands().immediate.is_some_and(|field| field.offset == within);
        if is_immediate && instructions.stores() {
            found.push((reloc, instructions.displacement()));
        } else if (is_immediate || instructions.takes_address())
            && let Some(carried) = code.carried::<A>(at)
        {
            let stores = carried.stores.into_iter().map(|(start, _)| start);
            let stores = stores.filter_map(|start| displacement::<A>(code.bytes, start));
            found.extend(stores.map(|distance| (reloc, distance)));
        }
    });
    found
}

/// Those of `relocs` whose addresses code of `piece` hands to a call that otherwise gets what a function of the kernel returns
/// for whose name `gives` holds, each with what the call leads to.
pub(super) fn handed<'r>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
    gives: impl Fn(&str) -> bool,
) -> Vec<(&'r OutReloc, Option<&'r Link>)> {
    let machine = source.patched.analysis.elf.machine;
    for_machine!(machine, A => handed_of::<A>(source, piece, relocs, gives))
}

fn handed_of<'r, A: Arch>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
    gives: impl Fn(&str) -> bool,
) -> Vec<(&'r OutReloc, Option<&'r Link>)> {
    let code = PieceCode::of(source, piece, relocs);
    let mut get_results = BTreeSet::new();
    let mut instructions = A::Instructions::new(code.bytes, 0);
    while let Some(Ok(decoded)) = instructions.next() {
        let place = instructions.place();
        let gives = |link: &Link| matches!(link, Link::Kernel(target) if gives(target.name()));
        if matches!(decoded.form, Form::Branch { call: true, .. })
            && code.callee(place.start, place.end).is_some_and(gives)
        {
            let leaves = |start, end| code.has_reloc(start, end);
            get_results.extend(A::result(code.bytes, place.end, leaves).calls);
        }
    }
    let mut found = Vec::new();
    each::<A>(source, piece, relocs, |code, at, reloc, instructions| {
        let within = u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX);
        let is_immediate =
            instructions.operands().immediate.is_some_and(|field| field.offset == within);
        if (is_immediate || instructions.takes_address())
            && let Some(carried) = code.carried::<A>(at)
        {
            let both = carried.calls.into_iter().filter(|call| get_results.contains(call));
            found.extend(both.map(|(start, end)| (reloc, code.callee(start, end))));
        }
    });
    found
}

/// How far behind what its registers say an instruction uses memory.
fn displacement<A: Arch>(code: &[u8], start: u64) -> Option<u64> {
    let rest = code.get(usize::try_from(start).ok()?..)?;
    let mut instructions = A::Instructions::new(rest, start);
    instructions.next()?.ok()?;
    Some(instructions.displacement())
}

/// How far behind what its registers say `code` reads what it hands to a call or jump at a place for which `is_it` holds.
/// `leaves` holds for all calls, and jumps to other functions.
pub(super) fn read_for<A: Arch>(
    code: &[u8],
    leaves: impl Fn(u64) -> bool,
    is_it: impl Fn(u64) -> bool,
) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let mut instructions = A::Instructions::new(code, 0);
    while let Some(Ok(_)) = instructions.next() {
        let start = instructions.place().start;
        if instructions.loads()
            && let Some(carried) = A::carried(code, start, |start, _| leaves(start))
            && carried.calls.iter().any(|(start, _)| is_it(*start))
        {
            found.insert(instructions.displacement());
        }
    }
    found
}

/// How many tables that lead to each other are followed.
const DEEPEST: u8 = 4;

/// The code of a piece with its relocations.
struct PieceCode<'c, 'r> {
    bytes: &'c [u8],
    relocs: BTreeMap<u64, &'r OutReloc>,
}

impl<'c, 'r> PieceCode<'c, 'r> {
    fn of(source: &'c CorrelatedObject<'_>, piece: Piece, relocs: &'r [OutReloc]) -> Self {
        let section = source.patched.analysis.elf.section(piece.section);
        let bytes = section.in_file(piece.start, piece.end);
        let relocs = relocs.iter().map(|reloc| (reloc.offset, reloc)).collect();
        Self { bytes, relocs }
    }

    /// What is done with what the instruction at `at` takes into a register.
    fn carried<A: Arch>(&self, at: u64) -> Option<Carried> {
        A::carried(self.bytes, at, |start, end| self.has_reloc(start, end))
    }

    fn has_reloc(&self, start: u64, end: u64) -> bool {
        self.relocs.range(start..end).next().is_some()
    }

    /// What the call or jump from `start` to `end` leads to.
    fn callee(&self, start: u64, end: u64) -> Option<&'r Link> {
        self.relocs.range(start..end).next().map(|(_, reloc)| &reloc.link)
    }

    /// What that is. A jump inside of the function has no relocation.
    fn further<A: Arch>(&self, carried: &Carried) -> Vec<AddressTaken> {
        let stores = carried.stores.iter().map(|(_, field)| stored(&self.relocs, *field));
        let mut given = carried.calls.iter().filter_map(|(start, end)| {
            let is_given =
                matches!(self.callee(*start, *end)?, Link::Kernel(to) if !A::is_thunk(to.name()));
            is_given.then_some(AddressTaken::Given)
        });
        let given = given.next();
        let compared = carried.is_compared.then_some(AddressTaken::Compared);
        let returned = carried.is_returned.then_some(AddressTaken::Returned);
        let lost = carried.is_lost.then_some(AddressTaken::Lost);
        stores.chain(given).chain(compared).chain(returned).chain(lost).collect()
    }
}

/// Goes over the relocations of instructions other than calls and jumps, with the start of the instruction.
fn each<'r, A: Arch>(
    source: &CorrelatedObject<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
    mut visit: impl FnMut(&PieceCode<'_, 'r>, u64, &'r OutReloc, &mut A::Instructions<'_>),
) {
    let code = PieceCode::of(source, piece, relocs);
    let mut at = 0u64;
    let mut instructions = A::Instructions::new(code.bytes, 0);
    while let Some(Ok(decoded)) = instructions.next() {
        let next = at.saturating_add(u64::from(decoded.len));
        if !matches!(decoded.form, Form::Branch { .. }) {
            for (_, reloc) in code.relocs.range(at..next) {
                visit(&code, at, reloc, &mut instructions);
            }
        }
        at = next;
    }
}

/// What a store is whose displacement is at `field`: one to memory that is named is one to the module's own variables, or
/// to the kernel's.
fn stored(relocs: &BTreeMap<u64, &OutReloc>, field: Option<u64>) -> AddressTaken {
    match field.and_then(|field| relocs.get(&field)).map(|reloc| &reloc.link) {
        Some(Link::Piece(own)) => AddressTaken::Linked(*own),
        _ => AddressTaken::Stored,
    }
}
