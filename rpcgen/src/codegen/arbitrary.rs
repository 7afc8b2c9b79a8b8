//! `Arbitrary`: values made of random bytes, within the bounds of the file and never deep.

use super::{
    Context, Piece, syntax,
    union::{labels, rest},
};
use crate::model::{
    Arm, Check, Demand, Enum, Field, Label, Shape, Struct, Type, TypeDef, TypeId, Union,
};
use syn::{Attribute, Block, Expr, Ident, Stmt, parse_quote};

/// `impl Arbitrary` for a type.
pub(super) fn implementation(context: &Context<'_>, def: &TypeDef) -> Option<Piece> {
    let emitter = Emitter { context, def };
    let name = syntax::ident(&def.name.rust);
    let (body, allow): (Block, _) = match &def.shape {
        Shape::Alias(_) => return None,
        Shape::Enum(shape) => (enumeration(shape), many(shape.enumerators.len())),
        Shape::Struct(shape) => (emitter.structure(shape), None),
        Shape::Union(shape) => (emitter.union(shape), many(shape.arms.len())),
    };
    let u: Ident = match &def.shape {
        Shape::Struct(shape) if shape.fields.is_empty() => parse_quote!(_u),
        _ => parse_quote!(u),
    };
    let item: syn::ItemImpl = parse_quote! {
        impl<'a> ::xdr::arbitrary::Arbitrary<'a> for #name {
            #allow
            fn arbitrary(
                #u: &mut ::xdr::arbitrary::Unstructured<'a>,
            ) -> ::xdr::arbitrary::Result<Self> #body
        }
    };
    Some(item.into())
}

