//! Strongly connected components (Tarjan 1972), without recursion: the input is untrusted.

/// The components of the graph `edges` (node → successors), each after all that it leads to.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut on_stack = vec![false; edges.len()];
    let mut stack = Vec::new();
    let mut components = Vec::new();
    let mut counter = 0usize;
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
                counter = counter.saturating_add(1);
                stack.push(node);
                on_stack[node] = true;
            }
            let next = edges[node].get(*position).copied();
            *position = position.saturating_add(1);
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
                        let mut component = Vec::new();
                        while let Some(member) = stack.pop() {
                            on_stack[member] = false;
                            component.push(member);
                            if member == node {
                                break;
                            }
                        }
                        components.push(component);
                    }
                }
            }
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_comes_after_what_it_leads_to() {
        // 0 → 1 ⇄ 2 → 3, 4 alone
        let edges = vec![vec![1], vec![2], vec![1, 3], vec![], vec![]];
        let mut found = components(&edges);
        for component in &mut found {
            component.sort_unstable();
        }
        assert_eq!(found, [vec![3], vec![1, 2], vec![0], vec![4]]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Vec<Vec<usize>> =
            (0..200_000).map(|node| vec![node + 1]).chain([vec![]]).collect();
        assert_eq!(components(&edges).len(), 200_001);
    }
}
