//! The impls of a codec: parsed once, then cloned for each type and filled.

use super::{Piece, syntax};
use crate::model::WireSize;
use syn::{Expr, Ident, ImplItem, ItemImpl, Stmt, parse_quote};

/// Impls for a placeholder, without bodies.
pub(crate) struct Templates {
    encode: ItemImpl,
    decode: ItemImpl,
    fixed: ItemImpl,
    borrowed: ItemImpl,
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            encode: parse_quote! {
                impl ::xdr::Encode for Placeholder {
                    #[inline]
                    fn encode(&self, encoder: &mut ::xdr::Encoder) -> ::xdr::Result<()> {}
                }
            },
            decode: parse_quote! {
                impl ::xdr::Decode for Placeholder {
                    const MIN_SIZE: usize = 0;
                    const MAX_SIZE: usize = 0;
                    #[inline]
                    fn decode(decoder: &mut ::xdr::Decoder<'_>) -> ::xdr::Result<Self> {}
                }
            },
            fixed: parse_quote! {
                impl ::xdr::Fixed for Placeholder {
                    const SIZE: usize = 0;
                    #[inline]
                    fn read(run: &mut ::xdr::Run<'_>) -> ::xdr::Result<Self> {}
                    #[inline]
                    fn write(&self, run: &mut ::xdr::RunMut<'_>) {}
                }
            },
            borrowed: parse_quote! {
                impl<'a> ::xdr::DecodeBorrowed<'a> for Placeholder<'a> {
                    const MIN_SIZE: usize = 0;
                    #[inline]
                    fn decode_borrowed(decoder: &mut ::xdr::Decoder<'a>) -> ::xdr::Result<Self> {}
                }
            },
        }
    }
}

impl Templates {
    /// `impl Encode` of a type.
    pub(crate) fn encode_impl(&self, name: &Ident, body: Vec<Stmt>) -> ItemImpl {
        filled(&self.encode, name, [], [body])
    }

    /// `impl Decode` of a type.
    pub(crate) fn decode_impl(&self, name: &Ident, size: WireSize, body: Vec<Stmt>) -> ItemImpl {
        let (min, max) = (syntax::size(size.min), size.max.map(syntax::size));
        filled(&self.decode, name, [Some(min), max], [body])
    }

    /// `impl DecodeBorrowed` of a twin.
    pub(crate) fn borrowed_impl(&self, name: &Ident, size: WireSize, body: Vec<Stmt>) -> ItemImpl {
        let min = Some(syntax::size(size.min));
        let mut item = filled(&self.borrowed, name, [min], [body]);
        *item.self_ty = parse_quote!(#name<'a>);
        item
    }

    /// `impl Fixed` of a type, and the invocation that makes the other two of it.
    pub(crate) fn fixed_impls(
        &self,
        name: &Ident,
        size: WireSize,
        read: Vec<Stmt>,
        write: Vec<Stmt>,
    ) -> [Piece; 2] {
        let size = Some(syntax::size(size.min));
        let others: syn::ItemMacro = parse_quote!(::xdr::fixed_codec!(#name););
        [
            filled(&self.fixed, name, [size], [read, write]).into(),
            others.into(),
        ]
    }
}

/// A template with the name of a type, the values of constants, and the bodies of functions; a
/// constant without a value is left out.
fn filled<const C: usize, const F: usize>(
    template: &ItemImpl,
    name: &Ident,
    constants: [Option<Expr>; C],
    bodies: [Vec<Stmt>; F],
) -> ItemImpl {
    let mut item = template.clone();
    *item.self_ty = syntax::type_path(name.clone().into());
    let (mut constants, mut bodies) = (constants.into_iter(), bodies.into_iter());
    item.items.retain_mut(|item| match item {
        ImplItem::Const(constant) => match constants.next().flatten() {
            Some(value) => {
                constant.expr = value;
                true
            }
            None => false,
        },
        ImplItem::Fn(function) => {
            function.block.stmts = bodies.next().unwrap_or_default();
            true
        }
        _ => true,
    });
    item
}
