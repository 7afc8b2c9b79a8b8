//! `const`.

use super::{Context, Piece, doc, syntax};
use crate::model::{Constant, ConstantValue};
use syn::{Expr, ItemConst, parse_quote};

/// A constant: `u32` where it fits, as bounds and lengths are, else the next type that holds it.
pub(super) fn emit(context: &Context<'_>, constant: &Constant) -> Piece {
    let name = syntax::ident(&constant.name.rust);
    let docs = doc::definition(
        &constant.name,
        &format!("The constant `{}`.", constant.name.idl),
    );
    let (ty, value): (syn::Type, Expr) = match &constant.value {
        ConstantValue::Integer(value) => (integer_type(*value), syntax::int(*value)),
        ConstantValue::Text(text) => (parse_quote!(&str), syntax::text(text)),
    };
    let allow = context.allow_constant_names([&constant.name].into_iter());
    let item: ItemConst = parse_quote! {
        #(#docs)*
        #allow
        pub const #name: #ty = #value;
    };
    item.into()
}

fn integer_type(value: i128) -> syn::Type {
    let name = if u32::try_from(value).is_ok() {
        "u32"
    } else if i32::try_from(value).is_ok() {
        "i32"
    } else if u64::try_from(value).is_ok() {
        "u64"
    } else {
        "i64"
    };
    syntax::type_path(syntax::path(&[name]))
}
