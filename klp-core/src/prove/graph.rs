//! What follows from what is not proven.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::Hash;

use super::PairId;
use super::difference::Difference;

/// What is proven or not: a pair, a node, or something that belongs to no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Goal {
    Pair(PairId),
    Node(usize),
    Left(usize),
}

/// Of each node, what needs it, and where the reference is.
pub(super) type NodeUsers = Vec<Vec<(Goal, u64)>>;

/// From what is not proven by itself to all that needs it.
pub(super) fn spread(
    own: &BTreeMap<Goal, Difference>,
    users: &NodeUsers,
    describe: impl Fn(usize) -> String,
) -> BTreeMap<Goal, Difference> {
    let mut failed = own.clone();
    let mut waiting: VecDeque<Goal> = own.keys().copied().collect();
    while let Some(item) = waiting.pop_front() {
        let Goal::Node(number) = item else { continue };
        let Some(cause) = failed.get(&item).cloned() else { continue };
        for (user, offset) in users.get(number).into_iter().flatten() {
            if failed.contains_key(user) {
                continue;
            }
            let place = describe(number);
            let text = match user {
                Goal::Pair(_) | Goal::Left(_) if own.contains_key(&item) => {
                    format!("{place}: {}", cause.text)
                }
                _ => cause.text.clone(),
            };
            let what = cause.what;
            failed.insert(*user, Difference { what, offset: *offset, text });
            waiting.push_back(*user);
        }
    }
    failed
}

/// Pairs that contradict a one-to-one mapping. Of contradicting ones, what stays where it is is kept, then those with more
/// votes. A pair that was kept although more speaks against it contradicts as well, and so does one of which as much does,
/// unless it stays where it is: nothing tells which is right.
pub(super) fn one_to_one<K: Copy + Eq + Ord + Hash, S: Copy>(
    pairs: impl Iterator<Item = (K, K, S)>,
) -> Vec<((K, K), S)> {
    let mut votes: BTreeMap<(K, K), Vec<S>> = BTreeMap::new();
    for (a, b, source) in pairs {
        votes.entry((a, b)).or_default().push(source);
    }
    let mut order: Vec<_> = votes.iter().collect();
    // What stays where it is comes first.
    order.sort_by_key(|((a, b), sources)| (a != b, std::cmp::Reverse(sources.len())));
    let (mut forth, mut back) = (HashMap::new(), HashMap::new());
    let mut bad = BTreeSet::new();
    let mut against: BTreeMap<(K, K), usize> = BTreeMap::new();
    for ((a, b), sources) in order {
        let forwards = forth.get(a).filter(|it| *it != b).map(|it| (*a, *it));
        let backwards = back.get(b).filter(|it| *it != a).map(|it| (*it, *b));
        match (forwards, backwards) {
            (None, None) => {
                forth.insert(*a, *b);
                back.insert(*b, *a);
                continue;
            }
            // It would fit without this one.
            (Some(kept), None) | (None, Some(kept)) => {
                *against.entry(kept).or_default() += sources.len();
            }
            (Some(_), Some(_)) => {}
        }
        bad.insert((*a, *b));
    }
    let is_doubtful = |(pair, against): &(&(K, K), &usize)| {
        let own = votes.get(*pair).map_or(0, Vec::len);
        **against > own || **against == own && pair.0 != pair.1
    };
    bad.extend(against.iter().filter(is_doubtful).map(|(pair, _)| *pair));
    let with_sources = bad.into_iter().filter_map(|pair| Some((pair, votes.get(&pair)?)));
    with_sources.flat_map(|(pair, sources)| sources.iter().map(move |it| (pair, *it))).collect()
}
