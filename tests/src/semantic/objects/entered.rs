//! Functions that other code knows from the inside.

use std::collections::BTreeSet;

use iced_x86::{Decoder, DecoderOptions, Instruction};

use super::subject::Subject;

const R_X86_64_PC32: u32 = 2;
const R_X86_64_PLT32: u32 = 4;

impl Subject {
    /// The functions inside of which other code refers to a place.
    pub(super) fn entered(&self) -> BTreeSet<(usize, u64)> {
        let mut entered = BTreeSet::new();
        let mut enter = |from: (usize, u64), to: (usize, u64)| {
            if let Some(other) = self.function(to.0, to.1)
                && other.start < to.1
                && (other.section != from.0 || !(other.start..other.end).contains(&from.1))
            {
                entered.insert((other.section, other.start));
            }
        };
        for section in (0..self.image.sections.len()).filter(|section| self.is_code(*section)) {
            // No relocation tells a place of the same section.
            for (start, instruction) in self.stretches(section) {
                let place = if instruction.is_ip_rel_memory_operand() {
                    instruction.ip_rel_memory_address()
                } else {
                    instruction.near_branch_target()
                };
                enter((section, start), (section, place));
            }
            for rela in &self.relas[section] {
                let bias = if matches!(rela.kind, R_X86_64_PC32 | R_X86_64_PLT32) { 4 } else { 0 };
                if let Some(place) = self.place(rela, bias) {
                    enter((section, rela.offset), place);
                }
            }
        }
        entered
    }

    /// All instructions of a section, read from each symbol to the next, and where they are.
    fn stretches(&self, section: usize) -> Vec<(u64, Instruction)> {
        let mut starts: Vec<u64> =
            self.symbols[section].iter().map(|index| self.image.symbols[*index].value).collect();
        starts.dedup();
        let code = self.image.content(section);
        let ends = starts.iter().skip(1).copied().chain([code.len() as u64]);
        let decoded = starts.iter().zip(ends).flat_map(|(start, end)| {
            let range = usize::try_from(*start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
            let part = code.get(range).unwrap_or_default();
            Decoder::with_ip(64, part, *start, DecoderOptions::NONE).into_iter()
        });
        decoded.map(|instruction| (instruction.ip(), instruction)).collect()
    }
}