/// The exception for a function that is longer than clippy accepts.
fn many(lines: usize) -> Option<Attribute> {
    (lines > UNREMARKABLE_LINES)
        .then(|| parse_quote!(#[allow(clippy::too_many_lines, reason = "the interface is long")]))
}

/// Enumerators or arms of a function that clippy accepts.
const UNREMARKABLE_LINES: usize = 30;

struct Emitter<'a> {
    context: &'a Context<'a>,
    def: &'a TypeDef,
}

fn enumeration(shape: &Enum) -> Block {
    let names = shape
        .enumerators
        .iter()
        .map(|one| syntax::ident(&one.name.rust));
    let choose: Expr = parse_quote!(u.choose(&[#(Self::#names),*]).copied());
    if shape.is_open {
        // One of eight has perhaps no name.
        parse_quote!({
            if u.ratio(1, 8)? {
                return u.arbitrary().map(Self::from_i32);
            }
            #choose
        })
    } else {
        parse_quote!({ #choose })
    }
}

impl Emitter<'_> {
    fn structure(&self, shape: &Struct) -> Block {
        let values = shape.fields.iter().map(|field| -> syn::FieldValue {
            let (name, value) = (syntax::ident(&field.name.rust), self.value(&field.ty));
            parse_quote!(#name: #value?)
        });
        let value: Expr = parse_quote!(Self { #(#values),* });
        let checks = shape.checks.iter();
        let checks: Vec<Stmt> = checks.filter_map(|check| kept(shape, check)).collect();
        if checks.is_empty() {
            parse_quote!({ Ok(#value) })
        } else {
            parse_quote!({
                let mut value = #value;
                #(#checks)*
                Ok(value)
            })
        }
    }

    /// One of the variants: the first one when the random bytes are used up, so that one stands there
    /// that does not lead back to the type.
    fn union(&self, shape: &Union) -> Block {
        let arms = shape.arms.iter().map(|arm| {
            let leads_back = self.leads_back(arm.field.as_ref());
            (leads_back, self.arm(arm))
        });
        let default = shape.default.iter().map(|field| {
            let leads_back = self.leads_back(field.as_ref());
            (leads_back, self.default(shape, field.as_ref()))
        });
        let mut variants: Vec<(bool, Expr)> = arms.chain(default).collect();
        variants.sort_by_key(|(leads_back, _)| *leads_back);
        let mut variants: Vec<Expr> = variants.into_iter().map(|(_, variant)| variant).collect();
        match variants.as_slice() {
            // There is no union without a case.
            [] => return parse_quote!({ Err(::xdr::arbitrary::Error::EmptyChoose) }),
            [only] => return parse_quote!({ #only }),
            [first, second] => {
                return parse_quote!({ if u.arbitrary()? { #second } else { #first } });
            }
            _ => {}
        }
        let last = variants.pop();
        let count = int(variants.len());
        let arms = variants
            .iter()
            .enumerate()
            .map(|(index, variant)| -> syn::Arm {
                let index = int(index);
                parse_quote!(#index => #variant,)
            });
        parse_quote!({
            match u.int_in_range(0..=#count)? {
                #(#arms)*
                _ => #last,
            }
        })
    }

    fn leads_back(&self, field: Option<&Field>) -> bool {
        let id = field.and_then(|field| crate::resolve::named_in(&field.ty));
        id.is_some_and(|id| self.is_cyclic(id))
    }

    /// Whether a type leads back to this one.
    fn is_cyclic(&self, id: TypeId) -> bool {
        self.def.circle.is_some() && self.context.model.type_def(id).circle == self.def.circle
    }

    fn arm(&self, arm: &Arm) -> Expr {
        let variant = syntax::ident(&arm.name.rust);
        match &arm.field {
            None => parse_quote!(Ok(Self::#variant)),
            Some(field) => {
                let value = self.value(&field.ty);
                parse_quote!(#value.map(Self::#variant))
            }
        }
    }

    fn default(&self, shape: &Union, field: Option<&Field>) -> Expr {
        let value: Option<syn::FieldValue> = field.map(|field| {
            let value = self.value(&field.ty);
            parse_quote!(value: #value?)
        });
        let variant: Expr = parse_quote!(Ok(Self::Default { discriminant, #value }));
        if let [one] = shape.arms.as_slice()
            && let Label::Bool(taken) = one.label
        {
            let left = !taken;
            return parse_quote!({
                let discriminant = #left;
                #variant
            });
        }
        let discriminant = self.value(&shape.discriminant.ty);
        let ty = self.context.rust_type(&shape.discriminant.ty);
        let labels = labels(self.context, shape);
        let checked: Expr = if labels.is_empty() {
            variant
        } else {
            let rest = rest(self.context, shape);
            parse_quote! {
                match discriminant {
                    #(#labels)|* => Err(::xdr::arbitrary::Error::IncorrectFormat),
                    #rest => #variant,
                }
            }
        };
        parse_quote!({
            let discriminant: #ty = #discriminant?;
            #checked
        })
    }

    /// The expression that makes a value, as a `Result`.
    fn value(&self, ty: &Type) -> Expr {
        match self.context.model.unalias(ty) {
            ty if self.is_plain(ty) => parse_quote!(u.arbitrary()),
            Type::Ranged { value, min, max } => self.ranged(value, *min, *max),
            Type::Named(id) if self.is_cyclic(*id) => parse_quote!(::xdr::arbitrary::nested(u)),
            Type::Boxed(_) => parse_quote!(::xdr::arbitrary::boxed(u)),
            Type::FixedArray { element, boxed, .. } => {
                let element = self.function(element);
                let array: Expr = parse_quote!(::xdr::arbitrary::array(u, #element));
                if *boxed {
                    parse_quote!(#array.map(::xdr::Box::new))
                } else {
                    array
                }
            }
            Type::Optional { boxed: true, .. } => {
                parse_quote!(::xdr::arbitrary::optional(u, ::xdr::arbitrary::boxed))
            }
            Type::Optional { value, .. } => {
                let value = self.function(value);
                parse_quote!(::xdr::arbitrary::optional(u, #value))
            }
            ty => match self.sized(ty, None) {
                Some(value) => value,
                None => parse_quote!(u.arbitrary()),
            },
        }
    }

    /// A number or a length within a range.
    fn ranged(&self, value: &Type, min: i128, max: i128) -> Expr {
        let (from, to) = (syntax::int(min), syntax::int(max));
        match self.sized(value, Some(min)) {
            Some(value) => value,
            None => parse_quote!(u.int_in_range(#from..=#to)),
        }
    }

    /// A value that has a length: at least this, at most its bound.
    fn sized(&self, ty: &Type, min: Option<i128>) -> Option<Expr> {
        let (function, max, element) = match self.context.model.unalias(ty) {
            Type::Opaque(max) => ("opaque", max, None),
            Type::String { max, utf8 } => {
                let function = if *utf8 { "utf8" } else { "string" };
                (function, max, None)
            }
            Type::Array(element, max) => ("elements", max, Some(self.function(element))),
            Type::List { node, nonempty } => {
                let element = self.function(&Type::Named(*node));
                let min: Option<Expr> = nonempty.then(|| syntax::int(1));
                return Some(parse_quote!(::xdr::arbitrary::elements(u, #min.., #element)));
            }
            _ => return None,
        };
        let function = syntax::ident(function);
        let min = min.filter(|min| *min > 0).map(syntax::int);
        let range: Expr = match max {
            Some(_) => {
                let max = self.context.bound(max.as_ref());
                parse_quote!(#min..=#max)
            }
            None => parse_quote!(#min..),
        };
        let arguments = std::iter::once(range).chain(element);
        Some(parse_quote!(::xdr::arbitrary::#function(u, #(#arguments),*)))
    }

    /// A function that makes a value.
    fn function(&self, ty: &Type) -> Expr {
        match self.context.model.unalias(ty) {
            Type::Named(id) if self.is_cyclic(*id) => parse_quote!(::xdr::arbitrary::nested),
            ty if self.is_plain(ty) => parse_quote!(::xdr::arbitrary::Arbitrary::arbitrary),
            Type::Boxed(_) => parse_quote!(::xdr::arbitrary::boxed),
            ty => {
                let value = self.value(ty);
                parse_quote!(|u| #value)
            }
        }
    }

    /// Whether all values of the Rust type are values of the type, and none is deep.
    fn is_plain(&self, ty: &Type) -> bool {
        match self.context.model.unalias(ty) {
            Type::Opaque(_)
            | Type::String { max: Some(_), .. }
            | Type::Array(_, Some(_))
            | Type::List { nonempty: true, .. }
            | Type::Ranged { .. }
            | Type::Boxed(_)
            | Type::Optional { boxed: true, .. } => false,
            Type::FixedArray { element: inner, .. }
            | Type::Optional { value: inner, .. }
            | Type::Array(inner, None) => self.is_plain(inner),
            Type::Named(id) | Type::List { node: id, .. } => !self.is_cyclic(*id),
            _ => true,
        }
    }
}

/// The statement that makes lengths fit each other.
fn kept(shape: &Struct, check: &Check) -> Option<Stmt> {
    let ident = |place: usize| Some(syntax::ident(&shape.fields.get(place)?.name.rust));
    let array = ident(check.array)?;
    match check.demand {
        Demand::SameLength(place) => {
            let other = ident(place)?;
            Some(parse_quote! {
                ::xdr::arbitrary::as_long_as(&mut value.#array, &mut value.#other);
            })
        }
        Demand::AtMost(place) => {
            let count = ident(place)?;
            Some(parse_quote!(::xdr::arbitrary::at_most(&mut value.#array, value.#count);))
        }
        Demand::AtMostParameter(_) => None,
    }
}

fn int(number: usize) -> Expr {
    syntax::int(i128::try_from(number).unwrap_or_default())
}
