//! Compares tables about code.

use super::super::shipped::ShippedPlace;
use super::super::tables::{TablePlace, TableStretch, code};
use super::SectionComparison;
use crate::elf::SectionId;
use crate::module::{RawRela, SymbolPlace};

impl SectionComparison<'_, '_, '_> {
    /// Compares a part of a table about code that was found.
    pub(super) fn table(
        &mut self,
        section: SectionId,
        part: &TableStretch,
        open: &mut Vec<SectionId>,
    ) {
        let header = self.object.section(section);
        let relas = self.relas(section);
        let within = |rela: &&RawRela| (part.start..part.end).contains(&rela.offset);
        for rela in relas.iter().filter(within) {
            if let Some(code) =
                code(rela, self.object).filter(|code| self.is_compared(code.section))
            {
                self.entries.own(section, rela.offset, code);
            }
        }
        let fields = self.entries.fields(section, part);
        // What it says of code that is nowhere is told with that code.
        let Some((at, _)) = fields.first() else { return };
        let Some(region) = TablePlace::of(header.name, self.shipped) else {
            for (at, _) in fields {
                self.differ(section, at, "nothing tells where the table is".to_owned());
            }
            return;
        };
        // The field is one of these, and leads to code whose place is known.
        let Some(rela) = relas.iter().find(|rela| rela.offset == *at) else { return };
        let target = self.object.symbol_of(rela).and_then(|symbol| match symbol.place {
            SymbolPlace::Section(of) => {
                Some(self.places.get(&of)?.plus(symbol.value.cast_signed()))
            }
            _ => None,
        });
        let Some(target) = target else { return };
        let base = |spot: &ShippedPlace| spot.plus(at.wrapping_neg().cast_signed());
        let found = region.leading_to(target, rela, self.shipped);
        let mut possible = found.iter().map(base);
        let fits = |base: &ShippedPlace| self.both(section, part, *base).is_some();
        let is_same = |base: &ShippedPlace| self.plain_bytes_are_equal(section, part, *base);
        match possible.clone().find(is_same).or_else(|| possible.find(fits)) {
            Some(base) => self.stretch(section, part, base, open),
            None => {
                for (at, _) in fields {
                    self.differ(section, at, "it is not there".to_owned());
                }
            }
        }
    }
}
