//! Accesses to per-CPU variables through a register that holds the distance to a processor's. The place in such an
//! instruction is exact, where that of an access through any other register can be meant together with an index.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::arch::{Access, Arch, Decoded, Distances as _, Form, Instructions as _};
use crate::elf::{Definition, ElfObject, Reloc, Section, SectionId};

use super::pieces::Piece;
use super::placement::is_per_cpu;

/// Follows the code of a piece, from one instruction to the next.
pub(super) struct Follower<'e, 'a, A: Arch> {
    elf: &'e ElfObject<'a>,
    /// Where control can come from elsewhere.
    joins: BTreeSet<u64>,
    distances: A::Distances,
}

impl<'e, 'a, A: Arch> Follower<'e, 'a, A> {
    /// None where the piece has nothing to do with per-CPU variables without names.
    pub(super) fn new(elf: &'e ElfObject<'a>, section: &Section<'_>, piece: Piece) -> Option<Self> {
        let mut relocs = section.relocs.within(piece.start, piece.end);
        if !relocs.any(|reloc| is_of_per_cpu(elf, &reloc)) {
            return None;
        }
        let code = section.bytes(piece.start, piece.len())?;
        let mut joins = entered(elf, piece.section);
        let targets = A::Instructions::new(code, piece.start).filter_map(|decoded| match decoded {
            Ok(Decoded { form: Form::Branch { target, call: false }, .. }) => Some(target),
            _ => None,
        });
        joins.extend(targets);
        Some(Self { elf, joins, distances: A::Distances::new() })
    }

    /// Goes over the last instruction, with its relocations. Tells how it uses a per-CPU variable, if that is exact.
    pub(super) fn step(
        &mut self,
        instructions: &mut A::Instructions<'_>,
        relocs: &[Reloc],
    ) -> Option<Access> {
        let Range { start, .. } = instructions.place();
        if self.joins.contains(&start) {
            self.distances.forget();
        }
        let displacement = instructions.operands().displacement;
        let memory = relocs.iter().find(|reloc| {
            let within = reloc.offset.checked_sub(start);
            displacement.is_some_and(|field| within == Some(u64::from(field.offset)))
        });
        let is_member = memory.is_some_and(|reloc| is_of_per_cpu(self.elf, reloc));
        let used = self.distances.used(instructions).filter(|_| is_member);
        let loads = memory.map(|reloc| self.elf.symbol(reloc.symbol));
        let loads = loads.is_some_and(|symbol| A::DISTANCES.contains(&symbol.name));
        self.distances.step(instructions, loads);
        used.map(Access::Fixed)
    }
}

fn is_of_per_cpu(elf: &ElfObject<'_>, reloc: &Reloc) -> bool {
    let symbol = elf.symbol(reloc.symbol);
    match symbol.place {
        Definition::Section(section) => is_per_cpu(elf.section(section).name),
        _ => false,
    }
}

/// Where something in the object leads to in a section of code. A branch counts from its end: from code, the place that is
/// named can mean what is as far behind it as the field is wide.
fn entered(elf: &ElfObject<'_>, section: SectionId) -> BTreeSet<u64> {
    let mut places = BTreeSet::new();
    for from in elf.sections.iter().filter(|from| from.is_allocated()) {
        let behind = |reloc: &Reloc| if from.is_code() { reloc.kind.width() } else { 0 };
        for reloc in from.relocs.iter() {
            let of_branch = reloc.addend.checked_add_unsigned(behind(&reloc));
            let addends = [Some(reloc.addend), of_branch].into_iter().flatten();
            let led = addends.filter_map(|addend| elf.place(&reloc, addend));
            places.extend(led.filter(|it| it.section == section).map(|it| it.offset));
        }
    }
    places
}
