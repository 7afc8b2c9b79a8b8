//! Strongly connected components of a graph (Tarjan 1972), without recursion: a file may define a
//! chain of any number of types.

/// The components of a graph.
#[derive(Debug)]
pub(super) struct Components {
    /// The component of each node.
    pub of: Vec<usize>,
    /// All nodes, each behind those it has edges to, but for cycles.
    pub order: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Unseen,
    /// On the stack: position of discovery, and the lowest one that can be reached.
    Open {
        index: usize,
        low: usize,
    },
    Closed,
}

/// Finds the components of the graph whose node `n` has edges to `edges[n]`.
#[expect(clippy::indexing_slicing, reason = "edges name nodes of the graph")]
pub(super) fn components(edges: &[Vec<usize>]) -> Components {
    let mut visits = vec![Visit::Unseen; edges.len()];
    let mut found = Components {
        of: vec![0; edges.len()],
        order: Vec::new(),
    };
    let (mut next_index, mut open, mut count) = (0, Vec::new(), 0);
    for root in 0..edges.len() {
        // A node, and how many of its edges were followed.
        let mut path = if visits[root] == Visit::Unseen {
            vec![(root, 0)]
        } else {
            Vec::new()
        };
        while let Some((node, followed)) = path.pop() {
            if followed == 0 {
                visits[node] = Visit::Open {
                    index: next_index,
                    low: next_index,
                };
                next_index += 1;
                open.push(node);
            } else if let (Visit::Open { index, low }, Visit::Open { low: reached, .. }) =
                (visits[node], visits[edges[node][followed - 1]])
            {
                visits[node] = Visit::Open {
                    index,
                    low: low.min(reached),
                };
            }
            if let Some(&target) = edges[node].get(followed) {
                path.push((node, followed + 1));
                match visits[target] {
                    Visit::Unseen => path.push((target, 0)),
                    Visit::Open { .. } | Visit::Closed => {}
                }
                continue;
            }
            let Visit::Open { index, low } = visits[node] else {
                continue;
            };
            if index != low {
                continue;
            }
            while let Some(member) = open.pop() {
                visits[member] = Visit::Closed;
                found.of[member] = count;
                found.order.push(member);
                if member == node {
                    break;
                }
            }
            count += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn a_cycle_is_one_component_and_order_puts_targets_first() {
        // 0 → 1 ⇄ 2 → 3, and 4 alone.
        let found = components(&[vec![1], vec![2], vec![1, 3], vec![], vec![]]);
        assert_eq!(found.of[1], found.of[2]);
        assert_ne!(found.of[0], found.of[1]);
        let place = |node| found.order.iter().position(|&other| other == node);
        assert!(place(3) < place(2) && place(1) < place(0) && place(4).is_some());
    }

    #[test]
    fn a_chain_of_any_length_is_no_recursion() {
        let edges: Vec<Vec<usize>> = (1..=100_000).map(|next| vec![next % 100_000]).collect();
        let found = components(&edges);
        assert!(found.of.iter().all(|&component| component == found.of[0]));
    }
}
