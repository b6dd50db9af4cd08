//! Compares all pairs, then what they refer to, and says which pairs that leaves unproven.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _};
use rayon::prelude::*;

use crate::elf::{ElfObject, Place};
use crate::ids::List;

use super::PairId;
use super::code::CodePair;
use super::content::DataPair;
use super::correspond::{Node, NodeNeed, Sink};
use super::coverage::Covered;
use super::cycles;
use super::difference::{Difference, DifferenceKind};
use super::graph::{Goal, NodeUsers, one_to_one, spread};
use super::left::{self, UnpairedResult};
use super::listed;
use super::nodes::{NodeOutcome, Nodes};
use super::side::{ByteRange, ProofSide};
use super::world::{Ranges, World};
use super::{Claims, Proof, UnitKind, data, prefix, seals, symbols};

/// A pair's own result.
struct OfPair<'a> {
    result: Result<(), Difference>,
    sink: Sink<'a>,
    is_raw: bool,
}

pub(super) fn prove(original: &ElfObject<'_>, patched: &ElfObject<'_>, claims: &Claims) -> Proof {
    let mut world = World::new(original, patched, claims);
    world.align();
    let world = &world;
    let pairs = world.pairs.par_with_ids().with_min_len(32);
    let pairs: Vec<Option<OfPair<'_>>> = pairs.map(|(it, id)| pair(world, id, it)).collect();
    let mut solver = Solver::new(world, pairs.into());
    solver.follow(Followed::Pairs);
    solver.keep_units_apart();
    solver.cover();
    solver.follow(Followed::Left);
    solver.keep_one_to_one();
    solver.keep_cycles();
    solver.finish()
}

fn pair<'a>(world: &World<'a>, id: PairId, ranges: &Ranges) -> Option<OfPair<'a>> {
    if !ranges.equal {
        return None;
    }
    let mut sink = Sink::default();
    let (result, is_raw) = match ranges.sort {
        UnitKind::Function => function(world, id, ranges, &mut sink),
        UnitKind::Data => (data::compare(world, ranges, &mut sink), true),
    };
    Some(OfPair { result, sink, is_raw })
}

fn function<'a>(
    world: &World<'a>,
    id: PairId,
    ranges: &Ranges,
    sink: &mut Sink<'a>,
) -> (Result<(), Difference>, bool) {
    let (original, patched) = (ranges.original, ranges.patched);
    let alignment = match &world.alignments[id] {
        Some(Ok(alignment)) => alignment,
        Some(Err(difference)) => return (Err(difference.clone()), false),
        None => {
            let text = "nothing tells which instruction is which";
            return (Err(Difference::new(DifferenceKind::Unreadable, 0, text)), false);
        }
    };
    let [a, b] = &world.sides;
    let (was, is) = (a.section(original.section), b.section(patched.section));
    let is_like = data::same_flags(was, is);
    if !is_like || a.meaning(original.section) != b.meaning(patched.section) {
        let name = |section, side: &ProofSide<'_>| side.section(section).name_lossy().into_owned();
        let (is, was) = (name(patched.section, b), name(original.section, a));
        let flags = if is_like { "" } else { ", with other flags" };
        let text = format!("in {is} instead of {was}{flags}");
        return (Err(Difference::new(DifferenceKind::Section, 0, text)), false);
    }
    if is_indirect(a, original) != is_indirect(b, patched) {
        let text = "called directly on one side only (STT_GNU_IFUNC)";
        return (Err(Difference::new(DifferenceKind::Symbol, 0, text)), false);
    }
    if [(a, original), (b, patched)].iter().any(|(side, range)| side.is_object(*range)) {
        if original.len() != patched.len() {
            let text = format!("{} bytes instead of {}", patched.len(), original.len());
            return (Err(Difference::new(DifferenceKind::Size, 0, text)), false);
        }
        let content = DataPair { original, patched, starts: (original.start, patched.start) };
        return (content.compare(world, sink), true);
    }
    let code = CodePair { world, original, patched, alignment };
    let result = code.compare(sink).and_then(|()| prefix::compare(world, original, patched, sink));
    (result, alignment.is_same())
}

/// Whether who calls the function calls what it returns instead.
fn is_indirect(side: &ProofSide<'_>, range: ByteRange) -> bool {
    let mut names = side.symbols(range.section, range.start, range.start.saturating_add(1));
    names.any(|(_, symbol)| symbol.indirect)
}

/// Whose references are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Followed {
    Pairs,
    Left,
}

pub(super) struct Solver<'w, 'a> {
    pub(super) world: &'w World<'a>,
    comparer: Nodes<'w, 'a>,
    pub(super) left: Vec<UnpairedResult<'a>>,
    pairs: List<PairId, Option<OfPair<'a>>>,
    numbers: HashMap<Node, usize>,
    nodes: Vec<Option<NodeOutcome<'a>>>,
    /// What is not proven, and why.
    failed: BTreeMap<Goal, Difference>,
}

