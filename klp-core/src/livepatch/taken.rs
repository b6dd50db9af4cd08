//! What copied code does with the addresses that it takes.

use std::collections::{BTreeMap, BTreeSet};

use crate::arch::carried::carried;
use crate::arch::{Form, Instructions};
use crate::elf::Section;

use super::extract::{Extraction, Link, OutReloc};
use super::pieces::Piece;
use super::source::Source;

/// What is done with an address in an instruction, or behind it in the same function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Taken {
    /// It is written to memory that is not the stack.
    Stored,
    /// It is written to a variable of the module: to itself, as an empty list is, or to another.
    Linked(Piece),
    /// It is in a register: for a function that is called, or to be compared, or to be used at once.
    Held,
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
pub(super) type Places = BTreeMap<(Piece, i64), BTreeSet<Taken>>;

/// Where the addresses lead to that copied code takes.
pub(super) fn places(sources: &[Source<'_>], extraction: &Extraction) -> Places {
    let mut found = Places::new();
    for (from, copied) in &extraction.copied {
        let Some(source) = sources.get(from.object) else { continue };
        let section = source.patched.analysis.elf.section(from.section);
        if !section.is_some_and(Section::is_code) {
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
    source: &Source<'_>,
    piece: Piece,
    relocs: &'r [OutReloc],
) -> Vec<(&'r OutReloc, Taken)> {
    let section = source.patched.analysis.elf.section(piece.section);
    let code = section.and_then(|section| section.bytes(piece.start, piece.len()));
    let code = code.unwrap_or_default();
    let relocs: BTreeMap<u64, &OutReloc> =
        relocs.iter().map(|reloc| (reloc.offset, reloc)).collect();
    let mut taken = Vec::new();
    let mut at = 0u64;
    let mut instructions = Instructions::new(code, 0);
    while let Some(Ok(decoded)) = instructions.next() {
        let next = at.saturating_add(u64::from(decoded.len));
        let own = relocs.range(at..next);
        if !matches!(decoded.form, Form::Branch { .. }) {
            for (offset, reloc) in own {
                let within = u8::try_from(offset.saturating_sub(at)).unwrap_or(u8::MAX);
                let operands = instructions.operands();
                let is_immediate = operands.immediate.is_some_and(|field| field.offset == within);
                if is_immediate && instructions.stores() {
                    let field = operands.displacement.map(|field| u64::from(field.offset));
                    taken.push((*reloc, stored(&relocs, field.map(|it| at.saturating_add(it)))));
                } else if is_immediate || instructions.takes_address() {
                    let is_passed = instructions.sets_argument();
                    taken.push((*reloc, if is_passed { Taken::Passed } else { Taken::Held }));
                    if is_immediate && instructions.compares() {
                        taken.push((*reloc, Taken::Compared));
                    }
                    let further = further(code, at, &relocs);
                    taken.extend(further.into_iter().map(|taken| (*reloc, taken)));
                }
            }
        }
        at = next;
    }
    taken
}

/// What a store is whose displacement is at `field`: one to memory that is named is one to the module's own variables, or
/// to the kernel's.
fn stored(relocs: &BTreeMap<u64, &OutReloc>, field: Option<u64>) -> Taken {
    match field.and_then(|field| relocs.get(&field)).map(|reloc| &reloc.link) {
        Some(Link::Piece(own)) => Taken::Linked(*own),
        _ => Taken::Stored,
    }
}

/// What is done with the address that the instruction at `at` takes into a register.
fn further(code: &[u8], at: u64, relocs: &BTreeMap<u64, &OutReloc>) -> Vec<Taken> {
    let Some(carried) = carried(code, at, |start, end| relocs.range(start..end).next().is_some())
    else {
        return Vec::new();
    };
    let stores = carried.stores.iter().map(|(_, field)| stored(relocs, *field));
    // A jump inside of the function has no relocation.
    let mut given = carried.calls.iter().filter_map(|(start, end)| {
        let callee = relocs.range(*start..*end).next().map(|(_, reloc)| &reloc.link);
        matches!(callee, Some(Link::Kernel(_))).then_some(Taken::Given)
    });
    let given = given.next();
    let compared = carried.is_compared.then_some(Taken::Compared);
    let returned = carried.is_returned.then_some(Taken::Returned);
    stores.chain(given).chain(compared).chain(returned).collect()
}
