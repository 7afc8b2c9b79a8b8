//! `const`.

use super::{Context, Piece, doc, syntax};
use crate::model::{Constant, ConstantValue, ExternConstant, ExternItem, ExternKind};
use syn::{Expr, ItemConst, parse_quote};

/// A constant: `u32` where it fits, as bounds and lengths are, else the next type that holds it.
pub(super) fn emit(context: &Context<'_>, constant: &Constant) -> Piece {
    let name = syntax::ident(&constant.name.rust);
    let docs = match constant.value {
        // A text may hold what means something in documentation.
        ConstantValue::Text(_) => {
            let summary = format!("The constant `{}`.", constant.name.idl);
            doc::definition(&constant.name, &summary)
        }
        ConstantValue::Integer(_) | ConstantValue::Extern(_) => doc::member(&constant.name),
    };
    let (ty, value): (syn::Type, Expr) = match &constant.value {
        ConstantValue::Integer(value) => (integer_type(*value), syntax::int(*value)),
        ConstantValue::Text(text) => (parse_quote!(&str), syntax::text(text)),
        ConstantValue::Extern(constant) => (parse_quote!(i64), user_constant(context, constant)),
    };
    let allow = context.allow_constant_names([&constant.name].into_iter());
    let item: ItemConst = parse_quote! {
        #(#docs)*
        #allow
        pub const #name: #ty = #value;
    };
    item.into()
}

/// A constant of a module of the user's, as the type that it is needed as: a value that does not
/// fit does not compile.
pub(super) fn emit_extern(context: &Context<'_>, item: &ExternItem) -> Piece {
    let name = syntax::ident(&item.rust);
    let summary = format!(
        " The constant `{}`, from outside of the file.",
        item.constant.name
    );
    let ty = syntax::type_path(syntax::path(&[item.kind.rust_type()]));
    let value = user_constant(context, &item.constant);
    let convert = match item.kind {
        ExternKind::Int => "int",
        ExternKind::UnsignedInt => "unsigned_int",
        ExternKind::Hyper => "hyper",
        ExternKind::UnsignedHyper => "unsigned_hyper",
        ExternKind::Length => "length",
    };
    let convert = syntax::expr_path(syntax::absolute(&["xdr", "constant", convert]));
    let item: ItemConst = parse_quote! {
        #[doc = #summary]
        pub const #name: #ty = #convert(#value);
    };
    item.into()
}

fn user_constant(context: &Context<'_>, constant: &ExternConstant) -> Expr {
    let module = context.model.extern_module.as_deref().unwrap_or_default();
    let path = syntax::user_path(&format!("{module}::{}", constant.name));
    let value = syntax::expr_path(path);
    if constant.plus == 0 {
        return value;
    }
    let plus = syntax::int(constant.plus);
    parse_quote!(#value + #plus)
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
