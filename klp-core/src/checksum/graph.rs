//! Which unnamed data leads to which.

use foldhash::HashMap;

use crate::slices::SliceParts as _;
use rayon::prelude::*;

use super::ReferentId;
use super::refine::DigestOutcome;
use super::stream::{NodeRef, Streams};

/// A node's own content, and where it leads.
pub(super) struct NodeContent {
    pub(super) own: DigestOutcome,
    pub(super) edges: Vec<NodeRef>,
    /// Symbols that it refers to by name.
    pub(super) references: Vec<ReferentId>,
}

/// Nodes and all that they lead to, numbered.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) numbers: HashMap<NodeRef, u32>,
    /// Digests of the nodes' own content.
    pub(super) own: Vec<DigestOutcome>,
    pub(super) edges: Vec<Vec<u32>>,
    pub(super) references: Vec<Vec<ReferentId>>,
    /// Which nodes are variables: in memory that can be written.
    pub(super) variables: Vec<bool>,
}

impl Graph {
    /// `start` and all that can be reached from there; `write` reads a node.
    pub(super) fn from(
        start: Vec<NodeRef>,
        is_variable: impl Fn(&NodeRef) -> bool,
        write: impl Fn(&mut Streams, NodeRef) -> NodeContent + Sync,
    ) -> Self {
        let mut graph = Self::default();
        let mut edges = Vec::with_capacity(start.len());
        let mut frontier = start;
        loop {
            frontier.par_sort_unstable();
            frontier.dedup();
            frontier.retain(|node| !graph.numbers.contains_key(node));
            if frontier.is_empty() {
                break;
            }
            let written: Vec<NodeContent> = frontier
                .par_iter()
                .with_min_len(64)
                .map_init(Streams::default, |streams, node| write(streams, *node))
                .collect();
            graph.variables.extend(frontier.iter().map(&is_variable));
            graph.numbers.extend(frontier.drain(..).zip(number(graph.own.len())..));
            for node in written {
                frontier.extend_from_slice(&node.edges);
                edges.push(node.edges);
                graph.own.push(node.own);
                graph.references.push(node.references);
            }
        }
        let number = |node: &NodeRef| graph.numbers.get(node).copied();
        let numbered = |edges: &Vec<NodeRef>| edges.iter().filter_map(number).collect();
        graph.edges = edges.par_iter().with_min_len(1024).map(numbered).collect();
        graph
    }

    /// Each edge as target and source, by target.
    pub(super) fn backwards(&self) -> Vec<(u32, u32)> {
        let sources = self.edges.iter().zip(0u32..);
        let all = sources.flat_map(|(edges, node)| edges.iter().map(move |edge| (*edge, node)));
        let mut backwards: Vec<(u32, u32)> = all.collect();
        backwards.sort_unstable();
        backwards
    }

    /// Which nodes lead to those that are `wanted`, themselves included.
    pub(super) fn leading_to(
        &self,
        backwards: &[(u32, u32)],
        wanted: impl Iterator<Item = u32>,
    ) -> Vec<bool> {
        let mut leading = vec![false; self.edges.len()];
        let mut open: Vec<u32> = wanted.collect();
        while let Some(node) = open.pop() {
            let Some(leads) = leading.get_mut(node as usize).filter(|leads| !**leads) else {
                continue;
            };
            *leads = true;
            let from = backwards.partition_point(|(target, _)| *target < node);
            let own = backwards.starting(from).iter();
            let own = own.take_while(|(target, _)| *target == node);
            open.extend(own.map(|(_, source)| *source));
        }
        leading
    }
}

/// Objects hold fewer than 2^32 nodes: each starts at a byte of its own or is a symbol's.
fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
