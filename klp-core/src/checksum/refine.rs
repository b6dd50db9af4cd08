//! Digests of nodes from their own content and what they lead to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::digest::Digest;
use super::scc::Components;

/// A digest, or why there is none.
pub(super) type DigestOutcome = Result<Digest, String>;

/// The digest of each node, from the digest of its `own` content and the numbers of the nodes that it
/// leads to. Cycles are digested by refinement, so that two nodes have one digest only if nothing
/// that can be reached from them differs, and if a way leads back to its start exactly where the same way of the other
/// does: who follows it can compare addresses.
pub(super) fn digests(own: &[DigestOutcome], edges: &[Vec<u32>]) -> Vec<DigestOutcome> {
    let is_leaf = |edges: &Vec<u32>| edges.is_empty();
    let mut done: Vec<Option<DigestOutcome>> =
        own.iter().zip(edges).map(|(own, edges)| is_leaf(edges).then(|| own.clone())).collect();
    for component in Components::of(edges).iter() {
        match component {
            [node] if is_leaf(&edges[*node as usize]) => {}
            [node] if !edges[*node as usize].contains(node) => {
                let node = *node as usize;
                done[node] = Some(combine(&own[node], &edges[node], |edge| done[edge].as_ref()));
            }
            _ => {
                for (node, digest) in cycle(component, own, edges, &done) {
                    done[node as usize] = Some(digest);
                }
            }
        }
    }
    done.into_iter().map(|digest| digest.unwrap_or_else(unread)).collect()
}

/// More steps than this, each for one node, are too many for one cycle.
const STEPS: usize = 1 << 23;

/// The digests of nodes that lead to each other. After as many steps as nodes are told apart, no further step
/// tells more of them apart, but one of another build can still look the same: two cycles with as many different
/// nodes each differ after twice as many steps, or never.
fn cycle(
    component: &[u32],
    own: &[DigestOutcome],
    edges: &[Vec<u32>],
    done: &[Option<DigestOutcome>],
) -> BTreeMap<u32, DigestOutcome> {
    let mut current: BTreeMap<u32, DigestOutcome> =
        component.iter().map(|node| (*node, own[*node as usize].clone())).collect();
    let mut classes = 0;
    let mut steps = 0usize;
    loop {
        let behind = |edge: usize| {
            let inside = u32::try_from(edge).ok().and_then(|edge| current.get(&edge));
            inside.or(done[edge].as_ref())
        };
        let step =
            |node: &u32| (*node, combine(&own[*node as usize], &edges[*node as usize], behind));
        current = component.iter().map(step).collect();
        let distinct: BTreeSet<Digest> =
            current.values().filter_map(|digest| digest.as_ref().ok().copied()).collect();
        classes = distinct.len().max(classes);
        steps += 1;
        let refused = || Err("data that leads back to itself through too many others".into());
        let is_settled = steps > classes.saturating_mul(2);
        let are_told_apart = classes == component.len();
        let cost = if is_settled && !are_told_apart { component.len() } else { steps };
        if cost.saturating_mul(component.len()) > STEPS {
            return component.iter().map(|node| (*node, refused())).collect();
        }
        if is_settled {
            let count = (component.len() as u64).to_le_bytes();
            let with_places = |(node, digest): (&u32, &DigestOutcome)| {
                let places =
                    if are_told_apart { Vec::new() } else { around(*node, edges, &current) };
                let with = |digest: &Digest| {
                    Digest::of(&[digest.as_bytes().as_slice(), &count, &places].concat())
                };
                (*node, digest.as_ref().map(with).map_err(Clone::clone))
            };
            return current.iter().map(with_places).collect();
        }
    }
}

/// The nodes of the cycle that `start` is in, numbered on the way from there: for each, which ones it leads to.
fn around(start: u32, edges: &[Vec<u32>], cycle: &BTreeMap<u32, DigestOutcome>) -> Vec<u8> {
    let mut numbers = BTreeMap::from([(start, 0u32)]);
    let mut open = VecDeque::from([start]);
    let mut places = Vec::new();
    while let Some(node) = open.pop_front() {
        for edge in edges[node as usize].iter().filter(|edge| cycle.contains_key(edge)) {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(*edge).or_insert_with(|| {
                open.push_back(*edge);
                next
            });
            places.extend(number.to_le_bytes());
        }
    }
    places
}

fn combine<'a>(
    own: &DigestOutcome,
    edges: &[u32],
    behind: impl Fn(usize) -> Option<&'a DigestOutcome>,
) -> DigestOutcome {
    let own = own.clone()?;
    if edges.is_empty() {
        return Ok(own);
    }
    let mut bytes = own.as_bytes().to_vec();
    for edge in edges {
        bytes.extend_from_slice(behind(*edge as usize).cloned().unwrap_or_else(unread)?.as_bytes());
    }
    Ok(Digest::of(&bytes))
}

/// A node that is not in the graph.
pub(super) fn unread() -> DigestOutcome {
    Err("unnamed data that was not read".into())
}
