//! `struct`, and the arguments of a procedure that has several.

use super::{Context, Piece, attribute, doc, syntax};
use crate::model::{Field, Name};
use syn::{
    Attribute, Expr, ExprStruct, FieldValue, Fields, FieldsNamed, Generics, ItemStruct, Member,
    Stmt, Token, Visibility, punctuated::Punctuated,
};

/// A struct and its codec.
pub(super) fn emit(
    context: &Context<'_>,
    name: &Name,
    fields: &[Field],
    derives: Attribute,
    min_size: u64,
) -> Vec<Piece> {
    let ident = syntax::ident(&name.rust);
    let mut attrs = doc::definition(name, &format!("The struct `{}`.", name.idl));
    attrs.extend(context.allow_type_names([name].into_iter()));
    attrs.extend(context.allow_value_names(fields.iter().map(|field| &field.name)));
    attrs.push(derives);
    attrs.extend(attribute::further(name));
    let item = ItemStruct {
        attrs,
        vis: Visibility::Public(Default::default()),
        struct_token: Default::default(),
        ident: ident.clone(),
        generics: Generics::default(),
        fields: Fields::Named(FieldsNamed {
            brace_token: Default::default(),
            named: fields
                .iter()
                .map(|field| declaration(context, field))
                .collect(),
        }),
        semi_token: None,
    };
    let encode = encode_fields(context, &name.idl, fields, |field| {
        syntax::reference(syntax::field(syntax::variable("self"), &field.name.rust))
    });
    let decode = decode_body(context, &name.idl, fields);
    let templates = &context.templates;
    vec![
        item.into(),
        templates.encode_impl(&ident, encode).into(),
        templates.decode_impl(&ident, min_size, decode).into(),
    ]
}

fn declaration(context: &Context<'_>, field: &Field) -> syn::Field {
    syn::Field {
        attrs: doc::member(&field.name),
        vis: Visibility::Public(Default::default()),
        modifiers: Default::default(),
        ident: Some(syntax::ident(&field.name.rust)),
        colon_token: Some(Default::default()),
        ty: context.rust_type(&field.ty),
        default: None,
    }
}

/// One statement for each field; `reference` says how its value is reached.
pub(super) fn encode_fields(
    context: &Context<'_>,
    owner: &str,
    fields: &[Field],
    reference: impl Fn(&Field) -> Expr,
) -> Vec<Stmt> {
    let encode =
        |field: &Field| context.encode_field(owner, &field.name.idl, &field.ty, reference(field));
    match fields {
        [] => vec![syntax::tail(syntax::method(
            syntax::variable("encoder"),
            "void",
            [],
        ))],
        [fields @ .., last] => {
            let statement = |field| syntax::statement(syntax::question(encode(field)));
            let mut body: Vec<Stmt> = fields.iter().map(statement).collect();
            body.push(syntax::tail(encode(last)));
            body
        }
    }
}

/// `Ok(Self { field: decoder.field(…)?, … })`: a struct expression is evaluated in the order in
/// which it is written.
fn decode_body(context: &Context<'_>, owner: &str, fields: &[Field]) -> Vec<Stmt> {
    let value = |field: &Field| FieldValue {
        attrs: Vec::new(),
        member: Member::Named(syntax::ident(&field.name.rust)),
        colon_token: Some(Default::default()),
        expr: syntax::question(context.decode_field(owner, &field.name.idl, &field.ty)),
    };
    let value = Expr::Struct(ExprStruct {
        attrs: Vec::new(),
        qself: None,
        path: syntax::path(&["Self"]),
        brace_token: Default::default(),
        fields: fields
            .iter()
            .map(value)
            .collect::<Punctuated<_, Token![,]>>(),
        dot2_token: None,
        rest: None,
    });
    let ok = syntax::variable("Ok");
    let mut body = Vec::new();
    if fields.is_empty() {
        let void = syntax::method(syntax::variable("decoder"), "void", []);
        body.push(syntax::statement(syntax::question(void)));
    }
    body.push(syntax::tail(syntax::call(ok, [value])));
    body
}
