//! Strongly connected components (Tarjan 1972), without recursion: the input is untrusted.

use crate::slices::SliceParts as _;

/// The components of a graph, each after all that it leads to.
#[derive(Default)]
pub(super) struct Components {
    members: Vec<u32>,
    ends: Vec<usize>,
}

impl Components {
    /// Those of the graph `edges` (node → successors).
    pub(super) fn of(edges: &[Vec<u32>]) -> Self {
        const UNSEEN: u32 = u32::MAX;
        let mut order = vec![UNSEEN; edges.len()];
        let mut low = vec![0u32; edges.len()];
        let mut on_stack = vec![false; edges.len()];
        let mut stack = Vec::new();
        let mut components = Self::default();
        let mut counter = 0u32;
        let mut path: Vec<(usize, usize)> = Vec::new();
        for root in 0..edges.len() {
            if order[root] != UNSEEN {
                continue;
            }
            path.push((root, 0));
            while let Some((node, position)) = path.last_mut() {
                let node = *node;
                if *position == 0 {
                    order[node] = counter;
                    low[node] = counter;
                    counter += 1;
                    stack.push(node);
                    on_stack[node] = true;
                }
                let next = edges[node].get(*position).map(|next| *next as usize);
                *position += 1;
                match next {
                    Some(next) if order[next] == UNSEEN => path.push((next, 0)),
                    Some(next) if on_stack[next] => low[node] = low[node].min(order[next]),
                    Some(_) => {}
                    None => {
                        path.pop();
                        if let Some((parent, _)) = path.last() {
                            low[*parent] = low[*parent].min(low[node]);
                        }
                        if low[node] == order[node] {
                            while let Some(member) = stack.pop() {
                                on_stack[member] = false;
                                components.members.push(u32::try_from(member).unwrap_or(u32::MAX));
                                if member == node {
                                    break;
                                }
                            }
                            components.ends.push(components.members.len());
                        }
                    }
                }
            }
        }
        components
    }

    /// The nodes of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.members.between(start, *end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_comes_after_what_it_leads_to() {
        // 0 → 1 ⇄ 2 → 3, 4 alone
        let edges = vec![vec![1], vec![2], vec![1, 3], vec![], vec![]];
        let mut found: Vec<Vec<u32>> = Components::of(&edges).iter().map(<[u32]>::to_vec).collect();
        for component in &mut found {
            component.sort_unstable();
        }
        assert_eq!(found, [vec![3], vec![1, 2], vec![0], vec![4]]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Vec<Vec<u32>> =
            (0..200_000).map(|node| vec![node + 1]).chain([vec![]]).collect();
        assert_eq!(Components::of(&edges).iter().count(), 200_001);
    }
}
