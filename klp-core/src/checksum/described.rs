//! Where what describes a place for reports of undefined behaviour ends.
//!
//! gcc writes these descriptions one after another and without names, and keeps those of checks that it takes away later:
//! nothing refers to them, so that the next reference does not tell where the one before ends. The function that gets a
//! description does.

use crate::arch::{Arch, for_machine};
use crate::elf::{ElfObject, Place, RelocKind, Section};

use super::fields::distance;

/// Handlers by the end of their name, and the size of what they get (`lib/ubsan.h` of 6.1 and 7.2).
const HANDLERS: [(&[u8], u64); 11] = [
    (b"add_overflow", 24),
    (b"alignment_assumption", 40),
    (b"builtin_unreachable", 16),
    (b"divrem_overflow", 24),
    (b"load_invalid_value", 24),
    (b"mul_overflow", 24),
    (b"negate_overflow", 24),
    (b"out_of_bounds", 32),
    (b"shift_out_of_bounds", 32),
    (b"sub_overflow", 24),
    (b"type_mismatch_v1", 32),
];

/// How many operands with addresses of data, its own included, stand between the load of an argument and the call.
const BETWEEN: usize = 4;

/// Bytes of a description before the addresses of types: a source location.
const LOCATION: u64 = 16;

/// Bytes of a type before its name, which ends with a NUL (`struct type_descriptor`).
const TYPE: u64 = 4;

/// The ends of all descriptions, and of the types that they lead to: section and offset.
pub(super) fn ends(elf: &ElfObject<'_>) -> Vec<Place> {
    let mut ends = Vec::new();
    if !elf.symbols.iter().any(|symbol| size_for(symbol.name).is_some()) {
        return ends;
    }
    for_machine!(elf.machine, A => of_code::<A>(elf, &mut ends));
    ends
}

fn of_code<A: Arch>(elf: &ElfObject<'_>, ends: &mut Vec<Place>) {
    for section in elf.sections.iter().filter(|section| section.is_code()) {
        let mut recent: Vec<(u64, Place)> = Vec::new();
        for reloc in section.relocs.iter() {
            let size = size_for(elf.symbol(reloc.symbol).name);
            if let Some(size) = size {
                let mut loads = recent.drain(..).rev();
                let argument = loads.find(|(at, _)| is_argument::<A>(section, *at, reloc.offset));
                if let Some((_, place)) = argument {
                    add(elf, place, size, ends);
                }
            } else if let Some(place) = place(elf, section, reloc.offset) {
                if recent.len() == BETWEEN {
                    recent.remove(0);
                }
                recent.push((reloc.offset, place));
            }
        }
    }
}

fn size_for(name: &[u8]) -> Option<u64> {
    let handler = name.strip_prefix(b"__ubsan_handle_")?;
    let handler = handler.strip_suffix(b"_abort").unwrap_or(handler);
    let found = HANDLERS.binary_search_by_key(&handler, |(name, _)| *name).ok()?;
    HANDLERS.get(found).map(|(_, size)| *size)
}

/// What the field at `at` of `section` refers to, if it is the operand at the end of an instruction.
fn place(elf: &ElfObject<'_>, section: &Section<'_>, at: u64) -> Option<Place> {
    let reloc = section.relocs.at(at)?;
    let next = at.checked_add(reloc.kind.width())?;
    elf.place(&reloc, distance(&reloc, next).unwrap_or(reloc.addend))
}

/// Whether the instruction with its operand at `loaded` loads the first argument of the call with its operand at `call`.
fn is_argument<A: Arch>(section: &Section<'_>, loaded: u64, call: u64) -> bool {
    let code = |back: u64| {
        let start = loaded.checked_sub(back)?;
        section.bytes(start, call.checked_add(4)?.checked_sub(start)?)
    };
    A::LOADS_OF_FIRST.iter().any(|form| {
        let code = code(form.len() as u64).filter(|code| code.starts_with(form));
        code.is_some_and(|code| {
            A::taken(code).is_some_and(|taken| taken.argument == 1 && taken.end == code.len())
        })
    })
}

fn add(
    elf: &ElfObject<'_>,
    Place { section: data, offset: start }: Place,
    size: u64,
    ends: &mut Vec<Place>,
) {
    let end = start.saturating_add(size);
    let Some(section) = Some(elf.section(data)).filter(|section| end <= section.size) else {
        return;
    };
    ends.push(data.at(end));
    let types = section.relocs.within(start.saturating_add(LOCATION), end);
    for reloc in types.filter(|reloc| reloc.kind == RelocKind::Abs64) {
        let end = elf.place_of(&reloc).and_then(|Place { section: data, offset: start }| {
            let start = start.checked_add(TYPE)?;
            // A second location names a file, which is no type.
            let section = Some(elf.section(data)).filter(|section| !section.is_merged())?;
            let text = section.bytes(start, section.size.checked_sub(start)?)?;
            let length = u64::try_from(text.iter().position(|byte| *byte == 0)?).ok()?;
            Some(data.at(start.checked_add(length)?.checked_add(1)?))
        });
        ends.extend(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_sorted() {
        assert!(HANDLERS.is_sorted());
        assert_eq!(size_for(b"__ubsan_handle_out_of_bounds"), Some(32));
        assert_eq!(size_for(b"__ubsan_handle_divrem_overflow_abort"), Some(24));
        assert_eq!(size_for(b"__ubsan_handle_new"), None);
    }
}
