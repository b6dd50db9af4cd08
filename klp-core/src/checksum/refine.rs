//! Digests of nodes from their own content and what they lead to.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::Digest;
use super::scc::Components;

/// A digest, or why there is none.
pub(super) type Outcome = Result<Digest, String>;

/// The digest of each node, from the digest of its `own` content and the numbers of the nodes that it
/// leads to. Cycles are digested by refinement, so that two nodes have one digest exactly if nothing
/// that can be reached from them differs.
pub(super) fn digests(own: &[Outcome], edges: &[Vec<u32>]) -> Vec<Outcome> {
    let is_leaf = |edges: &Vec<u32>| edges.is_empty();
    let mut done: Vec<Option<Outcome>> =
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
    own: &[Outcome],
    edges: &[Vec<u32>],
    done: &[Option<Outcome>],
) -> BTreeMap<u32, Outcome> {
    let mut current: BTreeMap<u32, Outcome> =
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
        if steps > classes.saturating_mul(2) {
            let count = classes as u64;
            let with_count = |digest: Digest| {
                Digest::of(&[digest.as_bytes().as_slice(), &count.to_le_bytes()].concat())
            };
            return current
                .into_iter()
                .map(|(node, digest)| (node, digest.map(with_count)))
                .collect();
        }
        if steps.saturating_mul(component.len()) > STEPS {
            let refused = || Err("data that leads back to itself through too many others".into());
            return component.iter().map(|node| (*node, refused())).collect();
        }
    }
}

fn combine<'a>(
    own: &Outcome,
    edges: &[u32],
    behind: impl Fn(usize) -> Option<&'a Outcome>,
) -> Outcome {
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
pub(super) fn unread() -> Outcome {
    Err("unnamed data that was not read".into())
}
