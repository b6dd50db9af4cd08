//! Which variable is which in the data behind a unit.
//!
//! Two variables of equal content are still two: what is written to one is not read from the other.
//! Behind a unit each variable without a name has a number, which is part of its digest there.

use foldhash::{HashMap, HashMapExt as _, HashSet};

use crate::elf::Section;

use super::closure::Written;
use super::context::Context;
use super::digest::Digest;
use super::refine::{self, Outcome};
use super::stream::NodeRef;

/// The nodes that lead to variables, with their own digests and edges.
#[derive(Debug, Default)]
pub(super) struct Variables {
    leading: HashMap<NodeRef, (Outcome, Vec<NodeRef>)>,
    writable: Vec<bool>,
}

impl Variables {
    pub(super) fn of(cx: &Context<'_, '_>, nodes: &[NodeRef], written: &[Written]) -> Self {
        let writable = cx.elf.sections.iter().map(Section::is_writable).collect();
        let variables = Self { leading: HashMap::new(), writable };
        let graph = || nodes.iter().zip(written);
        let mut sources: HashMap<NodeRef, Vec<NodeRef>> = HashMap::new();
        let mut open: Vec<NodeRef> = Vec::new();
        for (node, written) in graph() {
            for edge in &written.edges {
                sources.entry(*edge).or_default().push(*node);
                if variables.holds(edge) {
                    open.push(*node);
                }
            }
        }
        let mut leading: HashSet<NodeRef> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            let sources = sources.get(&node).map(Vec::as_slice).unwrap_or_default();
            open.extend(sources.iter().copied().filter(|source| leading.insert(*source)));
        }
        let leading = graph().filter(|(node, _)| leading.contains(node));
        let leading: HashMap<_, _> = leading
            .map(|(node, written)| (*node, (written.own.clone(), written.edges.clone())))
            .collect();
        Self { leading, ..variables }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.leading.extend(other.leading);
        if self.writable.is_empty() {
            self.writable = other.writable;
        }
    }

    /// The digests of `roots`, each with the variables numbered that can be reached from them all. None
    /// where they lead to no variable; `plain` gives the digests of nodes as such.
    pub(super) fn numbered(
        &self,
        roots: &[NodeRef],
        plain: impl Fn(&NodeRef) -> Outcome,
    ) -> Option<Vec<Outcome>> {
        if !roots.iter().any(|root| self.leading.contains_key(root)) {
            return None;
        }
        let order = self.reached_from(roots);
        let index: HashMap<NodeRef, usize> = order.iter().copied().zip(0..).collect();
        let mut number: u32 = 0;
        let mut own = Vec::with_capacity(order.len());
        let mut edges = Vec::with_capacity(order.len());
        for node in &order {
            let leads = self.leading.get(node);
            let digest = leads.map_or_else(|| plain(node), |(own, _)| own.clone());
            own.push(if self.holds(node) {
                number = number.saturating_add(1);
                digest.map(|digest| label(digest, number))
            } else {
                digest
            });
            let targets = leads.map(|(_, edges)| edges.as_slice()).unwrap_or_default();
            edges.push(targets.iter().filter_map(|target| index.get(target).copied()).collect());
        }
        let digests = refine::digests(&own, &edges);
        let of = |root: &NodeRef| index.get(root).and_then(|index| digests.get(*index)).cloned();
        Some(roots.iter().map(|root| of(root).unwrap_or_else(|| plain(root))).collect())
    }

    /// `roots` and all that they lead to, depth first.
    fn reached_from(&self, roots: &[NodeRef]) -> Vec<NodeRef> {
        let mut order = Vec::new();
        let mut seen: HashSet<NodeRef> = HashSet::default();
        let mut open: Vec<NodeRef> = roots.iter().rev().copied().collect();
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                order.push(node);
                let edges = self.leading.get(&node).map(|(_, edges)| edges.as_slice());
                open.extend(edges.unwrap_or_default().iter().rev());
            }
        }
        order
    }

    fn holds(&self, node: &NodeRef) -> bool {
        self.writable.get(node.section as usize).copied().unwrap_or(false)
    }
}

fn label(digest: Digest, number: u32) -> Digest {
    Digest::of(&[digest.as_bytes().as_slice(), &number.to_le_bytes()].concat())
}
