//! The client stub.

use super::{
    Context, Piece, doc,
    procedure::constant_name,
    results::{self, Decoding},
    structure, syntax,
};
use crate::model::{Field, Procedure, Type};
use syn::{Expr, FnArg, ImplItem, ImplItemFn, ItemImpl, ItemStruct, Stmt, parse_quote};

/// `Client`: one method for each procedure.
pub(super) fn emit(context: &Context<'_>, procedures: &[Procedure]) -> Vec<Piece> {
    let item: ItemStruct = parse_quote! {
        /// Calls the procedures of this version; clones share one connection.
        ///
        /// A call is on its way when its method returns; awaiting it brings the result, dropping it
        /// cancels it. A blocking caller gives the result itself, layers what they make of it.
        #[derive(Debug, Clone)]
        pub struct Client<C = ::rpc_runtime::Client>(C);
    };
    let mut methods: ItemImpl = parse_quote! {
        impl<C: ::rpc_runtime::Caller> Client<C> {
            /// A stub that calls through this caller.
            #[must_use]
            pub const fn new(caller: C) -> Self {
                Self(caller)
            }

            /// This stub with its caller changed: another deadline, another credential.
            #[must_use]
            pub fn with(&self, change: impl FnOnce(C) -> C) -> Self
            where
                C: ::core::clone::Clone,
            {
                Self(change(self.0.clone()))
            }
        }
    };
    methods.items.extend(
        procedures
            .iter()
            .map(|one| ImplItem::Fn(method(context, one))),
    );
    vec![item.into(), methods.into()]
}

fn method(context: &Context<'_>, procedure: &Procedure) -> ImplItemFn {
    let docs = doc::member(&procedure.name);
    let no_reply: &[&str] = if procedure.semantics.maybe {
        &["", "The call has no reply: it ends when it was sent."]
    } else {
        &[]
    };
    let no_reply = doc::attributes(no_reply);
    let name = syntax::ident(&procedure.name.rust);
    let parameters = procedure.parameters.iter().map(|field| -> FnArg {
        let ty = parameter_type(context, &field.ty, ObjectSafe(false));
        let name = parameter(field);
        parse_quote!(#name: #ty)
    });
    let result = results::outcome(context, procedure);
    let constant = constant_name(context, procedure);
    let (mut setup, encode) = arguments(context, procedure);
    let call: Expr = match results::decoding(context, procedure) {
        Decoding::Function(decode) => {
            parse_quote!(self.0.call(&procedures::#constant, #encode, #decode))
        }
        Decoding::Closure(setup_decode) => {
            setup.push(setup_decode);
            parse_quote!(self.0.call_with(&procedures::#constant, #encode, decode))
        }
    };
    let allow = syntax::allow_many_arguments(procedure.parameters.len() + 1);
    parse_quote! {
        #(#docs)*
        #(#no_reply)*
        #allow
        #[must_use = "a call that is dropped is cancelled"]
        pub fn #name(&self, #(#parameters),*) -> C::Call<#result> {
            #(#setup)*
            #call
        }
    }
}

/// What comes before the call, and the function that encodes the arguments.
fn arguments(context: &Context<'_>, procedure: &Procedure) -> (Vec<Stmt>, Expr) {
    let mut setup: Vec<Stmt> = procedure
        .parameters
        .iter()
        .filter_map(|field| conversion(context, field))
        .collect();
    if procedure.parameters.is_empty() {
        return (setup, parse_quote!(::xdr::Encoder::void));
    }
    let reference = |field: &Field| passed_reference(context, field);
    let fields = structure::Fields {
        owner: &procedure.name.idl,
        list: &procedure.parameters,
        checks: &procedure.parameter_checks,
    };
    let body = structure::encode_fields(context, fields, reference);
    let body: Expr = match body.as_slice() {
        [Stmt::Expr(only, None)] => only.clone(),
        body => parse_quote!({ #(#body)* }),
    };
    setup.push(parse_quote!(let arguments = |encoder: &mut ::xdr::Encoder| #body;));
    (setup, parse_quote!(arguments))
}

/// The name of a parameter; some names have a meaning in the stubs.
pub(super) fn parameter(field: &Field) -> syn::Ident {
    match field.name.rust.as_str() {
        taken @ ("context" | "encoder" | "decoder" | "results" | "e") => {
            syntax::ident(&format!("{taken}_"))
        }
        name => syntax::ident(name),
    }
}

/// How an argument is passed to a stub.
enum Passing {
    /// Small plain data: by value.
    Value,
    /// Opaque data and byte strings: anything that turns into them.
    Into(Box<syn::Type>),
    Str,
    Slice(Box<Type>),
    OptionalReference(Box<Type>),
    Reference,
}

fn passing(context: &Context<'_>, ty: &Type) -> Passing {
    if context.is_copy(ty) {
        return Passing::Value;
    }
    match context.model.form(ty) {
        owned @ (Type::Opaque(_) | Type::String { utf8: false, .. }) => {
            Passing::Into(Box::new(context.rust_type(owned)))
        }
        Type::String { utf8: true, .. } => Passing::Str,
        Type::Array(element, _) => Passing::Slice(element.clone()),
        Type::List { node, .. } => Passing::Slice(Box::new(Type::Named(*node))),
        Type::Optional {
            value,
            boxed: false,
        } => Passing::OptionalReference(value.clone()),
        _ => Passing::Reference,
    }
}

/// Whether a method has to be one of an object: then it has no type parameters.
#[derive(Clone, Copy)]
pub(super) struct ObjectSafe(pub(super) bool);

/// The type of a parameter.
pub(super) fn parameter_type(
    context: &Context<'_>,
    ty: &Type,
    object_safe: ObjectSafe,
) -> syn::Type {
    let owned = |ty| context.rust_type(ty);
    match passing(context, ty) {
        Passing::Value => owned(ty),
        Passing::Into(target) if object_safe.0 => *target,
        Passing::Into(target) => parse_quote!(impl ::core::convert::Into<#target>),
        Passing::Str => parse_quote!(&str),
        Passing::Slice(element) => {
            let element = owned(&element);
            parse_quote!(&[#element])
        }
        Passing::OptionalReference(value) => {
            let value = owned(&value);
            parse_quote!(::core::option::Option<&#value>)
        }
        Passing::Reference => {
            let ty = owned(ty);
            parse_quote!(&#ty)
        }
    }
}

/// The statement that turns what was passed into what is encoded.
fn conversion(context: &Context<'_>, field: &Field) -> Option<Stmt> {
    match passing(context, &field.ty) {
        Passing::Into(target) => {
            let name = parameter(field);
            Some(parse_quote!(let #name: #target = #name.into();))
        }
        _ => None,
    }
}

/// A reference to a parameter, as encoding wants it.
fn passed_reference(context: &Context<'_>, field: &Field) -> Expr {
    let name = parameter(field);
    match passing(context, &field.ty) {
        Passing::Value | Passing::Into(_) | Passing::OptionalReference(_) => parse_quote!(&#name),
        Passing::Str | Passing::Slice(_) | Passing::Reference => parse_quote!(#name),
    }
}
