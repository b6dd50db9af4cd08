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
use super::walk_budget::{CountedWalk, WalkBudget};

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
    budget: WalkBudget,
}

impl NodeDigests {
    /// Digests the nodes of `graph`.
    pub(super) fn of(graph: Graph, budget: WalkBudget) -> Self {
        let backwards = graph.backwards();
        let to_variable = backwards.iter().filter(|(target, _)| flag(&graph.variables, *target));
        let leads_to_variable =
            graph.leading_to(&backwards, to_variable.map(|(_, source)| *source));
        let naming = graph.references.iter().zip(0u32..).filter(|(own, _)| !own.is_empty());
        let leads_to_symbol = graph.leading_to(&backwards, naming.map(|(_, node)| node));
        let digests = refine::digests(&graph.own, &graph.edges);
        Self { graph, digests, leads_to_variable, leads_to_symbol, budget }
    }

    /// Whether units led to more than the object may: which of them were refused for it depends on who came first.
    pub(super) fn were_too_many(&self) -> bool {
        self.budget.is_spent()
    }

    /// The same, for which each unit is refused that leads to much.
    pub(super) fn for_little(self) -> Self {
        Self { budget: WalkBudget::nothing(), ..self }
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
        let numbers = self.numbers(nodes);
        let mut walk = self.budget.walk();
        let digests = self.digests_behind(&numbers, &mut walk);
        let symbols = if lead(&numbers, &self.leads_to_symbol) {
            self.symbols_behind(numbers.iter().copied().flatten(), &mut walk)
        } else {
            Some(Vec::new())
        };
        digests.zip(symbols).unwrap_or_else(|| (too_much(numbers.len()), Vec::new()))
    }

    /// The same without the symbols.
    pub(super) fn digests_of_unit(
        &self,
        nodes: impl Iterator<Item = NodeRef>,
    ) -> Vec<DigestOutcome> {
        let numbers = self.numbers(nodes);
        let digests = self.digests_behind(&numbers, &mut self.budget.walk());
        digests.unwrap_or_else(|| too_much(numbers.len()))
    }

    fn numbers(&self, nodes: impl Iterator<Item = NodeRef>) -> Vec<Option<u32>> {
        nodes.map(|node| self.graph.numbers.get(&node).copied()).collect()
    }

    fn digests_behind(
        &self,
        numbers: &[Option<u32>],
        walk: &mut CountedWalk<'_>,
    ) -> Option<Vec<DigestOutcome>> {
        if lead(numbers, &self.leads_to_variable) {
            return self.numbered(numbers, walk);
        }
        let digest =
            |number: &Option<u32>| number.map_or_else(refine::unread, |it| self.digest(it));
        Some(numbers.iter().map(digest).collect())
    }

    fn digest(&self, node: u32) -> DigestOutcome {
        item(&self.digests, node).cloned().unwrap_or_else(refine::unread)
    }

    fn edges(&self, node: u32) -> &[u32] {
        item(&self.graph.edges, node).map(Vec::as_slice).unwrap_or_default()
    }

    fn references(&self, node: u32) -> &[ReferentId] {
        item(&self.graph.references, node).map(Vec::as_slice).unwrap_or_default()
    }

    fn symbols_behind(
        &self,
        nodes: impl DoubleEndedIterator<Item = u32>,
        walk: &mut CountedWalk<'_>,
    ) -> Option<Vec<ReferentId>> {
        let mut symbols = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<u32> = nodes.rev().collect();
        while let Some(node) = open.pop() {
            if flag(&self.leads_to_symbol, node) && seen.insert(node) {
                let (own, edges) = (self.references(node), self.edges(node));
                walk.meet(own.len().saturating_add(edges.len()).saturating_add(1))?;
                symbols.extend(own);
                open.extend(edges.iter().rev());
            }
        }
        Some(symbols)
    }

    /// The digests of `roots`, each with the variables numbered that can be reached from them all.
    fn numbered(
        &self,
        roots: &[Option<u32>],
        walk: &mut CountedWalk<'_>,
    ) -> Option<Vec<DigestOutcome>> {
        let order = self.reached_from(roots.iter().copied().flatten(), walk)?;
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
        Some(roots.iter().map(|root| of(root).unwrap_or_else(refine::unread)).collect())
    }

    /// `roots` and all nodes on the way to variables, depth first.
    fn reached_from(
        &self,
        roots: impl DoubleEndedIterator<Item = u32>,
        walk: &mut CountedWalk<'_>,
    ) -> Option<Vec<u32>> {
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<u32> = roots.rev().collect();
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                order.push(node);
                if flag(&self.leads_to_variable, node) {
                    let edges = self.edges(node);
                    walk.meet(edges.len().saturating_add(1))?;
                    open.extend(edges.iter().rev());
                }
            }
        }
        Some(order)
    }
}

fn too_much(nodes: usize) -> Vec<DigestOutcome> {
    let why = "it leads to unnamed data that too many others lead to, and that leads on to much";
    vec![Err(why.to_owned()); nodes]
}

fn lead(numbers: &[Option<u32>], to: &[bool]) -> bool {
    numbers.iter().flatten().any(|node| flag(to, *node))
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
