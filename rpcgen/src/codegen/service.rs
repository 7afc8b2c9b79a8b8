//! The traits that a server implements.

use super::{Context, Piece, doc, results, syntax};
use crate::model::Procedure;
use syn::{FnArg, ItemTrait, TraitItem, TraitItemFn, parse_quote};

/// `Service`, whose procedures may wait, and `BlockingService`, whose procedures are plain
/// functions.
pub(super) fn emit(context: &Context<'_>, procedures: &[&Procedure]) -> Vec<Piece> {
    let mut service: ItemTrait = parse_quote! {
        /// What a server does: one method for each procedure, written as `async fn`.
        pub trait Service: Send + Sync + 'static {}
    };
    let mut blocking: ItemTrait = parse_quote! {
        /// What a server does, with plain functions: each call has a thread while it runs.
        pub trait BlockingService: Send + Sync + 'static {}
    };
    for procedure in procedures {
        service
            .items
            .push(TraitItem::Fn(method(context, procedure, true)));
        blocking
            .items
            .push(TraitItem::Fn(method(context, procedure, false)));
    }
    vec![service.into(), blocking.into()]
}

fn method(context: &Context<'_>, procedure: &Procedure, is_async: bool) -> TraitItemFn {
    let docs = doc::member(&procedure.name);
    let name = syntax::ident(&procedure.name.rust);
    let parameters = procedure.parameters.iter().map(|field| -> FnArg {
        let name = super::client::parameter(field);
        let ty = context.rust_type(&field.ty);
        parse_quote!(#name: #ty)
    });
    let result = results::outcome(context, procedure);
    let result: syn::Type = parse_quote!(::rpc_runtime::ServiceResult<#result>);
    let output: syn::Type = if is_async {
        parse_quote!(impl ::core::future::Future<Output = #result> + Send)
    } else {
        result
    };
    let errors: Vec<_> = if is_async {
        Vec::new()
    } else {
        let lines = ["", "# Errors", "", "A `ServiceError` refuses the call."];
        doc::attributes(&lines)
    };
    let allow = syntax::allow_many_arguments(procedure.parameters.len() + 2);
    parse_quote! {
        #(#docs)*
        #(#errors)*
        #allow
        fn #name(&self, context: &::rpc_runtime::Context, #(#parameters),*) -> #output;
    }
}
