//! Which of two sets is which, when some say so and others say otherwise.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Pair;

/// Where more is said about things that hang together than this, nothing of it is certain.
const MANY: usize = 12;

/// A partner that something speaks for, and how often.
type CountedPair<T> = (Pair<T>, usize);

/// The pairs that are part of every assignment which agrees with as much as possible of what is said.
pub(super) fn certain<T: Ord + Copy>(said: &BTreeMap<Pair<T>, usize>) -> BTreeSet<Pair<T>> {
    let mut certain = BTreeSet::new();
    for component in components(said) {
        match component.as_slice() {
            [(pair, _)] => {
                certain.insert(*pair);
            }
            some if some.len() <= MANY => certain.extend(in_every_best(some)),
            _ => {}
        }
    }
    certain
}

/// What is said, in parts that have nothing in common.
fn components<T: Ord + Copy>(said: &BTreeMap<Pair<T>, usize>) -> Vec<Vec<CountedPair<T>>> {
    let mut forth: BTreeMap<T, Vec<T>> = BTreeMap::new();
    let mut back: BTreeMap<T, Vec<T>> = BTreeMap::new();
    for pair in said.keys() {
        forth.entry(pair.original).or_default().push(pair.patched);
        back.entry(pair.patched).or_default().push(pair.original);
    }
    let mut components = Vec::new();
    let mut seen: BTreeSet<T> = BTreeSet::new();
    for start in forth.keys() {
        let mut component = BTreeMap::new();
        let mut open = vec![*start];
        while let Some(one) = open.pop().filter(|one| seen.insert(*one)) {
            for other in forth.get(&one).into_iter().flatten() {
                let pair = Pair { original: one, patched: *other };
                component.insert(pair, said.get(&pair).copied().unwrap_or(0));
                let more = back.get(other).into_iter().flatten();
                open.extend(more.filter(|one| !seen.contains(one)));
            }
        }
        if !component.is_empty() {
            components.push(component.into_iter().collect());
        }
    }
    components
}

fn in_every_best<T: Ord + Copy>(said: &[CountedPair<T>]) -> BTreeSet<Pair<T>> {
    let mut search = AssignmentSearch { best: 0, common: BTreeSet::new() };
    search.extend(said, &mut Vec::new(), 0);
    search.common
}

struct AssignmentSearch<T> {
    best: usize,
    common: BTreeSet<Pair<T>>,
}

impl<T: Ord + Copy> AssignmentSearch<T> {
    fn extend(&mut self, rest: &[CountedPair<T>], taken: &mut Vec<Pair<T>>, weight: usize) {
        let Some(((pair, votes), rest)) = rest.split_first() else {
            let taken: BTreeSet<Pair<T>> = taken.iter().copied().collect();
            if weight > self.best {
                (self.best, self.common) = (weight, taken);
            } else if weight == self.best {
                self.common = self.common.intersection(&taken).copied().collect();
            }
            return;
        };
        let is_free = |it: &Pair<T>| it.original != pair.original && it.patched != pair.patched;
        if taken.iter().all(is_free) {
            taken.push(*pair);
            self.extend(rest, taken, weight.saturating_add(*votes));
            taken.pop();
        }
        self.extend(rest, taken, weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(said: &[(u32, u32, usize)]) -> Vec<(u32, u32)> {
        let said = said
            .iter()
            .map(|(one, other, votes)| (Pair { original: *one, patched: *other }, *votes))
            .collect();
        certain(&said).into_iter().map(|pair| (pair.original, pair.patched)).collect()
    }

    #[test]
    fn one_that_contradicts_the_others_loses() {
        assert_eq!(of(&[(1, 1, 1), (2, 2, 1), (2, 1, 1)]), [(1, 1), (2, 2)]);
        assert_eq!(of(&[(1, 2, 3), (1, 1, 1)]), [(1, 2)]);
    }

    #[test]
    fn a_tie_is_not_certain() {
        assert_eq!(of(&[(1, 1, 1), (1, 2, 1)]), []);
        assert_eq!(of(&[(1, 1, 1), (2, 2, 1), (1, 2, 1), (2, 1, 1)]), []);
        assert_eq!(of(&[(1, 1, 1), (1, 2, 1), (7, 8, 1)]), [(7, 8)]);
    }

    #[test]
    fn too_much_is_not_certain() {
        let all: Vec<_> = (0..5).flat_map(|a| (0..5).map(move |b| (a, b, 1))).collect();
        assert_eq!(of(&all), []);
    }
}
