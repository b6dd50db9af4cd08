//! What follows from what is not proven.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;

use super::difference::Difference;

/// What is proven or not: a pair, a node, or something that belongs to no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Item {
    Pair(usize),
    Node(usize),
    Left(usize),
}

/// Of each node, what needs it, and where the reference is.
pub(super) type Users = Vec<Vec<(Item, u64)>>;

/// From what is not proven by itself to all that needs it.
pub(super) fn spread(
    own: &BTreeMap<Item, Difference>,
    users: &Users,
    describe: impl Fn(usize) -> String,
) -> BTreeMap<Item, Difference> {
    let mut failed = own.clone();
    let mut waiting: VecDeque<Item> = own.keys().copied().collect();
    while let Some(item) = waiting.pop_front() {
        let Item::Node(number) = item else { continue };
        let Some(cause) = failed.get(&item).cloned() else { continue };
        for (user, offset) in users.get(number).into_iter().flatten() {
            if failed.contains_key(user) {
                continue;
            }
            let place = describe(number);
            let text = match user {
                Item::Pair(_) | Item::Left(_) if own.contains_key(&item) => {
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

/// Pairs that contradict a one-to-one mapping. Of contradicting ones, those with more votes are kept.
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
    let mut bad = Vec::new();
    for ((a, b), sources) in order {
        let fits = forth.get(a).is_none_or(|it| it == b) && back.get(b).is_none_or(|it| it == a);
        if fits {
            forth.insert(*a, *b);
            back.insert(*b, *a);
        } else {
            bad.extend(sources.iter().map(|source| ((*a, *b), *source)));
        }
    }
    bad
}
