//! Mutations of code.

use std::collections::BTreeSet;

use klp_core::checksum::Analysis;
use klp_core::elf::Section;
use klp_core::elf::SectionId;

use super::super::decode::{at, canonical, is_branch, is_nop, may_be_filler, place};
use super::super::owners::{Nature, Stretch};
use super::super::site::{Flip, Mutation};
use super::super::unit::{self, UnitId};
use super::{Expect, Oracle};

impl Oracle {
    pub(super) fn code(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        mutation: &Mutation,
    ) -> Option<Expect> {
        let all: Vec<Stretch> =
            self.owners.covering(mutation.section, mutation.offset).copied().collect();
        let owned = all.iter().filter(|stretch| !is_room(analysis, section, stretch));
        let must: BTreeSet<UnitId> =
            owned.clone().map(|stretch| UnitId::Function(stretch.function)).collect();
        let mut may: BTreeSet<UnitId> =
            all.iter().map(|stretch| UnitId::Function(stretch.function)).collect();
        may.extend(self.owners.counters(&may.clone()));
        for stretch in &all {
            // Where data is cut depends on how code refers to it.
            may.extend(self.regions.cut_by(analysis, stretch));
        }
        let mut expect = Expect { must, may, rule: None, all: true };
        if owned.clone().any(|stretch| stretch.nature == Nature::Replacement) {
            // All instructions of a replacement count.
            return Some(expect);
        }
        let stretch = *owned.min_by_key(|stretch| stretch.end - stretch.start)?;
        let code = section.bytes(stretch.start, stretch.end - stretch.start)?;
        let before = at(code, stretch.start, mutation.offset)?;
        let label = jump_label(analysis, mutation.section, before.ip());
        let Flip::Byte { mask } = mutation.flip else {
            return (!label && !is_nop(&before)).then_some(expect);
        };
        let mut copy = code.to_vec();
        *copy.get_mut(usize::try_from(mutation.offset - stretch.start).ok()?)? ^= mask;
        let after = at(&copy, stretch.start, before.ip())?;
        if is_nop(&before) || label {
            let start = usize::try_from(before.ip() - stretch.start).ok()?;
            let has_rex = starts_with_rex(copy.get(start..)?);
            let same = is_nop(&after) && after.len() == before.len() && !has_rex;
            expect.rule = same.then_some("padding");
            if label || (!same && is_nop(&after)) {
                return None;
            }
        } else if is_branch(&before) {
            // A branch to padding means what follows it; whether it still does is not for us to say.
            let same = before.op0_kind() == after.op0_kind() && before.code() == after.code();
            let near = |instruction| canonical(analysis, mutation.section, instruction);
            if same && near(&before) == near(&after) {
                return None;
            }
        }
        Some(expect)
    }
}

/// Whether a REX prefix is there, as in no NOP of an assembler: in code for 32 bits it is an instruction.
fn starts_with_rex(code: &[u8]) -> bool {
    let first = code.iter().find(|byte| !matches!(byte, 0x66 | 0x2e));
    first.is_some_and(|byte| byte & 0xf0 == 0x40)
}

/// Whether a stretch may be mere room between functions: its content decides whether it is code at all.
fn is_room(analysis: &Analysis<'_>, section: &Section<'_>, stretch: &Stretch) -> bool {
    let function = unit::function(analysis, stretch.function);
    stretch.nature == Nature::Own
        && function.is_none_or(|function| function.symbols.is_empty())
        && may_be_filler(section, stretch.start, stretch.end)
}

/// Whether the code at `offset` is where objtool may write a NOP.
fn jump_label(analysis: &Analysis<'_>, section: SectionId, offset: u64) -> bool {
    let tables = analysis.elf.sections.iter().filter(|table| table.name == b"__jump_table");
    tables
        .flat_map(|table| table.relocs.iter().filter(|reloc| reloc.offset % 16 == 0))
        .any(|reloc| place(analysis, &reloc, 0) == Some((section, offset)))
}
