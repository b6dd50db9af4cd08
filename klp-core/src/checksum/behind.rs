//! Symbols that a function or data object refers to by name in the unnamed data behind it.
//!
//! Digests leave out what compilers number. Whoever compares two digests also has to see that the same
//! things are meant, and so has to know all of them, however far away they are.

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use super::closure::Written;
use super::stream::NodeRef;

/// Of each node that leads to such symbols: its own ones, and its edges.
#[derive(Debug, Default)]
pub(super) struct Behind(HashMap<NodeRef, (Vec<u32>, Vec<NodeRef>)>);

impl Behind {
    pub(super) fn of(nodes: &[NodeRef], written: &[Written]) -> Self {
        let graph = || nodes.iter().zip(written);
        let mut open: Vec<NodeRef> = graph()
            .filter(|(_, written)| !written.references.is_empty())
            .map(|(node, _)| *node)
            .collect();
        if open.is_empty() {
            return Self::default();
        }
        let mut sources: HashMap<NodeRef, Vec<NodeRef>> = HashMap::new();
        for (node, written) in graph() {
            for edge in &written.edges {
                sources.entry(*edge).or_default().push(*node);
            }
        }
        let mut leading: HashSet<NodeRef> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            let sources = sources.get(&node).map(Vec::as_slice).unwrap_or_default();
            open.extend(sources.iter().copied().filter(|source| leading.insert(*source)));
        }
        let leading = graph().filter(|(node, _)| leading.contains(node));
        Self(
            leading
                .map(|(node, written)| (*node, (written.references.clone(), written.edges.clone())))
                .collect(),
        )
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The symbols in `nodes` and all that they lead to, in the order of the walk.
    pub(super) fn reached_from(&self, nodes: impl DoubleEndedIterator<Item = NodeRef>) -> Vec<u32> {
        let mut symbols = Vec::new();
        if self.0.is_empty() {
            return symbols;
        }
        let mut open: Vec<NodeRef> = nodes.rev().collect();
        let mut seen = HashSet::new();
        while let Some(node) = open.pop() {
            let Some((own, edges)) = self.0.get(&node).filter(|_| seen.insert(node)) else {
                continue;
            };
            symbols.extend_from_slice(own);
            open.extend(edges.iter().rev());
        }
        symbols
    }
}
