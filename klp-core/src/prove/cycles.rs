//! Data that leads back to itself. Who follows it can tell by their addresses whether two ways through it meet, whatever
//! the data is: each place in it must be one place of the other build.

use super::correspond::Node;
use super::graph::one_to_one;

/// Those of `nodes` that are in cycles, and contradict others there. `edges` says by number which nodes each needs.
pub(super) fn contradicting(nodes: &[Option<Node>], edges: &[Vec<usize>]) -> Vec<usize> {
    let mut backwards = vec![Vec::new(); edges.len()];
    for (from, needed) in edges.iter().enumerate() {
        for to in needed {
            backwards[*to].push(from);
        }
    }
    let (behind, before) = (peeled(edges, &backwards), peeled(&backwards, edges));
    let places =
        nodes.iter().enumerate().filter(|(number, _)| !behind[*number] && !before[*number]);
    let places = places.filter_map(|(number, node)| match node {
        Some(Node::Data { original, patched, .. }) => Some((*original, *patched, number)),
        _ => None,
    });
    one_to_one(places).into_iter().map(|(_, number)| number).collect()
}

/// The nodes from which no way along `edges` leads to a cycle.
fn peeled(edges: &[Vec<usize>], backwards: &[Vec<usize>]) -> Vec<bool> {
    let mut left: Vec<usize> = edges.iter().map(Vec::len).collect();
    let mut peeled = vec![false; edges.len()];
    let mut open: Vec<usize> = (0..edges.len()).filter(|number| left[*number] == 0).collect();
    while let Some(number) = open.pop() {
        peeled[number] = true;
        for from in &backwards[number] {
            left[*from] -= 1;
            if left[*from] == 0 {
                open.push(*from);
            }
        }
    }
    peeled
}

#[cfg(test)]
mod tests {
    use super::super::target::MemoryUse;
    use super::*;
    use crate::elf::SectionId;

    #[test]
    fn a_cycle_of_another_length() {
        let section = SectionId::default();
        let node = |from: i64, to: i64| {
            let (original, patched) = ((section, from), (section, to));
            Some(Node::Data { original, patched, usage: MemoryUse::Address })
        };
        // 0 ⇄ 16 became 0 → 16 → 32 → 0: three steps are not back at the start.
        let nodes = [node(0, 0), node(16, 16), node(0, 32), node(16, 0), node(0, 16), node(16, 32)];
        let edges: Vec<Vec<usize>> = (0..6).map(|number| vec![(number + 1) % 6]).collect();
        assert!(!contradicting(&nodes, &edges).is_empty());
        // As a chain, they are constants that can be merged.
        let chain: Vec<Vec<usize>> = (1..6).map(|next| vec![next]).chain([vec![]]).collect();
        assert!(contradicting(&nodes, &chain).is_empty());
        let same = [node(0, 16), node(16, 0)];
        assert!(contradicting(&same, &[vec![1], vec![0]]).is_empty());
    }
}
