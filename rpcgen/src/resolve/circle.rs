//! Circles: types that lead to each other.

use super::{
    analysis::named_in,
    graph::{Components, components},
};
use crate::model::{Circle, TypeDef};
use std::collections::{BTreeMap, HashMap};

/// Finds the types that lead to themselves, behind boxes and in arrays too. Gives all types, each
/// behind those it leads to, but for circles.
pub(super) fn find_circles(types: &mut [TypeDef]) -> Vec<usize> {
    let parts = |def: &TypeDef| {
        let parts = def.shape.types().into_iter().filter_map(named_in);
        parts.map(|id| id.0).collect()
    };
    let edges: Vec<Vec<usize>> = types.iter().map(parts).collect();
    let found = components(&edges);
    for id in cycles(&edges, &found).into_iter().flatten() {
        if let (Some(def), Some(component)) = (types.get_mut(id), found.of.get(id)) {
            def.circle = Some(Circle(*component));
        }
    }
    found.order
}

/// The nodes of each cycle, by the first of them.
pub(super) fn cycles(edges: &[Vec<usize>], found: &Components) -> Vec<Vec<usize>> {
    let mut cycles: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut first_of: HashMap<usize, usize> = HashMap::new();
    for (id, (targets, component)) in edges.iter().zip(&found.of).enumerate() {
        let is_cyclic = targets
            .iter()
            .any(|&target| found.of.get(target) == Some(component));
        if is_cyclic {
            let first = *first_of.entry(*component).or_insert(id);
            cycles.entry(first).or_default().push(id);
        }
    }
    cycles.into_values().collect()
}
