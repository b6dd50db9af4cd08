//! Where unnamed data starts and ends.

use bitcode::{Decode, Encode};
use rayon::prelude::*;

use crate::elf::{Place, Section, SectionId};

use super::context::{self, Context};
use super::described;
use super::origin::SymbolFiles;
use super::stream::{DataExtent, NodeRef};

/// Where unnamed data starts that no symbol covers: each place that something refers to, and where what has a known size
/// ends, by section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Boundaries(Vec<Vec<u64>>);

impl Boundaries {
    pub(super) fn of(cx: &Context<'_, '_>, reached: &[NodeRef]) -> Self {
        let is_data = |section: &&Section<'_>| section.is_allocated() && !section.is_code();
        let from_data =
            cx.elf.sections.as_slice().par_iter().filter(is_data).flat_map_iter(|section| {
                let to_data = section.relocs.iter().filter(|reloc| !cx.is_in_code(reloc.symbol));
                let nodes = to_data.flat_map(|reloc| {
                    cx.resolve(SymbolFiles::Any, reloc.symbol, reloc.addend).nodes()
                });
                nodes.filter(|node| node.span.is_none() && node.extent == DataExtent::Next)
            });
        let mut nodes: Vec<NodeRef> = from_data.collect();
        nodes.extend(reached.iter().filter(|node| node.span.is_none()));
        let places = nodes.into_iter().map(|node| node.section.at(node.start));
        let places = places.chain(described::ends(cx.elf));
        Self(vec![Vec::new(); cx.elf.sections.len()]).and(places)
    }

    /// With these places, too.
    pub(super) fn and(mut self, places: impl Iterator<Item = Place>) -> Self {
        for Place { section, offset: start } in places {
            if let Some(starts) = self.0.get_mut(section.number() as usize) {
                starts.push(start);
            }
        }
        self.0.par_iter_mut().for_each(|places| {
            places.sort_unstable();
            places.dedup();
        });
        self
    }

    pub(super) fn end(&self, cx: &Context<'_, '_>, node: NodeRef) -> u64 {
        if let Some(span) = node.span.map(|span| cx.layout.span(span)) {
            return span.end;
        }
        let section = cx.elf.section(node.section);
        let entry_end = || context::entry_end(section, node.start);
        // What nothing refers to is all that is left, whatever the linker makes of it.
        if let Some(end) = entry_end().filter(|_| node.extent != DataExtent::Rest) {
            return end;
        }
        let size = section.size;
        let is_one = || cx.is_one_constant(section, node.section);
        if node.extent == DataExtent::Section || node.extent == DataExtent::Next && is_one() {
            return size;
        }
        let span = cx.layout.next_start(node.section, node.start).unwrap_or(size);
        span.min(size).min(self.after(node.section, node.start).unwrap_or(size))
    }

    /// The first boundary after `offset`.
    fn after(&self, section: SectionId, offset: u64) -> Option<u64> {
        let places = self.0.get(section.number() as usize)?;
        places.get(places.partition_point(|place| *place <= offset)).copied()
    }
}
