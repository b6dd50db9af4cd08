//! Mutations of what a relocation refers to.

use klp_core::checksum::Analysis;
use klp_core::elf::{Definition, Reloc, Section};
use klp_core::name;

use super::super::decode::{is_padding, place};
use super::super::site::{Flip, Mutation};
use super::super::unit::UnitId;
use super::{Expect, Oracle};

impl Oracle {
    /// Adds what depends on the old and the new target of a mutated relocation. None where the two
    /// mean the same.
    pub(super) fn targets(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        reloc: &Reloc,
        mutation: &Mutation,
        expect: &mut Expect,
    ) -> Option<()> {
        let mut mutated = *reloc;
        match mutation.flip {
            Flip::Symbol { to } => mutated.symbol = to,
            Flip::Addend { by } => mutated.addend = reloc.addend.wrapping_add(by),
            _ => {}
        }
        for reloc in [reloc, &mutated] {
            // Distances count from the end of an instruction, addresses do not.
            let biases = match (section.is_code(), reloc.kind.is_relative()) {
                (true, true) => 4..9,
                _ => 0..1,
            };
            for bias in biases {
                let Some((section, offset)) = place(analysis, reloc, bias) else { continue };
                if !analysis.elf.section(section).is_code() {
                    expect.may.extend(self.regions.around(section, offset));
                } else if bias == 0 {
                    // What an address leads to inside of a function counts there.
                    let owners = self.owners.covering(section, offset);
                    expect.may.extend(owners.map(|owner| UnitId::Function(owner.function)));
                }
            }
        }
        if let Flip::Symbol { .. } = mutation.flip {
            let (old, new) =
                (analysis.elf.symbol(reloc.symbol), analysis.elf.symbol(mutated.symbol));
            let same_place = old.place == new.place && old.value == new.value;
            let same_name = name::base(old.name) == name::base(new.name) && !old.name.is_empty();
            if same_place || same_name {
                return None;
            }
        }
        let zeros = |reloc: &Reloc| is_zeroed(analysis, reloc);
        let moved = matches!(mutation.flip, Flip::Addend { .. } | Flip::Symbol { .. });
        if moved && zeros(reloc) && zeros(&mutated) {
            return None;
        }
        let bias = if section.is_code() { 4 } else { 0 };
        let old = text(analysis, reloc, bias);
        if moved && old.is_some() && old == text(analysis, &mutated, bias) {
            return None;
        }
        let code = |reloc: &Reloc| {
            let (section, offset) = place(analysis, reloc, bias)?;
            is_padding(analysis, section, offset).then_some(())
        };
        if moved && (code(reloc).is_some() || code(&mutated).is_some()) {
            return None;
        }
        Some(())
    }
}

/// The string that `reloc` points to, if linkers merge it: the same text is the same string.
fn text<'a>(analysis: &'a Analysis<'_>, reloc: &Reloc, bias: i64) -> Option<&'a [u8]> {
    let (section, offset) = place(analysis, reloc, bias)?;
    let section = Some(analysis.elf.section(section)).filter(|section| section.is_strings())?;
    section.data.get(usize::try_from(offset).ok()?..)?.split(|byte| *byte == 0).next()
}

/// Whether `reloc` points to data that no symbol covers and that holds only zeros.
fn is_zeroed(analysis: &Analysis<'_>, reloc: &Reloc) -> bool {
    let symbol = analysis.elf.symbol(reloc.symbol);
    if symbol.place == Definition::Undefined {
        return false;
    }
    (0..9).any(|bias| {
        let Some((section, offset)) = place(analysis, reloc, bias) else { return false };
        let section = analysis.elf.section(section);
        let here = section.bytes(offset, 16).unwrap_or_default();
        here.iter().all(|byte| *byte == 0)
    })
}
