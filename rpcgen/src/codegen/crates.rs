//! Where generated code finds the crates it needs.

use super::Piece;
use crate::config::Crates;
use syn::{Path, visit_mut::VisitMut};

/// Puts the paths of a piece to where its user has the crates.
pub(super) fn rename(crates: &Crates, piece: &mut Piece) {
    match piece {
        Piece::Item(item) => Renamer(crates).visit_item_mut(item),
        // Was renamed before.
        Piece::Text(_) => {}
        Piece::Module { pieces, .. } => pieces.iter_mut().for_each(|piece| rename(crates, piece)),
    }
}

struct Renamer<'a>(&'a Crates);

impl VisitMut for Renamer<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        syn::visit_mut::visit_path_mut(self, path);
        if path.leading_colon.is_none() {
            return;
        }
        let Some(first) = path.segments.first() else {
            return;
        };
        let Some(krate) = self.0.by_name(&first.ident.to_string()) else {
            return;
        };
        let Ok(mut renamed) = syn::parse_str::<Path>(krate.as_str()) else {
            return;
        };
        let rest = std::mem::take(&mut path.segments).into_iter().skip(1);
        renamed.segments.extend(rest);
        *path = renamed;
    }
}
