//! What a mutation must change, and what it may: said without the checksum code.

mod code;
mod data;
mod entry;
mod target;

use std::collections::BTreeSet;

use klp_core::checksum::Analysis;
use klp_core::elf::{Reloc, RelocKind, Section};
use klp_core::layout::SpanId;
use klp_core::rules;

use super::decode::place;
use super::owners::{Nature, Owners};
use super::regions::Regions;
use super::site::{Flip, Mutation};
use super::unit::UnitId;

/// What a mutation means.
#[derive(Debug, Clone, Default)]
pub(super) struct Expect {
    /// Units that must change (inside a rule: that must not).
    pub(super) must: BTreeSet<UnitId>,
    /// Whether all of `must` have to, or one.
    pub(super) all: bool,
    /// Units that may change.
    pub(super) may: BTreeSet<UnitId>,
    /// The rule that the mutation is inside of.
    pub(super) rule: Option<&'static str>,
}

pub(super) struct Oracle {
    regions: Regions,
    owners: Owners,
}

impl Oracle {
    pub(super) fn of(analysis: &Analysis<'_>) -> Self {
        let owners = Owners::of(analysis);
        let regions = Regions::of(analysis, &owners);
        let mut oracle = Self { regions, owners };
        let counters = oracle.counters_in_data(analysis);
        oracle.owners.add_counters(counters);
        oracle
    }

    pub(super) fn expect(&self, analysis: &Analysis<'_>, mutation: &Mutation) -> Option<Expect> {
        let section = analysis.elf.section(mutation.section);
        let mut expect = if let Some(rule) = rules::for_section(section.name) {
            Expect { rule: Some(rule.name), ..Expect::default() }
        } else if rules::is_attributed(section.name) {
            self.entry(analysis, section, mutation)?
        } else if section.is_code() {
            self.code(analysis, section, mutation)?
        } else {
            self.data(analysis, section, mutation)?
        };
        if !matches!(mutation.flip, Flip::Byte { .. }) {
            let reloc = section.relocs.at(mutation.offset)?;
            expect.rule = expect.rule.or(relocation_rule(&reloc, mutation.flip)?);
            self.targets(analysis, section, &reloc, mutation, &mut expect)?;
        } else if is_relocated(section, mutation.offset) {
            expect.rule = expect.rule.or(Some("relocated"));
        }
        let must: Vec<UnitId> = expect.must.iter().copied().collect();
        expect.may.extend(must);
        Some(expect)
    }

    /// Functions, and units with data that refers to places inside of them.
    fn counters_in_data(&self, analysis: &Analysis<'_>) -> Vec<(SpanId, UnitId)> {
        let mut found = Vec::new();
        for (section, index) in analysis.elf.sections.with_ids() {
            if !section.is_allocated()
                || section.is_code()
                || rules::is_attributed(section.name)
                || rules::for_section(section.name).is_some()
            {
                continue;
            }
            for reloc in section.relocs.iter() {
                let Some((to, offset)) = place(analysis, &reloc, 0) else { continue };
                let owners = self.owners.covering(to, offset);
                for owner in owners.filter(|owner| owner.nature == Nature::Own) {
                    let units = self.regions.around(index, reloc.offset);
                    found.extend(units.into_iter().map(|unit| (owner.function, unit)));
                }
            }
        }
        found
    }
}

/// Rules about relocations themselves; none at all where the mutation is no change.
#[expect(clippy::option_option, reason = "no mutation, no rule and a rule are three cases")]
fn relocation_rule(reloc: &Reloc, flip: Flip) -> Option<Option<&'static str>> {
    if reloc.kind == RelocKind::None {
        return None;
    }
    let Flip::Type { to } = flip else { return Some(None) };
    let new = match to {
        0 => RelocKind::None,
        1 => RelocKind::Abs64,
        2 | 4 => RelocKind::Relative32,
        10 => RelocKind::Abs32,
        11 => RelocKind::Abs32Signed,
        24 => RelocKind::Relative64,
        other => RelocKind::Unknown(other),
    };
    Some((new == reloc.kind).then_some("branch-encoding"))
}

fn is_relocated(section: &Section<'_>, offset: u64) -> bool {
    section
        .relocs
        .within(offset.saturating_sub(7), offset + 1)
        .any(|reloc| offset < reloc.offset + reloc.kind.width())
}
