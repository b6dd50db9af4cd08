//! The data that functions reach through targets without a name, and all named data.
//!
//! Nodes are stretches of data sections. A node's digest covers its bytes, what its relocations name,
//! and the digests of the unnamed nodes that they reach; cycles are digested by refinement, so that
//! two nodes have one digest exactly if nothing that can be reached from them differs.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::elf::{Section, SectionClass};
use crate::name::{self, Stability};
use crate::rules;

use super::behind::Behind;
use super::context::{self, Context, Target};
use super::data;
use super::digest::Digest;
use super::origin::Origin;
use super::scc;
use super::stream::{NodeRef, Streams};
use super::{DataChecksum, Kind, Unit};

/// The digests of all nodes, and the symbols that they lead to.
#[derive(Debug, Default)]
pub(super) struct NodeDigests {
    digests: HashMap<NodeRef, Result<Digest, String>>,
    behind: Behind,
}

impl NodeDigests {
    pub(super) fn get(&self, node: &NodeRef) -> Result<Digest, String> {
        match self.digests.get(node) {
            Some(digest) => digest.clone(),
            None => Err("unnamed data that was not read".into()),
        }
    }

    /// Symbols that are named in the nodes that can be reached from `nodes`.
    pub(super) fn references(&self, nodes: impl DoubleEndedIterator<Item = NodeRef>) -> Vec<u32> {
        self.behind.reached_from(nodes)
    }

    fn extend(&mut self, other: Self) {
        self.digests.extend(other.digests);
        self.behind.extend(other.behind);
    }
}

/// A node's own content and where it leads.
pub(super) struct Written {
    own: Result<Digest, String>,
    pub(super) edges: Vec<NodeRef>,
    pub(super) references: Vec<u32>,
}

/// All nodes of an object.
pub(super) struct Closure {
    digests: NodeDigests,
    /// Named data objects, by place.
    named: Vec<NodeRef>,
    reached: BTreeSet<NodeRef>,
    boundaries: Boundaries,
}

impl Closure {
    pub(super) fn of(cx: &Context<'_, '_>, roots: impl Iterator<Item = NodeRef>) -> Self {
        let mut reached: BTreeSet<NodeRef> = roots.collect();
        let named = named_data(cx);
        let boundaries = Boundaries::of(cx, &reached);
        let mut graph: Vec<(NodeRef, Written)> = Vec::new();
        let mut frontier: Vec<NodeRef> = reached
            .iter()
            .copied()
            .chain(named.iter().copied())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut seen: BTreeSet<NodeRef> = frontier.iter().copied().collect();
        while !frontier.is_empty() {
            let written: Vec<Written> = frontier
                .par_iter()
                .with_min_len(64)
                .map_init(Streams::default, |streams, node| write(cx, &boundaries, streams, *node))
                .collect();
            let next: BTreeSet<NodeRef> =
                written.iter().flat_map(|node| &node.edges).copied().collect();
            graph.extend(frontier.into_iter().zip(written));
            reached.extend(next.iter().copied());
            frontier = next.into_iter().filter(|node| seen.insert(*node)).collect();
        }
        Self { digests: resolve(&graph), named, reached, boundaries }
    }

    pub(super) fn digests(&self) -> &NodeDigests {
        &self.digests
    }

    /// The digests of the named data objects, and of what is left of each section.
    pub(super) fn finish(mut self, cx: &Context<'_, '_>) -> (Vec<DataChecksum>, NodeDigests) {
        let mut data: Vec<DataChecksum> = self
            .named
            .iter()
            .map(|node| DataChecksum {
                section: node.section,
                span: node.span,
                digest: self.digests.get(node),
                references: self.digests.references([*node].into_iter()),
            })
            .collect();
        let mut left: HashMap<u32, Vec<NodeRef>> = HashMap::new();
        for node in unreached(cx, &self.reached, &self.boundaries) {
            left.entry(node.section).or_default().push(node);
        }
        let rest = Self::of_unreached(cx, &self.boundaries, left.values().flatten().copied());
        for (section, nodes) in sorted(left) {
            let mut bytes = Vec::new();
            let mut problem = None;
            for node in &nodes {
                match rest.get(node) {
                    Ok(digest) => bytes.extend_from_slice(digest.as_bytes()),
                    Err(why) => problem = Some(why),
                }
            }
            let digest = problem.map_or_else(|| Ok(Digest::of(&bytes)), Err);
            let references = rest.references(nodes.iter().copied());
            data.push(DataChecksum { section, span: None, digest, references });
        }
        self.digests.extend(rest);
        (data, self.digests)
    }

    fn of_unreached(
        cx: &Context<'_, '_>,
        boundaries: &Boundaries,
        nodes: impl Iterator<Item = NodeRef>,
    ) -> NodeDigests {
        let mut streams = Streams::default();
        let mut graph: Vec<(NodeRef, Written)> = Vec::new();
        let mut open: Vec<NodeRef> = nodes.collect();
        let mut seen: BTreeSet<NodeRef> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            let written = write(cx, boundaries, &mut streams, node);
            open.extend(written.edges.iter().copied().filter(|node| seen.insert(*node)));
            graph.push((node, written));
        }
        resolve(&graph)
    }
}

