//! The server stub: from a call to the method of a service, and from its result to the reply.

use super::{Context, Piece, procedure::constant_name, program::arguments_name, results, syntax};
use crate::model::{Number, Procedure, Version};
use syn::{Attribute, Expr, Ident, ImplItem, ItemFn, ItemImpl, ItemStruct, Stmt, parse_quote};

/// `Server`, and the functions that it dispatches with.
pub(super) fn emit(
    context: &Context<'_>,
    version: &Version,
    procedures: &[&Procedure],
) -> Vec<Piece> {
    let number = context.number(&version.number);
    let item: ItemStruct = parse_quote! {
        /// Serves this version; a `rpc_runtime::Server` takes it.
        #[derive(Debug, Clone)]
        pub struct Server(::rpc_runtime::VersionServer);
    };
    let null = Number::Known(0);
    let declares_null = procedures.iter().any(|procedure| procedure.number == null);
    let described: Vec<Ident> = procedures
        .iter()
        .map(|one| constant_name(context, one))
        .collect();
    let mut server: Expr = parse_quote!(server);
    if declares_null {
        server = parse_quote!(#server.serves_null());
    }
    let procedures_constant: Option<ImplItem> = (!described.is_empty()).then(|| {
        server = parse_quote!(#server.describes(Self::PROCEDURES));
        parse_quote! {
            const PROCEDURES: &[::rpc_runtime::Procedure] = &[#(procedures::#described),*];
        }
    });
    let result: Expr = parse_quote!(Self(#server));
    let new = |flavor: Flavor| -> Stmt {
        let dispatch = flavor.dispatch();
        parse_quote! {
            let server =
                ::rpc_runtime::VersionServer::new(super::PROGRAM, #number, service, #dispatch::<S>);
        }
    };
    let (new, blocking) = (new(Flavor::Waiting), new(Flavor::Blocking));
    let constructors: ItemImpl = parse_quote! {
        impl Server {
            #procedures_constant

            /// Serves with a service whose procedures may wait.
            #[must_use]
            pub fn new<S: Service>(service: S) -> Self {
                #new
                #result
            }

            /// Serves with a service whose procedures block a thread.
            #[must_use]
            pub fn blocking<S: BlockingService>(service: S) -> Self {
                #blocking
                #result
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
    let mut pieces: Vec<Piece> = vec![item.into(), constructors.into(), conversion.into()];
    for flavor in [Flavor::Waiting, Flavor::Blocking] {
        pieces.push(dispatch(context, procedures, flavor).into());
        pieces.extend(answers(context, procedures, flavor));
    }
    pieces
}

/// The table of procedures.
fn dispatch(context: &Context<'_>, procedures: &[&Procedure], flavor: Flavor) -> ItemFn {
    let module = flavor.module();
    let arms = procedures.iter().map(|procedure| -> syn::Arm {
        let number = context.number(&procedure.number);
        let name = syntax::ident(&procedure.name.rust);
        let answer: Expr = match flavor {
            Flavor::Waiting => {
                parse_quote!(::rpc_runtime::Answer::future(#module::#name(service, call)))
            }
            Flavor::Blocking => parse_quote! {
                ::rpc_runtime::Answer::blocking(move || #module::#name(&*service, &call))
            },
        };
        parse_quote!(#number => #answer,)
    });
    let refuse: Expr = parse_quote! {
        ::rpc_runtime::Answer::refuse(::rpc_runtime::Refusal::ProcUnavail)
    };
    let body: Expr = if procedures.is_empty() {
        refuse
    } else {
        parse_quote!(match call.procedure() { #(#arms)* _ => #refuse, })
    };
    let (name, service) = (flavor.dispatch(), flavor.service());
    let unused = if procedures.is_empty() { "_" } else { "" };
    let service_name = syntax::ident(&format!("{unused}service"));
    let call_name = syntax::ident(&format!("{unused}call"));
    let allow: Option<Attribute> = (procedures.len() > UNREMARKABLE_ARMS).then(
        || parse_quote!(#[allow(clippy::too_many_lines, reason = "one arm for each procedure")]),
    );
    parse_quote! {
        #allow
        fn #name<S: #service>(
            #service_name: ::rpc_runtime::Arc<S>,
            #call_name: ::rpc_runtime::Call,
        ) -> ::rpc_runtime::Answer {
            #body
        }
    }
}

/// Procedures whose table is no longer than the functions that clippy accepts, at up to three
/// lines each.
const UNREMARKABLE_ARMS: usize = 30;

/// The functions that answer the calls of each procedure.
fn answers(context: &Context<'_>, procedures: &[&Procedure], flavor: Flavor) -> Option<Piece> {
    if procedures.is_empty() {
        return None;
    }
    // They stand in a module of their own.
    let context = &Context {
        root: &["super", "super", "super"],
        ..*context
    };
    let answer = |procedure: &&Procedure| answer(context, procedure, flavor).into();
    Some(Piece::Module {
        attributes: Vec::new(),
        is_public: false,
        name: flavor.module(),
        pieces: procedures.iter().map(answer).collect(),
    })
}

/// Decodes the arguments, calls the service, encodes the result.
fn answer(context: &Context<'_>, procedure: &Procedure, flavor: Flavor) -> ItemFn {
    let (name, service) = (syntax::ident(&procedure.name.rust), flavor.service());
    let (decode, passed) = arguments(context, procedure);
    // By the type's path: a procedure may be called `clone`, which `Arc` has too.
    let result: Expr = match flavor {
        Flavor::Waiting => {
            parse_quote!(S::#name(&service, call.context(), #(#passed),*).await?)
        }
        Flavor::Blocking => parse_quote!(S::#name(service, call.context(), #(#passed),*)?),
    };
    let argument = |place: usize| -> Expr {
        passed
            .get(place)
            .cloned()
            .unwrap_or_else(|| parse_quote!(argument))
    };
    let reply = syntax::tail(results::reply(context, procedure, argument));
    let executed: Stmt = if procedure.results.is_empty() && procedure.exceptions.is_empty() {
        parse_quote!(#result;)
    } else {
        parse_quote!(let result = #result;)
    };
    let body = [executed, reply];
    match flavor {
        Flavor::Waiting => parse_quote! {
            pub(super) async fn #name<S: super::#service>(
                service: ::rpc_runtime::Arc<S>,
                call: ::rpc_runtime::Call,
            ) -> ::rpc_runtime::ReplyResult {
                #decode
                #(#body)*
            }
        },
        Flavor::Blocking => parse_quote! {
            pub(super) fn #name<S: super::#service>(
                service: &S,
                call: &::rpc_runtime::Call,
            ) -> ::rpc_runtime::ReplyResult {
                #decode
                #(#body)*
            }
        },
    }
}

/// The statement that decodes the arguments, and what the service gets of them.
fn arguments(context: &Context<'_>, procedure: &Procedure) -> (Stmt, Vec<Expr>) {
    match procedure.parameters.as_slice() {
        [] => (parse_quote!(call.no_arguments()?;), vec![]),
        [field] => {
            let decode = context.decoding(&field.ty);
            let statement = parse_quote!(let argument = call.arguments(#decode)?;);
            (statement, vec![parse_quote!(argument)])
        }
        fields => {
            let name = syntax::ident(&arguments_name(context, procedure));
            let passed = fields
                .iter()
                .map(|field| syntax::field(syntax::variable("arguments"), &field.name.rust));
            let statement = parse_quote! {
                let arguments: super::#name = call.arguments(::xdr::Decode::decode)?;
            };
            (statement, passed.collect())
        }
    }
}

/// Whether the procedures of a service may wait, or block a thread.
#[derive(Clone, Copy)]
enum Flavor {
    Waiting,
    Blocking,
}

impl Flavor {
    fn service(self) -> Ident {
        syntax::ident(match self {
            Self::Waiting => "Service",
            Self::Blocking => "BlockingService",
        })
    }

    fn dispatch(self) -> Ident {
        syntax::ident(match self {
            Self::Waiting => "dispatch",
            Self::Blocking => "dispatch_blocking",
        })
    }

    fn module(self) -> Ident {
        syntax::ident(match self {
            Self::Waiting => "waiting",
            Self::Blocking => "blocking",
        })
    }
}
