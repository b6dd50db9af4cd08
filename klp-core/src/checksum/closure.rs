//! The data that functions reach through targets without a name, and all named data.
//!
//! Nodes are stretches of data sections. A node's digest covers its bytes, what its relocations name,
//! and the digests of the unnamed nodes that they reach.

use rayon::prelude::*;

use crate::elf::{Section, SectionClass};
use crate::name::Stability;
use crate::rules;

use super::boundaries::Boundaries;
use super::context::Context;
use super::data;
use super::digest::Digest;
use super::graph::{Graph, Written};
use super::nodes::NodeDigests;
use super::refine;
use super::stream::{NodeRef, Streams};
use super::{DataChecksum, Kind, Unit};

/// All nodes that functions and named data reach.
pub(super) struct Closure {
    digests: NodeDigests,
    /// Named data objects, by place.
    named: Vec<NodeRef>,
    boundaries: Boundaries,
}

impl Closure {
    pub(super) fn of(cx: &Context<'_, '_>, mut roots: Vec<NodeRef>) -> Self {
        roots.par_sort_unstable();
        roots.dedup();
        let named = named_data(cx);
        let boundaries = Boundaries::of(cx, &roots);
        roots.extend(&named);
        Self { digests: digests(cx, &boundaries, roots), named, boundaries }
    }

    pub(super) fn digests(&self) -> &NodeDigests {
        &self.digests
    }

    pub(super) fn into_boundaries(self) -> Boundaries {
        self.boundaries
    }

    /// The digests of the named data objects, and of each stretch that neither has a name nor is reached.
    pub(super) fn data(&self, cx: &Context<'_, '_>) -> Vec<DataChecksum> {
        let left = unreached(cx, &self.digests, &self.boundaries);
        let rest = digests(cx, &self.boundaries, left.clone());
        let named = self.named.par_iter().with_min_len(256).map(|node| of(*node, &self.digests));
        let mut data: Vec<DataChecksum> = named.collect();
        let unnamed = left.into_iter().map(|node| DataChecksum { span: None, ..of(node, &rest) });
        data.extend(unnamed);
        data
    }
}

/// The digest of a data object, in `digests`.
fn of(node: NodeRef, digests: &NodeDigests) -> DataChecksum {
    let (mut digest, references) = digests.of_unit([node].into_iter());
    DataChecksum {
        section: node.section,
        span: node.span,
        digest: digest.pop().unwrap_or_else(refine::unread),
        references,
    }
}

/// The digests of `start` and of all that they lead to.
pub(super) fn digests(
    cx: &Context<'_, '_>,
    boundaries: &Boundaries,
    start: Vec<NodeRef>,
) -> NodeDigests {
    let is_variable =
        |node: &NodeRef| cx.elf.section(node.section).is_some_and(Section::is_writable);
    NodeDigests::of(Graph::from(start, is_variable, |streams, node| {
        write(cx, boundaries, streams, node)
    }))
}

fn write(
    cx: &Context<'_, '_>,
    boundaries: &Boundaries,
    streams: &mut Streams,
    node: NodeRef,
) -> Written {
    let end = boundaries.end(cx, node);
    let mut unit = Unit::new(cx, streams);
    let own = data::write(&mut unit, cx, node, end).map_err(String::from);
    let own = own.map(|()| Digest::of(streams.buffer(Kind::Constant)));
    Written {
        own,
        edges: streams.edges.drain(..).map(|(_, node)| node).collect(),
        references: streams.references.clone(),
    }
}

/// Allocated data that no rule leaves out and no reader attributes to code.
fn holds_data(section: &Section<'_>) -> bool {
    section.is_allocated()
        && !section.is_code()
        && matches!(
            section.class,
            SectionClass::Bytes | SectionClass::Zeroed | SectionClass::Unknown(_)
        )
        && rules::for_section(section.name).is_none()
        && !rules::is_attributed(section.name)
}

fn data_sections<'a>(cx: &'a Context<'_, '_>) -> impl Iterator<Item = u32> + 'a {
    cx.elf
        .sections
        .iter()
        .zip(0u32..)
        .filter(|(section, _)| holds_data(section))
        .map(|(_, index)| index)
}

/// The spans that have a name which holds in another build.
fn named_data(cx: &Context<'_, '_>) -> Vec<NodeRef> {
    let named = |index: u32| {
        let symbol = cx.elf.symbol(cx.layout.span(index)?.symbol?)?;
        (symbol.stability != Stability::Unstable).then_some(index)
    };
    spans(cx).filter(|node| node.span.is_some_and(|span| named(span).is_some())).collect()
}

/// All spans of data sections.
fn spans<'a>(cx: &'a Context<'_, '_>) -> impl Iterator<Item = NodeRef> + 'a {
    data_sections(cx).flat_map(|section| {
        let spans = cx.layout.of_section(section).iter();
        let numbers = cx.layout.first_of_section(section).unwrap_or(u32::MAX)..;
        spans.zip(numbers).map(move |(span, number)| NodeRef {
            section,
            start: span.start,
            span: Some(number),
        })
    })
}

/// Data that is neither named nor reached: spans with unstable names and the room between spans,
/// where it holds anything.
fn unreached(cx: &Context<'_, '_>, reached: &NodeDigests, boundaries: &Boundaries) -> Vec<NodeRef> {
    let is_bookkeeping = |node: &NodeRef| {
        let symbol = node.span.and_then(|span| cx.elf.symbol(cx.layout.span(span)?.symbol?));
        symbol.is_some_and(|symbol| rules::is_bookkeeping_object(symbol.name))
    };
    let mut left: Vec<NodeRef> =
        spans(cx).filter(|node| !reached.has(node) && !is_bookkeeping(node)).collect();
    for section in data_sections(cx) {
        let Some(header) = cx.elf.section(section).filter(|section| !section.is_merged()) else {
            continue;
        };
        let mut at = 0;
        let mut spans = cx.layout.of_section(section).iter().peekable();
        while at < header.size {
            while let Some(span) = spans.next_if(|span| span.start <= at) {
                at = at.max(span.end);
            }
            let start = at;
            let node = NodeRef { section, start, span: None };
            let end = boundaries.end(cx, node);
            if start >= end {
                break;
            }
            let bytes = header.bytes(start, end.saturating_sub(start)).unwrap_or_default();
            // Zeros in front of it are alignment.
            let first =
                bytes.iter().position(|byte| *byte != 0).and_then(|at| u64::try_from(at).ok());
            let first = first.and_then(|first| start.checked_add(first));
            let relocated = header.relocs.within(start, end).next().map(|reloc| reloc.offset);
            let content = first.into_iter().chain(relocated).min();
            if let Some(start) = content.filter(|_| !reached.has(&node)) {
                left.push(NodeRef { start, ..node });
            }
            at = end;
        }
    }
    left.sort_unstable();
    left
}
