//! Mutations of data.

use std::collections::BTreeSet;

use klp_core::checksum::Analysis;
use klp_core::elf::Section;
use klp_core::rules;

use super::super::decode::place;
use super::super::regions::{Nature, Region};
use super::super::site::{Flip, Mutation};
use super::super::unit::UnitId;
use super::{Expect, Oracle};

impl Oracle {
    pub(super) fn data(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        mutation: &Mutation,
    ) -> Option<Expect> {
        let index = self.regions.find(mutation.section, mutation.offset)?;
        let region = self.regions.get(index)?;
        let readers = self.regions.readers(index, mutation.offset);
        let rest = UnitId::Rest(mutation.section);
        let mut expect = match region.nature {
            Nature::Named(span) => {
                Expect { must: BTreeSet::from([UnitId::Data(span)]), ..Expect::default() }
            }
            Nature::Merged => {
                let named = analysis.layout.find(mutation.section, mutation.offset);
                let named = named.map(|span| BTreeSet::from([UnitId::Data(span)]));
                // Whoever refers to what has a name means the name.
                Expect { must: named.unwrap_or(readers), ..Expect::default() }
            }
            Nature::Unstable | Nature::Gap => Expect { must: readers, ..Expect::default() },
        };
        if expect.must.is_empty() {
            if region.nature == Nature::Merged {
                // Nobody refers to this text, or only what a rule leaves out.
                return None;
            }
            expect.must.insert(rest);
        }
        expect.all = true;
        expect.may = expect.must.clone();
        expect.may.extend(self.regions.reachers(index));
        if end_of_address(section, mutation).is_some_and(|end| end > region.end) {
            // What starts within an address is not what it was.
            expect.may.extend(self.regions.around(mutation.section, region.end));
        }
        let field = mutation.offset - region.start;
        if is_location(analysis, section, region) && stays_location(section, region, mutation) {
            expect.rule = Some("line-number");
        }
        if section.name == b"__dyndbg" {
            expect.rule = match (field, mutation.flip) {
                (0 | 8 | 16, Flip::Symbol { .. } | Flip::Addend { .. } | Flip::Type { .. }) => {
                    Some("line-number")
                }
                (32 | 33, Flip::Byte { .. }) => Some("line-number"),
                (34, Flip::Byte { mask }) if mask & 0xfc == 0 => Some("line-number"),
                _ => None,
            };
        }
        let symbol = analysis.layout.find(mutation.section, mutation.offset);
        let symbol =
            symbol.and_then(|span| Some(analysis.elf.symbol(analysis.layout.span(span).symbol?)));
        if symbol.is_some_and(|symbol| rules::is_bookkeeping_object(symbol.name)) {
            return None;
        }
        Some(expect)
    }
}

/// Where the address ends that a mutated relocation writes.
fn end_of_address(section: &Section<'_>, mutation: &Mutation) -> Option<u64> {
    let reloc = section.relocs.at(mutation.offset)?;
    match mutation.flip {
        Flip::Offset { by } => reloc.offset.checked_add_signed(by)?.checked_add(reloc.kind.width()),
        Flip::Type { .. } => reloc.offset.checked_add(8),
        _ => None,
    }
}

/// Whether `region` is a `core::panic::Location`: pointer to and length of a file name, line, column.
fn is_location(analysis: &Analysis<'_>, section: &Section<'_>, region: &Region) -> bool {
    let name = || {
        let fields = section.bytes(region.start, 24)?;
        let rest = section.bytes(region.start + 24, region.end.checked_sub(region.start + 24)?)?;
        let mut relocs = section.relocs.within(region.start, region.start + 24);
        let file = relocs.next().filter(|reloc| reloc.offset == region.start)?;
        let (text, offset) = place(analysis, &file, 0)?;
        let length = u64::from_le_bytes(fields.get(8..16)?.try_into().ok()?);
        let alone = relocs.next().is_none() && rest.iter().all(|byte| *byte == 0);
        analysis.elf.section(text).bytes(offset, length).filter(|_| alone)
    };
    matches!(region.nature, Nature::Gap | Nature::Unstable)
        && name().is_some_and(|name| name.ends_with(b".rs"))
}

/// Whether a mutation only changes line or column, neither of which is ever zero.
fn stays_location(section: &Section<'_>, region: &Region, mutation: &Mutation) -> bool {
    let Flip::Byte { mask } = mutation.flip else { return false };
    let field = mutation.offset - region.start;
    let start = if field < 20 { 16 } else { 20 };
    let Some(bytes) = section.bytes(region.start + start, 4) else { return false };
    let mut number = bytes.to_vec();
    if let Some(byte) =
        field.checked_sub(start).and_then(|at| number.get_mut(usize::try_from(at).ok()?))
    {
        *byte ^= mask;
    }
    (16..24).contains(&field) && number.iter().any(|byte| *byte != 0)
}