impl<'w, 'a> Solver<'w, 'a> {
    fn new(world: &'w World<'a>, pairs: List<PairId, Option<OfPair<'a>>>) -> Self {
        let comparer = Nodes::of(world);
        let (numbers, nodes, left) = (HashMap::new(), Vec::new(), Vec::new());
        Self { world, comparer, left, pairs, numbers, nodes, failed: BTreeMap::new() }
    }

    /// All sinks, with whose they are.
    fn sinks(&self) -> impl Iterator<Item = (Goal, &Sink<'a>)> {
        let pairs = self.pairs.with_ids();
        let pairs = pairs.filter_map(|(it, id)| Some((Goal::Pair(id), &it.as_ref()?.sink)));
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.filter_map(|(number, it)| Some((Goal::Node(number), &it.as_ref()?.sink)));
        let left = self.left.iter().enumerate();
        let left = left.map(|(number, it)| (Goal::Left(number), &it.sink));
        pairs.chain(nodes).chain(left)
    }

    /// Compares what pairs refer to, and what that refers to.
    fn follow(&mut self, part: Followed) {
        let mut waiting: Vec<Node> = match part {
            Followed::Pairs => {
                let edges = self.pairs.iter().flatten().flat_map(|it| &it.sink.edges);
                edges.map(|edge| edge.node).collect()
            }
            Followed::Left => {
                let edges = self.left.iter().flat_map(|it| &it.sink.edges);
                edges.map(|edge| edge.node).collect()
            }
        };
        for node in &waiting {
            if let Node::Data { original: (from, a), patched: (to, b), .. } = *node
                && let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b))
            {
                let [forth, back] = &mut self.comparer.shifts;
                let (from, to) = (from.at(a), to.at(b));
                forth.entry(from).or_insert(to);
                back.entry(to).or_insert(from);
            }
        }
        while !waiting.is_empty() {
            let first = self.nodes.len();
            let mut fresh = Vec::new();
            for node in std::mem::take(&mut waiting) {
                let next = first.saturating_add(fresh.len());
                self.numbers.entry(node).or_insert_with(|| {
                    fresh.push(node);
                    next
                });
            }
            let compare = |node| Some(self.comparer.compare(node));
            let found: Vec<_> = fresh.into_par_iter().with_min_len(8).map(compare).collect();
            for outcome in found.iter().flatten() {
                waiting.extend(outcome.sink.edges.iter().map(|edge| edge.node));
            }
            self.nodes.extend(found);
        }
    }

    /// Two units that were one, or are one now, are not what they were.
    fn keep_units_apart(&mut self) {
        let mut seen: [HashMap<Place, Place>; 2] = Default::default();
        for (pair, id) in self.world.pairs.with_ids() {
            // Empty objects have no memory of their own, and functions of equal code do what one does.
            if !pair.equal
                || pair.sort == UnitKind::Function
                || pair.original.len() == 0
                || pair.patched.len() == 0
            {
                continue;
            }
            let from = pair.original.section.at(pair.original.start);
            let to = pair.patched.section.at(pair.patched.start);
            let [forth, back] = &mut seen;
            let was = *forth.entry(from).or_insert(to);
            let is = *back.entry(to).or_insert(from);
            if was != to || is != from {
                let text = if was == to {
                    "it is now one with what it was apart from"
                } else {
                    "it is now apart from what it was one with"
                };
                let difference = Difference::new(DifferenceKind::Symbol, 0, text);
                self.failed.entry(Goal::Pair(id)).or_insert(difference);
            }
        }
    }

    /// Compares what no pair has reached.
    fn cover(&mut self) {
        let [a, b] = &self.world.sides;
        let (mut ours, mut theirs) = rayon::join(|| Covered::new(a), || Covered::new(b));
        let (own, users) = self.own();
        let failed = spread(&own, &users, |_| String::new());
        let mut changed: [Vec<ByteRange>; 2] = Default::default();
        for (pair, id) in self.world.pairs.with_ids() {
            if !pair.equal || failed.contains_key(&Goal::Pair(id)) {
                changed[0].push(pair.original);
                changed[1].push(pair.patched);
            }
        }
        for (side, changed) in self.world.sides.iter().zip(&mut changed) {
            changed.extend(side.lone());
        }
        for (number, outcome) in self.nodes.iter().enumerate() {
            let Some(outcome) = outcome else { continue };
            let [original, patched] = outcome.covered;
            ours.add(original);
            theirs.add(patched);
            if failed.contains_key(&Goal::Node(number)) {
                changed[0].push(original);
                changed[1].push(patched);
            }
        }
        let [a_entered, b_entered] = &self.comparer.entered;
        let [a_changed, b_changed] = changed;
        let (ours, theirs) = rayon::join(
            || {
                ours.excuse(a_changed, a_entered);
                ours.left()
            },
            || {
                theirs.excuse(b_changed, b_entered);
                theirs.left()
            },
        );
        self.left = left::compare(self.world, &ours, &theirs);
        self.left.extend(listed::order(self.world));
        self.left.extend(symbols::compare(self.world));
        self.left.extend(seals::compare(self.world));
    }

    /// What has no identity by a claim must have one by its use: never two things of one object one of the other.
    fn keep_one_to_one(&mut self) {
        let places = one_to_one(self.sinks().flat_map(|(item, sink)| {
            sink.shared.iter().map(move |((a, b), offset)| (*a, *b, (item, *offset)))
        }));
        let names = one_to_one(self.sinks().flat_map(|(item, sink)| {
            sink.renames.iter().map(move |([a, b], offset)| (*a, *b, (item, *offset)))
        }));
        let [a, b] = &self.world.sides;
        let mut failed = Vec::new();
        for ((from, to), (item, offset)) in places {
            let text = format!(
                "the memory at {} instead of that at {}, which others use as before",
                b.describe(to.0, to.1),
                a.describe(from.0, from.1)
            );
            failed.push((item, Difference::new(DifferenceKind::Target, offset, text)));
        }
        for ((from, to), (item, offset)) in names {
            let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let text = format!("{} instead of {}", name(to), name(from));
            failed.push((item, Difference::new(DifferenceKind::Target, offset, text)));
        }
        for (item, difference) in failed {
            self.failed.entry(item).or_insert(difference);
        }
    }

    fn keep_cycles(&mut self) {
        let mut nodes = vec![None; self.nodes.len()];
        for (node, number) in &self.numbers {
            nodes[*number] = Some(*node);
        }
        let edges = self.nodes.iter().map(|outcome| {
            let needed = outcome.iter().flat_map(|outcome| &outcome.sink.edges);
            needed.filter_map(|edge| self.numbers.get(&edge.node).copied()).collect()
        });
        let edges: Vec<Vec<usize>> = edges.collect();
        for number in cycles::contradicting(&nodes, &edges) {
            let text = "the ways through it meet at other places";
            let difference = Difference::new(DifferenceKind::Target, 0, text);
            self.failed.entry(Goal::Node(number)).or_insert(difference);
        }
    }

    /// What an edge leaves unproven by itself.
    fn broken(&self, edge: &NodeNeed) -> bool {
        if !matches!(edge.node, Node::Code { .. }) {
            return false;
        }
        let number = self.numbers.get(&edge.node);
        let outcome = number.and_then(|number| self.nodes.get(*number)?.as_ref());
        let alignment = outcome.and_then(|outcome| outcome.alignment.as_ref());
        alignment.is_some_and(|alignment| !alignment.maps(edge.places.0, edge.places.1))
    }

    /// What is not proven by itself, and who uses each node.
    fn own(&self) -> (BTreeMap<Goal, Difference>, NodeUsers) {
        let mut own = self.failed.clone();
        let pairs = self.pairs.with_ids();
        let pairs = pairs.filter_map(|(it, id)| Some((Goal::Pair(id), &it.as_ref()?.result)));
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.filter_map(|(at, it)| Some((Goal::Node(at), &it.as_ref()?.result)));
        let left = self.left.iter().enumerate().map(|(at, it)| (Goal::Left(at), &it.result));
        for (item, result) in pairs.chain(nodes).chain(left) {
            if let Err(difference) = result {
                own.insert(item, difference.clone());
            }
        }
        for (item, sink) in self.sinks() {
            for edge in sink.edges.iter().filter(|edge| self.broken(edge)) {
                let text = "leads to another instruction";
                let difference = Difference::new(DifferenceKind::Target, edge.offset, text);
                own.entry(item).or_insert(difference);
            }
        }
        let users = self.users(&own);
        (own, users)
    }

    /// Who uses each node, if any node is not proven.
    fn users(&self, own: &BTreeMap<Goal, Difference>) -> NodeUsers {
        if !own.keys().any(|item| matches!(item, Goal::Node(_))) {
            return NodeUsers::new();
        }
        let mut users: NodeUsers = vec![Vec::new(); self.nodes.len()];
        for (item, sink) in self.sinks() {
            for edge in &sink.edges {
                let number = self.numbers.get(&edge.node);
                if let Some(users) = number.and_then(|number| users.get_mut(*number)) {
                    users.push((item, edge.offset));
                }
            }
        }
        users
    }

    fn finish(self) -> Proof {
        let mut proof = Proof::default();
        for pair in self.pairs.iter().flatten() {
            if pair.is_raw { proof.raw += 1 } else { proof.constructed += 1 }
        }
        for (_, sink) in self.sinks() {
            for (rule, count) in &sink.rules {
                *proof.rules.entry(rule).or_default() += count;
            }
        }
        let (own, users) = self.own();
        for (item, difference) in spread(&own, &users, |node| self.describe(node)) {
            match item {
                Goal::Pair(id) => proof.unproven.push((id, difference)),
                Goal::Left(number) => proof.others.extend(self.other(number, difference)),
                Goal::Node(_) => {}
            }
        }
        proof
    }

    fn describe(&self, node: usize) -> String {
        let Some(Some(outcome)) = self.nodes.get(node) else { return String::new() };
        let [_, b] = &self.world.sides;
        let [_, ByteRange { section, start, end }] = outcome.covered;
        if start == end {
            return "what it refers to".into();
        }
        b.describe(section, start.cast_signed())
    }
}
