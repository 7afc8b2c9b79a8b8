//! The server stub: from a call to the method of a service, and from its result to the reply.

use super::{Context, Piece, program::arguments_name, syntax};
use crate::model::{Procedure, Version};
use syn::{Expr, ItemFn, ItemImpl, ItemStruct, Stmt, parse_quote};

/// `Server`, and the functions that it dispatches with.
pub(super) fn emit(
    context: &Context<'_>,
    version: &Version,
    procedures: &[&Procedure],
) -> Vec<Piece> {
    let number = syntax::int(i128::from(version.number));
    let item: ItemStruct = parse_quote! {
        /// Serves this version; a `rpc_runtime::Server` takes it.
        #[derive(Debug, Clone)]
        pub struct Server(::rpc_runtime::VersionServer);
    };
    let new = |dispatch: &str| -> Expr {
        let dispatch = syntax::ident(dispatch);
        let declares_null = procedures.iter().any(|procedure| procedure.number == 0);
        let server: Expr = parse_quote! {
            ::rpc_runtime::VersionServer::new(super::PROGRAM, #number, service, #dispatch::<S>)
        };
        if declares_null {
            parse_quote!(Self(#server.serves_null()))
        } else {
            parse_quote!(Self(#server))
        }
    };
    let (new, blocking) = (new("dispatch"), new("dispatch_blocking"));
    let constructors: ItemImpl = parse_quote! {
        impl Server {
            /// Serves with a service whose procedures may wait.
            #[must_use]
            pub fn new<S: Service>(service: S) -> Self {
                #new
            }

            /// Serves with a service whose procedures block a thread.
            #[must_use]
            pub fn blocking<S: BlockingService>(service: S) -> Self {
                #blocking
            }
        }
    };
    let conversion: ItemImpl = parse_quote! {
        impl ::core::convert::From<Server> for ::rpc_runtime::VersionServer {
            fn from(server: Server) -> Self {
                server.0
            }
        }
    };
    let (waiting, plain) = (
        dispatch(context, procedures, true),
        dispatch(context, procedures, false),
    );
    vec![
        item.into(),
        constructors.into(),
        conversion.into(),
        waiting.into(),
        plain.into(),
    ]
}

fn dispatch(context: &Context<'_>, procedures: &[&Procedure], is_async: bool) -> ItemFn {
    let arms = procedures.iter().map(|procedure| -> syn::Arm {
        let number = syntax::int(i128::from(procedure.number));
        let body = answer(context, procedure, is_async);
        if is_async {
            parse_quote!(#number => ::rpc_runtime::Answer::future(async move { #(#body)* }),)
        } else {
            parse_quote!(#number => ::rpc_runtime::Answer::blocking(move || { #(#body)* }),)
        }
    });
    let refuse: Expr = parse_quote! {
        ::rpc_runtime::Answer::refuse(::rpc_runtime::Refusal::ProcUnavail)
    };
    let body: Expr = if procedures.is_empty() {
        refuse
    } else {
        parse_quote!(match call.procedure() { #(#arms)* _ => #refuse, })
    };
    let (name, bound) = if is_async {
        (syntax::ident("dispatch"), syntax::ident("Service"))
    } else {
        (
            syntax::ident("dispatch_blocking"),
            syntax::ident("BlockingService"),
        )
    };
    let unused = if procedures.is_empty() { "_" } else { "" };
    let service = syntax::ident(&format!("{unused}service"));
    let call = syntax::ident(&format!("{unused}call"));
    parse_quote! {
        fn #name<S: #bound>(
            #service: ::rpc_runtime::Arc<S>,
            #call: ::rpc_runtime::Call,
        ) -> ::rpc_runtime::Answer {
            #body
        }
    }
}

/// Decodes the arguments, calls the service, encodes the result.
fn answer(context: &Context<'_>, procedure: &Procedure, is_async: bool) -> Vec<Stmt> {
    let method = syntax::ident(&procedure.name.rust);
    let (decode, passed): (Stmt, Vec<Expr>) = match procedure.parameters.as_slice() {
        [] => (parse_quote!(call.no_arguments()?;), vec![]),
        [field] => {
            let decode = context.any_decoding(&field.ty);
            (
                parse_quote!(let argument = call.arguments(#decode)?;),
                vec![parse_quote!(argument)],
            )
        }
        fields => {
            let name = syntax::ident(&arguments_name(procedure));
            let passed = fields
                .iter()
                .map(|field| syntax::field(syntax::variable("arguments"), &field.name.rust));
            let decode = parse_quote! {
                let arguments: #name = call.arguments(::xdr::Decode::decode)?;
            };
            (decode, passed.collect())
        }
    };
    let result: Expr = parse_quote!(service.#method(call.context(), #(#passed),*));
    let result: Expr = if is_async {
        parse_quote!(#result.await?)
    } else {
        parse_quote!(#result?)
    };
    let mut body = vec![decode];
    match &procedure.result {
        None => {
            body.push(parse_quote!(#result;));
            body.push(syntax::tail(parse_quote!(call.reply(::xdr::Encoder::void))));
        }
        Some(ty) => {
            let encode = context.encode("encoder", ty, parse_quote!(&result));
            body.push(parse_quote!(let result = #result;));
            body.push(syntax::tail(parse_quote!(call.reply(|encoder| #encode))));
        }
    }
    body
}
