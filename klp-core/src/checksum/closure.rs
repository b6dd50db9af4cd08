//! The data that functions reach through targets without a name, and all named data.
//!
//! Nodes are stretches of data sections. A node's digest covers its bytes, what its relocations name,
//! and the digests of the unnamed nodes that they reach.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};
use rayon::prelude::*;

use crate::elf::{Section, SectionClass};
use crate::name::Stability;
use crate::rules;

use super::behind::Behind;
use super::boundaries::Boundaries;
use super::context::Context;
use super::data;
use super::digest::Digest;
use super::refine::{self, Outcome};
use super::stream::{NodeRef, Streams};
use super::variables::Variables;
use super::{DataChecksum, Kind, Unit};

/// The digests of all nodes, and the symbols that they lead to.
#[derive(Debug, Default)]
pub(super) struct NodeDigests {
    digests: HashMap<NodeRef, Outcome>,
    behind: Behind,
    variables: Variables,
}

impl NodeDigests {
    /// The digests of `nodes`, which are all that one unit refers to.
    pub(super) fn of_unit(&self, nodes: &[NodeRef]) -> Vec<Outcome> {
        self.variables
            .numbered(nodes, |node| self.get(node))
            .unwrap_or_else(|| nodes.iter().map(|node| self.get(node)).collect())
    }

    fn get(&self, node: &NodeRef) -> Outcome {
        match self.digests.get(node) {
            Some(digest) => digest.clone(),
            None => refine::unread(),
        }
    }

    /// Symbols that are named in the nodes that can be reached from `nodes`.
    pub(super) fn references(&self, nodes: impl DoubleEndedIterator<Item = NodeRef>) -> Vec<u32> {
        self.behind.reached_from(nodes)
    }

    fn extend(&mut self, other: Self) {
        self.digests.extend(other.digests);
        self.behind.extend(other.behind);
        self.variables.extend(other.variables);
    }
}

/// All nodes of an object.
pub(super) struct Closure {
    digests: NodeDigests,
    /// Named data objects, by place.
    named: Vec<NodeRef>,
    reached: HashSet<NodeRef>,
    boundaries: Boundaries,
}

impl Closure {
    pub(super) fn of(cx: &Context<'_, '_>, mut roots: Vec<NodeRef>) -> Self {
        roots.sort_unstable();
        roots.dedup();
        let named = named_data(cx);
        let boundaries = Boundaries::of(cx, &roots);
        let graph = Graph::from(cx, &boundaries, roots.iter().chain(&named).copied().collect());
        let reached = roots.into_iter().chain(graph.edges()).collect();
        Self { digests: graph.digests(cx), named, reached, boundaries }
    }

    pub(super) fn digests(&self) -> &NodeDigests {
        &self.digests
    }

    /// The digests of the named data objects, and of what is left of each section.
    pub(super) fn finish(mut self, cx: &Context<'_, '_>) -> (Vec<DataChecksum>, NodeDigests) {
        let named = self.named.iter().map(|node| DataChecksum {
            section: node.section,
            span: node.span,
            digest: self.digests.of_unit(&[*node]).pop().unwrap_or_else(refine::unread),
            references: self.digests.references([*node].into_iter()),
        });
        let mut data: Vec<DataChecksum> = named.collect();
        let left = unreached(cx, &self.reached, &self.named, &self.boundaries);
        let rest = Graph::from(cx, &self.boundaries, left.clone()).digests(cx);
        let mut sections: BTreeMap<u32, Vec<NodeRef>> = BTreeMap::new();
        for node in left {
            sections.entry(node.section).or_default().push(node);
        }
        for (section, nodes) in sections {
            let digests: Result<Vec<Digest>, String> =
                nodes.iter().map(|node| rest.get(node)).collect();
            let bytes = digests.map(|digests| {
                digests.iter().flat_map(|digest| *digest.as_bytes()).collect::<Vec<u8>>()
            });
            let digest = bytes.map(|bytes| Digest::of(&bytes));
            let references = rest.references(nodes.into_iter());
            data.push(DataChecksum { section, span: None, digest, references });
        }
        self.digests.extend(rest);
        (data, self.digests)
    }
}

/// Nodes and all that they lead to.
#[derive(Default)]
struct Graph {
    nodes: Vec<NodeRef>,
    written: Vec<Written>,
    index: HashMap<NodeRef, usize>,
}

/// A node's own content and where it leads.
pub(super) struct Written {
    pub(super) own: Outcome,
    pub(super) edges: Vec<NodeRef>,
    pub(super) references: Vec<u32>,
}

impl Graph {
    fn from(cx: &Context<'_, '_>, boundaries: &Boundaries, start: Vec<NodeRef>) -> Self {
        let mut graph = Self::default();
        let mut frontier = start;
        loop {
            frontier.sort_unstable();
            frontier.dedup();
            frontier.retain(|node| !graph.index.contains_key(node));
            if frontier.is_empty() {
                return graph;
            }
            let written: Vec<Written> = frontier
                .par_iter()
                .with_min_len(64)
                .map_init(Streams::default, |streams, node| write(cx, boundaries, streams, *node))
                .collect();
            graph.index.extend(frontier.iter().copied().zip(graph.nodes.len()..));
            graph.nodes.append(&mut frontier);
            frontier.extend(written.iter().flat_map(|node| &node.edges));
            graph.written.extend(written);
        }
    }

    fn edges(&self) -> impl Iterator<Item = NodeRef> {
        self.written.iter().flat_map(|node| &node.edges).copied()
    }

    fn digests(self, cx: &Context<'_, '_>) -> NodeDigests {
        let number = |node| self.index.get(node).copied();
        let edges: Vec<Vec<usize>> = self
            .written
            .iter()
            .map(|node| node.edges.iter().filter_map(number).collect())
            .collect();
        let behind = Behind::of(&self.nodes, &self.written);
        let variables = Variables::of(cx, &self.nodes, &self.written);
        let own: Vec<Outcome> = self.written.into_iter().map(|node| node.own).collect();
        let digests = self.nodes.into_iter().zip(refine::digests(&own, &edges)).collect();
        NodeDigests { digests, behind, variables }
    }
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
        references: std::mem::take(&mut streams.references),
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
fn unreached(
    cx: &Context<'_, '_>,
    reached: &HashSet<NodeRef>,
    named: &[NodeRef],
    boundaries: &Boundaries,
) -> Vec<NodeRef> {
    let is_named = |node: &NodeRef| named.binary_search(node).is_ok();
    let is_bookkeeping = |node: &NodeRef| {
        let symbol = node.span.and_then(|span| cx.elf.symbol(cx.layout.span(span)?.symbol?));
        symbol.is_some_and(|symbol| rules::is_bookkeeping_object(symbol.name))
    };
    let mut left: Vec<NodeRef> = spans(cx)
        .filter(|node| !is_named(node) && !reached.contains(node) && !is_bookkeeping(node))
        .collect();
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
            if let Some(start) = content.filter(|_| !reached.contains(&node)) {
                left.push(NodeRef { start, ..node });
            }
            at = end;
        }
    }
    left.sort_unstable();
    left
}
