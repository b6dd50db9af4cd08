//! Which unnamed data leads to which.

use foldhash::{HashMap, HashMapExt as _};
use rayon::prelude::*;

use super::refine::Outcome;
use super::stream::{NodeRef, Streams};

/// A node's own content, and where it leads.
pub(super) struct Written {
    pub(super) own: Outcome,
    pub(super) edges: Vec<NodeRef>,
    /// Symbols that it refers to by name.
    pub(super) references: Vec<u32>,
}

/// Nodes and all that they lead to, numbered.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) numbers: HashMap<NodeRef, u32>,
    /// Digests of the nodes' own content.
    pub(super) own: Vec<Outcome>,
    pub(super) edges: Vec<Vec<u32>>,
    pub(super) references: Vec<Vec<u32>>,
}

impl Graph {
    /// `start` and all that can be reached from there; `write` reads a node.
    pub(super) fn from(
        start: Vec<NodeRef>,
        write: impl Fn(&mut Streams, NodeRef) -> Written + Sync,
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
            let written: Vec<Written> = frontier
                .par_iter()
                .with_min_len(64)
                .map_init(Streams::default, |streams, node| write(streams, *node))
                .collect();
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

    /// Which nodes lead to those for which `is_wanted`, themselves included.
    pub(super) fn leading_to(&self, is_wanted: impl Fn(u32) -> bool) -> Vec<bool> {
        let mut leading = vec![false; self.edges.len()];
        let mut open: Vec<u32> =
            (0..number(leading.len())).filter(|node| is_wanted(*node)).collect();
        if open.is_empty() {
            return leading;
        }
        let mut sources: HashMap<u32, Vec<u32>> = HashMap::new();
        for (edges, node) in self.edges.iter().zip(0u32..) {
            for edge in edges {
                sources.entry(*edge).or_default().push(node);
            }
        }
        while let Some(node) = open.pop() {
            let Some(leads) = leading.get_mut(node as usize).filter(|leads| !**leads) else {
                continue;
            };
            *leads = true;
            open.extend(sources.get(&node).into_iter().flatten());
        }
        leading
    }
}

/// Objects hold fewer than 2^32 nodes: each starts at a byte of its own or is a symbol's.
fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
