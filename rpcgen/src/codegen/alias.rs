//! `typedef`.

use super::{Context, Piece, attribute, doc, syntax};
use crate::model::{Type, TypeDef};
use syn::{ItemType, parse_quote};

/// A typedef is another name of a type. Its bound is not part of that type: it is checked where a
/// value of the typedef is encoded or decoded.
pub(super) fn emit(context: &Context<'_>, def: &TypeDef, ty: &Type) -> Piece {
    let name = syntax::ident(&def.name.rust);
    let docs = doc::definition(&def.name, &format!("The type `{}`.", def.name.idl));
    let allow = context.allow_type_names([&def.name].into_iter());
    let further = attribute::further(&def.name);
    let ty = context.rust_type(ty);
    let item: ItemType = parse_quote! {
        #(#docs)*
        #allow
        #(#further)*
        pub type #name = #ty;
    };
    item.into()
}
