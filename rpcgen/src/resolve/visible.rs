//! Which definitions a place sees: those of its own unit; where that has none, those of the units
//! that it imports, and of those that these import.

use crate::{
    import::Unit,
    model::UnitId,
    source::{FileId, SourceMap, Span},
};
use std::collections::HashMap;

/// Which units see which.
#[derive(Debug)]
pub(super) struct Visibility {
    /// The unit of each file.
    units: HashMap<FileId, UnitId>,
    /// For each unit those that it sees, and how near they are: itself first, then its imports in
    /// order, then theirs.
    ranks: Vec<HashMap<UnitId, usize>>,
}

impl Visibility {
    pub(super) fn new(units: &[Unit], sources: &SourceMap) -> Self {
        let of_root: HashMap<FileId, UnitId> = units
            .iter()
            .enumerate()
            .map(|(index, unit)| (unit.file, UnitId(index)))
            .collect();
        let roots = sources.roots();
        let files = roots
            .iter()
            .filter_map(|(file, root)| Some((*file, *of_root.get(root)?)));
        Self {
            units: files.collect(),
            ranks: (0..units.len())
                .map(|unit| ranks(units, UnitId(unit)))
                .collect(),
        }
    }

    /// The unit that a place is in.
    pub(super) fn unit(&self, place: Span) -> UnitId {
        self.units.get(&place.file).copied().unwrap_or(UnitId(0))
    }

    /// How near one unit is to another, if it is seen from there.
    pub(super) fn rank(&self, from: UnitId, unit: UnitId) -> Option<usize> {
        self.ranks.get(from.0)?.get(&unit).copied()
    }
}

fn ranks(units: &[Unit], from: UnitId) -> HashMap<UnitId, usize> {
    let mut ranks = HashMap::from([(from, 0)]);
    let mut order = vec![from];
    let mut next = 0;
    while let Some(unit) = order.get(next).and_then(|unit| units.get(unit.0)) {
        next += 1;
        for import in &unit.imports {
            if !ranks.contains_key(import) {
                ranks.insert(*import, order.len());
                order.push(*import);
            }
        }
    }
    ranks
}

/// The definitions of all units, by name.
#[derive(Debug)]
pub(super) struct Index<T> {
    by_name: HashMap<String, Vec<(UnitId, T)>>,
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self {
            by_name: HashMap::new(),
        }
    }
}

/// What a name means at a place.
#[derive(Debug)]
pub(super) struct Seen<T> {
    /// The definition: that of the unit itself, or the nearest one.
    pub nearest: T,
    /// Those of other imports, where the unit has none: they must be the same.
    pub others: Vec<T>,
}

impl<T: Copy> Index<T> {
    /// Takes in a definition.
    pub(super) fn insert(&mut self, unit: UnitId, name: &str, definition: T) {
        match self.by_name.get_mut(name) {
            Some(definitions) => definitions.push((unit, definition)),
            None => {
                self.by_name
                    .insert(name.to_owned(), vec![(unit, definition)]);
            }
        }
    }

    /// The definition in a unit itself.
    pub(super) fn own(&self, unit: UnitId, name: &str) -> Option<T> {
        let definitions = self.by_name.get(name)?;
        let own = definitions.iter().find(|(other, _)| *other == unit);
        own.map(|(_, definition)| *definition)
    }

    /// What a name means in a unit.
    pub(super) fn seen(
        &self,
        visibility: &Visibility,
        from: UnitId,
        name: &str,
    ) -> Option<Seen<T>> {
        if let Some(nearest) = self.own(from, name) {
            return Some(Seen {
                nearest,
                others: Vec::new(),
            });
        }
        let rank = |unit: &UnitId| visibility.rank(from, *unit);
        let mut seen: Vec<(usize, T)> = self
            .by_name
            .get(name)?
            .iter()
            .filter_map(|(unit, definition)| Some((rank(unit)?, *definition)))
            .collect();
        seen.sort_by_key(|(rank, _)| *rank);
        let mut seen = seen.into_iter().map(|(_, definition)| definition);
        Some(Seen {
            nearest: seen.next()?,
            others: seen.collect(),
        })
    }
}
