//! What relocations, special entries and labels say about the instructions ahead.

use crate::elf::{Reloc, RelocKind, RelocRange, SectionId};
use crate::tables::SiteRef;

use super::Refusal;
use super::context::Context;
use crate::layout::Label;

/// All of it that is still ahead in a stretch of code.
pub(super) struct Annotations<'a> {
    relocs: RelocRange<'a>,
    sites: &'a [SiteRef],
    /// Section, offset and symbol.
    labels: &'a [Label],
    /// Up to where alternatives can replace the code.
    covered: u64,
}

/// What is said about one instruction.
pub(super) struct InstructionAnnotations<'a> {
    /// An instruction has two fields at most.
    pub(super) relocs: [Option<Reloc>; 2],
    pub(super) entries: &'a [SiteRef],
    pub(super) labels: &'a [Label],
}

impl InstructionAnnotations<'_> {
    /// Whether nothing is said, so that a NOP here is padding.
    pub(super) fn is_empty(&self) -> bool {
        self.relocs == [None; 2] && self.entries.is_empty() && self.labels.is_empty()
    }
}

impl<'a> Annotations<'a> {
    /// About the code from `start` to `end` of `section`.
    pub(super) fn of(cx: &Context<'a, '_>, section: SectionId, start: u64, end: u64) -> Self {
        let relocs = cx.elf.section(section).relocs.within(start, end);
        let sites = cx.sites.within(section, start, end);
        let labels = cx.layout.inner_labels(section, start, end);
        Self { relocs, sites, labels, covered: 0 }
    }

    /// Where the next of them applies; the last of all places if there is none.
    pub(super) fn next_offset(&self) -> u64 {
        let site = self.sites.first().map_or(u64::MAX, |entry| entry.offset);
        let label = self.labels.first().map_or(u64::MAX, |(_, offset, _)| *offset);
        self.relocs.next_offset().min(site).min(label)
    }

    /// Whether an alternative can replace what is at `at`, so that a NOP there is no padding.
    pub(super) fn covers(&self, at: u64) -> bool {
        at < self.covered
    }

    /// Those before `end`.
    pub(super) fn take_before(&mut self, end: u64) -> Result<InstructionAnnotations<'a>, Refusal> {
        let mut relocs = [None; 2];
        while self.relocs.next_offset() < end {
            let Some(reloc) = self.relocs.next().filter(|reloc| reloc.kind != RelocKind::None)
            else {
                continue;
            };
            let slot = relocs.iter_mut().find(|slot| slot.is_none());
            *slot.ok_or_else(|| Refusal::new("three relocations in one instruction"))? =
                Some(reloc);
        }
        let entries = take_while(&mut self.sites, |entry| entry.offset < end);
        let labels = take_while(&mut self.labels, |(_, offset, _)| *offset < end);
        let reached = entries.iter().map(SiteRef::end).max();
        self.covered = self.covered.max(reached.unwrap_or(0));
        Ok(InstructionAnnotations { relocs, entries, labels })
    }
}

/// Takes the first items for which `is` holds.
fn take_while<'a, T>(items: &mut &'a [T], is: impl Fn(&T) -> bool) -> &'a [T] {
    let (taken, rest) = items.split_at(items.iter().take_while(|item| is(item)).count());
    *items = rest;
    taken
}
