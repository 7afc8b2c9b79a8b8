//! The trait of a client's calls, which a mock implements too.

use super::{
    Context, Piece,
    client::{ObjectSafe, parameter, parameter_type},
    doc, results, syntax,
};
use crate::model::Procedure;
use syn::{FnArg, ImplItem, ItemImpl, ItemTrait, Signature, TraitItem, parse_quote};

/// `Calls`, and that a `Client` whose calls are futures has it.
pub(super) fn emit(context: &Context<'_>, procedures: &[Procedure]) -> Vec<Piece> {
    let mut item: ItemTrait = parse_quote! {
        /// The calls of this version as an object: those of a `Client`, or of what a test puts in
        /// its place.
        pub trait Calls: Send + Sync {}
    };
    let mut client: ItemImpl = parse_quote! {
        impl<C: ::rpc_runtime::AsyncCaller> Calls for Client<C> {}
    };
    for procedure in procedures {
        let docs = doc::member(&procedure.name);
        let allow = syntax::allow_many_arguments(procedure.parameters.len() + 1);
        let signature = signature(context, procedure);
        item.items.push(TraitItem::Fn(parse_quote! {
            #(#docs)*
            #allow
            #signature;
        }));
        let name = &signature.ident;
        let arguments = procedure.parameters.iter().map(parameter);
        client.items.push(ImplItem::Fn(parse_quote! {
            #signature {
                C::boxed(Self::#name(self, #(#arguments),*))
            }
        }));
    }
    vec![item.into(), client.into()]
}

fn signature(context: &Context<'_>, procedure: &Procedure) -> Signature {
    let name = syntax::ident(&procedure.name.rust);
    let parameters = procedure.parameters.iter().map(|field| -> FnArg {
        let (name, ty) = (
            parameter(field),
            parameter_type(context, &field.ty, ObjectSafe(true)),
        );
        parse_quote!(#name: #ty)
    });
    let result = results::outcome(context, procedure);
    parse_quote!(fn #name(&self, #(#parameters),*) -> ::rpc_runtime::BoxedCall<#result>)
}
