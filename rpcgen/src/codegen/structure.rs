//! `struct`, and the arguments of a procedure that has several.

use super::{Context, Piece, attribute, doc, syntax, wire::dereferenced};
use crate::model::{Check, Demand, Field, Name, WireSize};
use syn::{
    Attribute, Expr, ExprStruct, FieldValue, FieldsNamed, Generics, ItemStruct, Member, Stmt,
    Token, Visibility, parse_quote, punctuated::Punctuated,
};

/// Values that travel together.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    /// The type or procedure that errors name.
    pub(super) owner: &'a str,
    pub(super) list: &'a [Field],
    pub(super) checks: &'a [Check],
}

/// A struct and its codec.
pub(super) fn emit(
    context: &Context<'_>,
    name: &Name,
    fields: Fields<'_>,
    derives: Attribute,
    size: WireSize,
) -> Vec<Piece> {
    let ident = syntax::ident(&name.rust);
    let mut attrs = doc::definition(name, &format!("The struct `{}`.", name.idl));
    attrs.extend(context.allow_type_names([name].into_iter()));
    attrs.extend(context.allow_value_names(fields.list.iter().map(|field| &field.name)));
    attrs.push(derives);
    attrs.extend(attribute::further(name));
    let item = ItemStruct {
        attrs,
        vis: Visibility::Public(Default::default()),
        struct_token: Default::default(),
        ident: ident.clone(),
        generics: Generics::default(),
        fields: declarations(context, fields.list),
        semi_token: None,
    };
    let mut pieces = vec![item.into()];
    let templates = &context.templates;
    if size.is_fixed {
        let (read, write) = (read_body(fields), write_body(fields));
        pieces.extend(templates.fixed_impls(&ident, size, read, write));
    } else {
        let encode = encode_fields(context, fields, |field| field_of("self", field));
        let decode = decode_body(context, fields);
        pieces.push(templates.encode_impl(&ident, encode).into());
        pieces.push(templates.decode_impl(&ident, size, decode).into());
    }
    pieces
}

/// The fields, each with its type and documentation.
pub(super) fn declarations(context: &Context<'_>, fields: &[Field]) -> syn::Fields {
    let declaration = |field: &Field| syn::Field {
        attrs: context.member_attributes(&field.name),
        vis: Visibility::Public(Default::default()),
        modifiers: Default::default(),
        ident: Some(syntax::ident(&field.name.rust)),
        colon_token: Some(Default::default()),
        ty: context.rust_type(&field.ty),
        default: None,
    };
    syn::Fields::Named(FieldsNamed {
        brace_token: Default::default(),
        named: fields.iter().map(declaration).collect(),
    })
}

/// One statement for each field; `reference` says how its value is reached.
pub(super) fn encode_fields(
    context: &Context<'_>,
    fields: Fields<'_>,
    reference: impl Fn(&Field) -> Expr,
) -> Vec<Stmt> {
    let encode = |field: &Field| {
        context.encode_field(fields.owner, &field.name.idl, &field.ty, reference(field))
    };
    let mut checks = checks("encoder", fields, &reference);
    checks.extend(match fields.list {
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
    });
    checks
}

/// The statements that check the lengths of fields.
fn checks(cursor: &str, fields: Fields<'_>, reference: impl Fn(&Field) -> Expr) -> Vec<Stmt> {
    let statement = |check: &Check| {
        let array = fields.list.get(check.array)?;
        let (method, place) = match check.demand {
            Demand::SameLength(place) => ("as_long_as", place),
            Demand::AtMost(place) => ("at_most", place),
            // The stubs check what the codec of the results cannot know.
            Demand::AtMostParameter(_) => return None,
        };
        let other = reference(fields.list.get(place)?);
        let other = match check.demand {
            Demand::AtMost(_) => dereferenced(&other),
            _ => other,
        };
        let short = if cursor == "encoder" { "e" } else { "d" };
        let check = syntax::method(syntax::variable(short), method, [reference(array), other]);
        Some(checked((cursor, short), fields.owner, array, check))
    };
    fields.checks.iter().filter_map(statement).collect()
}

/// `cursor.field_with("owner", "array", |inner| check)?;`, so that an error names the array.
pub(super) fn checked(
    (cursor, inner): (&str, &str),
    owner: &str,
    array: &Field,
    check: Expr,
) -> Stmt {
    let names = [syntax::text(owner), syntax::text(&array.name.idl)];
    let check = syntax::closure(&[inner], check);
    let cursor = syntax::variable(cursor);
    let call = syntax::method(cursor, "field_with", names.into_iter().chain([check]));
    syntax::statement(syntax::question(call))
}

/// `&variable.field`
pub(super) fn field_of(variable: &str, field: &Field) -> Expr {
    syntax::reference(syntax::field(syntax::variable(variable), &field.name.rust))
}

/// `run.put(&self.field);` for each field.
fn write_body(fields: Fields<'_>) -> Vec<Stmt> {
    let put = |field| syntax::method(syntax::variable("run"), "put", [field_of("self", field)]);
    let fields = fields.list.iter();
    fields.map(|field| syntax::statement(put(field))).collect()
}

/// `Ok(Self { field: run.field(…)?, … })`
fn read_body(fields: Fields<'_>) -> Vec<Stmt> {
    let value = construction(fields, |field| {
        let names = [syntax::text(fields.owner), syntax::text(&field.name.idl)];
        syntax::method(syntax::variable("run"), "field", names)
    });
    vec![syntax::tail(syntax::call(syntax::variable("Ok"), [value]))]
}

/// `Ok(Self { field: decoder.field(…)?, … })`
pub(super) fn decode_body(context: &Context<'_>, fields: Fields<'_>) -> Vec<Stmt> {
    let value = construction(fields, |field| {
        context.decode_field(fields.owner, &field.name.idl, &field.ty)
    });
    let ok = syntax::variable("Ok");
    let mut body = Vec::new();
    let checks = checks("decoder", fields, |field| field_of("value", field));
    if !checks.is_empty() {
        body.push(parse_quote!(let value = #value;));
        body.extend(checks);
        body.push(syntax::tail(parse_quote!(Ok(value))));
        return body;
    }
    if fields.list.is_empty() {
        let void = syntax::method(syntax::variable("decoder"), "void", []);
        body.push(syntax::statement(syntax::question(void)));
    }
    body.push(syntax::tail(syntax::call(ok, [value])));
    body
}

/// `Self { field: …?, … }`: a struct expression is evaluated in the order in which it is written.
fn construction(fields: Fields<'_>, read: impl Fn(&Field) -> Expr) -> Expr {
    let value = |field: &Field| FieldValue {
        attrs: Vec::new(),
        member: Member::Named(syntax::ident(&field.name.rust)),
        colon_token: Some(Default::default()),
        expr: syntax::question(read(field)),
    };
    Expr::Struct(ExprStruct {
        attrs: Vec::new(),
        qself: None,
        path: syntax::path(&["Self"]),
        brace_token: Default::default(),
        fields: fields
            .list
            .iter()
            .map(value)
            .collect::<Punctuated<_, Token![,]>>(),
        dot2_token: None,
        rest: None,
    })
}