fn sorted(map: HashMap<u32, Vec<NodeRef>>) -> Vec<(u32, Vec<NodeRef>)> {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_unstable();
    entries
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

/// The digests of all nodes of `graph` from their own content and their edges.
fn resolve(graph: &[(NodeRef, Written)]) -> NodeDigests {
    let index: HashMap<NodeRef, usize> =
        graph.iter().enumerate().map(|(index, (node, _))| (*node, index)).collect();
    let edges: Vec<Vec<usize>> = graph
        .iter()
        .map(|(_, written)| {
            written.edges.iter().filter_map(|node| index.get(node).copied()).collect()
        })
        .collect();
    let mut digests: Vec<Option<Result<Digest, String>>> = vec![None; graph.len()];
    for component in scc::components(&edges) {
        let mut current: HashMap<usize, Result<Digest, String>> = component
            .iter()
            .filter_map(|node| Some((*node, graph.get(*node)?.1.own.clone())))
            .collect();
        let cyclic = component.len() > 1
            || component.iter().any(|node| edges.get(*node).is_some_and(|out| out.contains(node)));
        let mut classes = 0;
        loop {
            let mut next = HashMap::new();
            for node in &component {
                next.insert(*node, combine(&graph[*node].1, &edges[*node], &current, &digests));
            }
            current = next;
            let distinct: BTreeSet<_> =
                current.values().flatten().map(|digest| *digest.as_bytes()).collect();
            if !cyclic || distinct.len() <= classes {
                break;
            }
            classes = distinct.len();
        }
        for (node, digest) in current {
            if let Some(slot) = digests.get_mut(node) {
                *slot = Some(digest);
            }
        }
    }
    let digests = graph.iter().zip(digests);
    NodeDigests {
        digests: digests.filter_map(|((node, _), digest)| Some((*node, digest?))).collect(),
        behind: Behind::of(graph),
    }
}

fn combine(
    written: &Written,
    edges: &[usize],
    current: &HashMap<usize, Result<Digest, String>>,
    done: &[Option<Result<Digest, String>>],
) -> Result<Digest, String> {
    let own = written.own.clone()?;
    if edges.is_empty() {
        return Ok(own);
    }
    let mut bytes = own.as_bytes().to_vec();
    for edge in edges {
        let behind = current.get(edge).or_else(|| done.get(*edge).and_then(Option::as_ref));
        let behind =
            behind.cloned().unwrap_or_else(|| Err("unnamed data that was not read".into()));
        bytes.extend_from_slice(behind?.as_bytes());
    }
    Ok(Digest::of(&bytes))
}

/// Where unnamed data starts that no symbol covers: each place that something refers to.
struct Boundaries(HashMap<u32, Vec<u64>>);

impl Boundaries {
    fn of(cx: &Context<'_, '_>, reached: &BTreeSet<NodeRef>) -> Self {
        let mut starts: HashMap<u32, Vec<u64>> = HashMap::new();
        let mut add = |node: NodeRef| {
            if node.span.is_none() {
                starts.entry(node.section).or_default().push(node.start);
            }
        };
        reached.iter().copied().for_each(&mut add);
        let is_data = |section: &&Section<'_>| section.is_allocated() && !section.is_code();
        for section in cx.elf.sections.iter().filter(is_data) {
            for reloc in section.relocs.iter() {
                if let Target::Node { node, .. } =
                    cx.resolve(Origin::Any, reloc.symbol, reloc.addend)
                {
                    add(node);
                }
            }
        }
        for places in starts.values_mut() {
            places.sort_unstable();
            places.dedup();
        }
        Self(starts)
    }

    fn end(&self, cx: &Context<'_, '_>, node: NodeRef) -> u64 {
        if let Some(span) = node.span.and_then(|span| cx.layout.span(span)) {
            return span.end;
        }
        let section = cx.elf.section(node.section);
        if let Some(end) = section.and_then(|section| context::entry_end(section, node.start)) {
            return end;
        }
        let size = section.map_or(0, |section| section.size);
        let span = cx.layout.next_start(node.section, node.start).unwrap_or(size);
        span.min(size).min(self.after(node.section, node.start).unwrap_or(size))
    }

    /// The first boundary after `offset`.
    fn after(&self, section: u32, offset: u64) -> Option<u64> {
        let places = self.0.get(&section)?;
        places.get(places.partition_point(|place| *place <= offset)).copied()
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
        (name::stability(symbol.name, symbol.local) != Stability::Unstable).then_some(index)
    };
    spans(cx).filter(|node| node.span.is_some_and(|span| named(span).is_some())).collect()
}

/// All spans of data sections.
fn spans<'a>(cx: &'a Context<'_, '_>) -> impl Iterator<Item = NodeRef> + 'a {
    cx.layout.spans.iter().zip(0u32..).filter_map(|(span, index)| {
        let section = cx.elf.section(span.section)?;
        holds_data(section).then_some(NodeRef {
            section: span.section,
            start: span.start,
            span: Some(index),
        })
    })
}

/// Data that is neither named nor reached: spans with unstable names and the room between spans,
/// where it holds anything.
fn unreached(
    cx: &Context<'_, '_>,
    reached: &BTreeSet<NodeRef>,
    boundaries: &Boundaries,
) -> Vec<NodeRef> {
    let named: BTreeSet<NodeRef> = named_data(cx).into_iter().collect();
    let is_bookkeeping = |node: &NodeRef| {
        let symbol = node.span.and_then(|span| cx.elf.symbol(cx.layout.span(span)?.symbol?));
        symbol.is_some_and(|symbol| rules::is_bookkeeping_object(symbol.name))
    };
    let mut left: Vec<NodeRef> = spans(cx)
        .filter(|node| !named.contains(node) && !reached.contains(node) && !is_bookkeeping(node))
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
