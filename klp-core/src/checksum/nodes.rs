//! The digests of unnamed data, as one unit sees them.
//!
//! Digests leave out what compilers number. Whoever compares two digests also has to see that the same
//! things are meant, and so has to know all symbols that are named behind a unit, however far away.
//!
//! Two variables of equal content are still two: what is written to one is not read from the other.
//! Behind a unit each variable without a name has a number, which is part of its digest there.

use foldhash::{HashMap, HashSet, HashSetExt as _};

use super::ReferentId;
use super::digest::Digest;
use super::graph::Graph;
use super::refine::{self, DigestOutcome};
use super::stream::NodeRef;

/// The digests of all nodes, and what they lead to.
#[derive(Debug, Default)]
pub(super) struct NodeDigests {
    graph: Graph,
    /// By number.
    digests: Vec<DigestOutcome>,
    /// Which nodes lead to variables.
    leads_to_variable: Vec<bool>,
    /// Which nodes refer to symbols by name, or lead to one that does.
    leads_to_symbol: Vec<bool>,
}

impl NodeDigests {
    /// Digests the nodes of `graph`.
    pub(super) fn of(graph: Graph) -> Self {
        let backwards = graph.backwards();
        let to_variable = backwards.iter().filter(|(target, _)| flag(&graph.variables, *target));
        let leads_to_variable =
            graph.leading_to(&backwards, to_variable.map(|(_, source)| *source));
        let naming = graph.references.iter().zip(0u32..).filter(|(own, _)| !own.is_empty());
        let leads_to_symbol = graph.leading_to(&backwards, naming.map(|(_, node)| node));
        let digests = refine::digests(&graph.own, &graph.edges);
        Self { graph, digests, leads_to_variable, leads_to_symbol }
    }

    /// Whether the node is known.
    pub(super) fn has(&self, node: &NodeRef) -> bool {
        self.graph.numbers.contains_key(node)
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &NodeRef> {
        self.graph.numbers.keys()
    }

    /// The digests of `nodes`, which are all that one unit refers to, and the symbols that are named in
    /// them and in all that they lead to, in the order of the walk.
    pub(super) fn of_unit(
        &self,
        nodes: impl Iterator<Item = NodeRef>,
    ) -> (Vec<DigestOutcome>, Vec<ReferentId>) {
        let numbers: Vec<Option<u32>> = nodes.map(|node| self.number(&node)).collect();
        let digest =
            |number: &Option<u32>| number.map_or_else(refine::unread, |node| self.digest(node));
        let leads = |to: &[bool]| numbers.iter().flatten().any(|node| flag(to, *node));
        let digests = if leads(&self.leads_to_variable) {
            self.numbered(&numbers)
        } else {
            numbers.iter().map(digest).collect()
        };
        let symbols = if leads(&self.leads_to_symbol) {
            self.symbols_behind(numbers.into_iter().flatten())
        } else {
            Vec::new()
        };
        (digests, symbols)
    }

    fn number(&self, node: &NodeRef) -> Option<u32> {
        self.graph.numbers.get(node).copied()
    }

    fn digest(&self, node: u32) -> DigestOutcome {
        item(&self.digests, node).cloned().unwrap_or_else(refine::unread)
    }

    fn edges(&self, node: u32) -> &[u32] {
        item(&self.graph.edges, node).map(Vec::as_slice).unwrap_or_default()
    }

    fn symbols_behind(&self, nodes: impl DoubleEndedIterator<Item = u32>) -> Vec<ReferentId> {
        let mut symbols = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<u32> = nodes.rev().collect();
        while let Some(node) = open.pop() {
            if flag(&self.leads_to_symbol, node) && seen.insert(node) {
                symbols.extend(item(&self.graph.references, node).into_iter().flatten());
                open.extend(self.edges(node).iter().rev());
            }
        }
        symbols
    }

    /// The digests of `roots`, each with the variables numbered that can be reached from them all.
    fn numbered(&self, roots: &[Option<u32>]) -> Vec<DigestOutcome> {
        let order = self.reached_from(roots.iter().copied().flatten());
        let index: HashMap<u32, u32> = order.iter().copied().zip(0..).collect();
        let mut number: u32 = 0;
        let mut own = Vec::with_capacity(order.len());
        let mut edges = Vec::with_capacity(order.len());
        for node in order {
            let leads = flag(&self.leads_to_variable, node);
            let known = if leads { &self.graph.own } else { &self.digests };
            let digest = item(known, node).cloned().unwrap_or_else(refine::unread);
            own.push(if flag(&self.graph.variables, node) {
                number += 1;
                digest.map(|digest| label(digest, number))
            } else {
                digest
            });
            let targets = if leads { self.edges(node) } else { &[] };
            edges.push(targets.iter().filter_map(|target| index.get(target).copied()).collect());
        }
        let digests = refine::digests(&own, &edges);
        let of = |root: &Option<u32>| item(&digests, *index.get(root.as_ref()?)?).cloned();
        roots.iter().map(|root| of(root).unwrap_or_else(refine::unread)).collect()
    }

    /// `roots` and all nodes on the way to variables, depth first.
    fn reached_from(&self, roots: impl DoubleEndedIterator<Item = u32>) -> Vec<u32> {
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<u32> = roots.rev().collect();
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                order.push(node);
                if flag(&self.leads_to_variable, node) {
                    open.extend(self.edges(node).iter().rev());
                }
            }
        }
        order
    }
}

fn item<T>(items: &[T], number: u32) -> Option<&T> {
    items.get(number as usize)
}

fn flag(flags: &[bool], number: u32) -> bool {
    item(flags, number).copied().unwrap_or(false)
}

fn label(digest: Digest, number: u32) -> Digest {
    Digest::of(&[digest.as_bytes().as_slice(), &number.to_le_bytes()].concat())
}
