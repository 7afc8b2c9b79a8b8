//! `union`.

use super::{Context, Piece, attribute, doc, status, syntax};
use crate::model::{Arm, Enumerator, Field, Label, Number, Shape, Type, TypeDef, Union};
use std::collections::{HashMap, HashSet};
use syn::{
    Attribute, Expr, Fields, ImplItem, ItemEnum, ItemImpl, Token, Variant, parse_quote,
    punctuated::Punctuated,
};

/// A union and its codec: an enum with one variant for each case label, so that decoding and
/// encoding give the same bytes.
pub(super) fn emit(context: &Context<'_>, def: &TypeDef, union: &Union) -> Vec<Piece> {
    let emitter = Emitter {
        context,
        owner: &def.name.idl,
        union,
    };
    let name = syntax::ident(&def.name.rust);
    let docs = doc::definition(&def.name, &format!("The union `{}`.", def.name.idl));
    let derives = attribute::derives(def.traits, &def.derives);
    let further = attribute::further(&def.name);
    let names = std::iter::once(&def.name).chain(union.arms.iter().map(|arm| &arm.name));
    let allow_names = context.allow_type_names(names);
    let allow = allow_large_variant(emitter.sizes());
    let mut item: ItemEnum = parse_quote! {
        #(#docs)*
        #allow_names
        #allow
        #derives
        #(#further)*
        pub enum #name {}
    };
    item.variants = emitter.variants();
    let encode = emitter.encode();
    let decode = emitter.decode();
    let templates = &context.templates;
    let mut pieces = vec![item.into()];
    let mut methods = emitter.discriminant(&parse_quote!(#name));
    let (into_result, from_result) = status::conversions(context, def, union).unzip();
    methods.items.extend(into_result.map(ImplItem::Fn));
    pieces.push(methods.into());
    pieces.extend(from_result.map(Piece::from));
    pieces.push(templates.encode_impl(&name, encode).into());
    pieces.push(templates.decode_impl(&name, def.wire_size, decode).into());
    pieces
}

/// The attribute for an enum of variants that differ much: which to put in a box the file cannot
/// say, and a status with its data seldom is the smaller one.
pub(super) fn allow_large_variant(sizes: impl Iterator<Item = u64>) -> Option<Attribute> {
    let (mut largest, mut second, mut count) = (0, 0, 0);
    for size in sizes {
        count += 1;
        if size > largest {
            (largest, second) = (size, largest);
        } else {
            second = second.max(size);
        }
    }
    (count > 1 && largest - second > VARIANT_DIFFERENCE_MAX).then(|| {
        parse_quote! {
            #[allow(clippy::large_enum_variant, reason = "the interface has them")]
        }
    })
}

/// Emits the parts of a union.
pub(super) struct Emitter<'a> {
    pub(super) context: &'a Context<'a>,
    /// The type that errors name.
    pub(super) owner: &'a str,
    pub(super) union: &'a Union,
}

/// Bytes between the largest and the second largest variant that surely are fewer than clippy
/// (`large_enum_variant`) objects to: sizes here leave out padding.
const VARIANT_DIFFERENCE_MAX: u64 = 120;

impl Emitter<'_> {
    /// The sizes of what the variants carry.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u64> {
        let types = &self.context.model.types;
        let arms = self.union.arms.iter().map(|arm| arm.field.as_ref());
        let default = self.union.default.iter().map(Option::as_ref);
        arms.chain(default)
            .map(|field| field.map_or(0, |field| crate::resolve::memory_size(types, &field.ty)))
    }

    /// The variants, that of the default last.
    pub(super) fn variants(&self) -> Punctuated<Variant, Token![,]> {
        let arms = self.union.arms.iter().map(|arm| self.variant(arm));
        let default = self.union.default.as_ref();
        let default = default.map(|field| self.default_variant(field.as_ref()));
        arms.chain(default).collect()
    }

    fn variant(&self, arm: &Arm) -> Variant {
        let docs = self.context.member_attributes(&arm.name);
        let name = syntax::ident(&arm.name.rust);
        match &arm.field {
            None => parse_quote!(#(#docs)* #name),
            Some(field) => {
                let ty = self.context.rust_type(&field.ty);
                parse_quote!(#(#docs)* #name(#ty))
            }
        }
    }

    fn default_variant(&self, field: Option<&Field>) -> Variant {
        let discriminant = self.context.rust_type(&self.union.discriminant.ty);
        let mut variant: Variant = parse_quote! {
            /// Any other discriminant.
            Default {
                /// The discriminant, which must not be one that has a variant of its own.
                discriminant: #discriminant,
            }
        };
        if let (Some(field), Fields::Named(fields)) = (field, &mut variant.fields) {
            let docs = self.context.member_attributes(&field.name);
            let ty = self.context.rust_type(&field.ty);
            fields.named.push(parse_quote!(#(#docs)* value: #ty));
        }
        variant
    }

    /// A method that tells the discriminant.
    pub(super) fn discriminant(&self, name: &syn::Type) -> ItemImpl {
        let ty = self.context.rust_type(&self.union.discriminant.ty);
        let summary = format!(" The discriminant, `{}`.", self.union.discriminant.name.idl);
        let mut arms: Vec<syn::Arm> = self
            .union
            .arms
            .iter()
            .map(|arm| {
                let (pattern, label) = (ignoring_pattern(arm), self.label(&arm.label));
                parse_quote!(#pattern => #label,)
            })
            .collect();
        if self.union.default.is_some() {
            arms.push(parse_quote!(Self::Default { discriminant, .. } => *discriminant,));
        }
        parse_quote! {
            impl #name {
                #[doc = #summary]
                #[must_use]
                pub const fn discriminant(&self) -> #ty {
                    match self {
                        #(#arms)*
                    }
                }
            }
        }
    }

    // ---- Encoding

    fn encode(&self) -> Vec<syn::Stmt> {
        let Field { name, ty } = &self.union.discriminant;
        let discriminant = parse_quote!(&self.discriminant());
        let discriminant = self
            .context
            .encode_field(self.owner, &name.idl, ty, discriminant);
        let arms = self.encode_arms();
        let block: syn::Block = parse_quote!({
            #discriminant?;
            match self {
                #(#arms)*
            }
        });
        block.stmts
    }

    /// Arms that carry the same field are one: their code is the same. Those that carry what the
    /// default carries stand with it, behind the refusal of what cannot stand there.
    fn encode_arms(&self) -> Vec<syn::Arm> {
        let mut merged: Vec<(Option<&Field>, Vec<syn::Pat>)> = Vec::new();
        let mut index_of: HashMap<Option<(&str, &Type)>, usize> = HashMap::new();
        for arm in &self.union.arms {
            let field = arm.field.as_ref();
            let index = *index_of.entry(carried(field)).or_insert(merged.len());
            match merged.get_mut(index) {
                Some((_, patterns)) => patterns.push(pattern(arm)),
                None => merged.push((field, vec![pattern(arm)])),
            }
        }
        let default = self.union.default.as_ref().map(Option::as_ref);
        let last = default.map(|field| {
            let same = index_of.get(&carried(field)).copied();
            let mut patterns = same.map_or_else(Vec::new, |index| merged.remove(index).1);
            patterns.push(match field {
                None => parse_quote!(Self::Default { .. }),
                Some(_) => parse_quote!(Self::Default { value, .. }),
            });
            (field, patterns)
        });
        let arm = |(field, patterns): (Option<&Field>, Vec<syn::Pat>)| -> syn::Arm {
            let body = self.encode_arm(field);
            parse_quote!(#(#patterns)|* => #body,)
        };
        let mut arms: Vec<syn::Arm> = merged.into_iter().map(arm).collect();
        arms.extend(last.as_ref().and_then(|_| self.refuse_labels()));
        arms.extend(last.map(arm));
        arms
    }

    fn encode_arm(&self, field: Option<&Field>) -> Expr {
        match field {
            None => parse_quote!(encoder.void()),
            Some(field) => {
                let value = syntax::variable("value");
                self.context
                    .encode_field(self.owner, &field.name.idl, &field.ty, value)
            }
        }
    }

    /// The default arm with a discriminant that has an arm of its own.
    fn refuse_labels(&self) -> Option<syn::Arm> {
        let labels = labels(self.context, self.union);
        let number = self.number(&parse_quote!(*taken));
        let error: Expr = parse_quote! {
            Err(encoder.discriminant_has_arm(#number))
        };
        match labels.as_slice() {
            [] => None,
            [label] => Some(parse_quote! {
                Self::Default { discriminant: taken @ #label, .. } => #error,
            }),
            labels => Some(parse_quote! {
                Self::Default { discriminant: taken @ (#(#labels)|*), .. } => #error,
            }),
        }
    }

    // ---- Decoding

    pub(super) fn decode(&self) -> Vec<syn::Stmt> {
        let Field { name, ty } = &self.union.discriminant;
        let discriminant = self.context.decode_field(self.owner, &name.idl, ty);
        let ty = self.context.rust_type(ty);
        let mut arms: Vec<syn::Arm> = self
            .union
            .arms
            .iter()
            .map(|arm| self.decode_arm(arm))
            .collect();
        arms.extend(self.decode_rest());
        let first = self.union.arms.first().map(|arm| &arm.label);
        let value: Expr = match (arms.as_slice(), first) {
            ([only], _) => (*only.body).clone(),
            // People write `if` for these.
            ([first, second], Some(Label::Bool(is_true))) => {
                let (yes, no) = if *is_true {
                    (first, second)
                } else {
                    (second, first)
                };
                let (yes, no) = (&yes.body, &no.body);
                parse_quote!(if discriminant { #yes } else { #no })
            }
            (arms, _) => parse_quote!(match discriminant { #(#arms)* }),
        };
        // An enum with one enumerator says all there is to know.
        let is_used = !(self.union.is_exhaustive && arms.len() == 1);
        let name: syn::Pat = if is_used {
            parse_quote!(discriminant)
        } else {
            parse_quote!(_)
        };
        let block: syn::Block = parse_quote!({
            let #name: #ty = #discriminant?;
            #value
        });
        block.stmts
    }

    fn decode_arm(&self, arm: &Arm) -> syn::Arm {
        let (label, variant) = (self.label(&arm.label), syntax::ident(&arm.name.rust));
        match &arm.field {
            None => parse_quote!(#label => Ok(Self::#variant),),
            Some(field) => {
                let value = self
                    .context
                    .decode_field(self.owner, &field.name.idl, &field.ty);
                parse_quote!(#label => #value.map(Self::#variant),)
            }
        }
    }

    /// What every other discriminant decodes to, if there is any.
    fn decode_rest(&self) -> Option<syn::Arm> {
        if self.union.is_exhaustive {
            return None;
        }
        let value: Expr = match &self.union.default {
            Some(None) => {
                parse_quote!(Ok(Self::Default { discriminant }))
            }
            Some(Some(field)) => {
                let value = self
                    .context
                    .decode_field(self.owner, &field.name.idl, &field.ty);
                parse_quote!(#value.map(|value| Self::Default { discriminant, value }))
            }
            None => {
                let (owner, field) = (self.owner, &self.union.discriminant.name.idl);
                let number = self.number(&parse_quote!(discriminant));
                parse_quote! {
                    Err(
                        decoder.unknown_arm(#number).in_field(#owner, #field)
                    )
                }
            }
        };
        let rest = rest(self.context, self.union);
        Some(parse_quote!(#rest => #value,))
    }

    fn label(&self, label: &Label) -> Expr {
        self::label(self.context, self.union, label)
    }

    /// A discriminant as the number that errors show.
    fn number(&self, discriminant: &Expr) -> Expr {
        match self.context.model.form(&self.union.discriminant.ty) {
            Type::Named(_) => parse_quote!(i32::from(#discriminant)),
            _ => discriminant.clone(),
        }
    }
}

/// What tells one field's code from another's.
fn carried(field: Option<&Field>) -> Option<(&str, &Type)> {
    field.map(|field| (field.name.idl.as_str(), &field.ty))
}

/// A discriminant as a value and as a pattern.
pub(super) fn label(context: &Context<'_>, union: &Union, label: &Label) -> Expr {
    match label {
        Label::Number(number) => context.number(number),
        Label::Bool(value) => parse_quote!(#value),
        Label::Enumerator(name, _) => {
            let ty = context.rust_type(&union.discriminant.ty);
            let name = syntax::ident(name);
            parse_quote!(#ty::#name)
        }
    }
}

/// The pattern of all discriminants that have no arm: `_`, or the one variant, where there is just one
/// and `_` would hide it.
pub(super) fn rest(context: &Context<'_>, union: &Union) -> syn::Pat {
    only_variant_left(context, union).unwrap_or_else(|| parse_quote!(_))
}

fn only_variant_left(context: &Context<'_>, union: &Union) -> Option<syn::Pat> {
    let Type::Named(id) = context.model.unalias(&union.discriminant.ty) else {
        return None;
    };
    let Shape::Enum(shape) = &context.model.type_def(*id).shape else {
        return None;
    };
    let numbers = union.arms.iter().map(|arm| arm.label.number());
    let taken: HashSet<Number<i128>> = numbers.collect();
    let left = shape
        .enumerators
        .iter()
        .filter(|enumerator| !taken.contains(&enumerator.value.widened()));
    let ty = context.rust_type(&union.discriminant.ty);
    let pattern = |enumerator: &Enumerator| -> syn::Pat {
        let name = syntax::ident(&enumerator.name.rust);
        parse_quote!(#ty::#name)
    };
    let unknown: Option<syn::Pat> = shape.is_open.then(|| parse_quote!(#ty::Unknown(_)));
    let mut left = left.map(pattern).chain(unknown);
    let first = left.next()?;
    left.next().is_none().then_some(first)
}

/// All labels as patterns; three numbers and more in a row are a range.
pub(super) fn labels(context: &Context<'_>, union: &Union) -> Vec<syn::Pat> {
    let one = |arm: &Arm| -> syn::Pat {
        let label = label(context, union, &arm.label);
        parse_quote!(#label)
    };
    let next = |one: &Arm, other: &Arm| match (&one.label, &other.label) {
        (Label::Number(Number::Known(one)), Label::Number(Number::Known(other))) => {
            one.checked_add(1) == Some(*other)
        }
        _ => false,
    };
    let runs = union.arms.chunk_by(next);
    runs.flat_map(|run| match run {
        [first, _, .., last] => {
            let (first, last) = (
                label(context, union, &first.label),
                label(context, union, &last.label),
            );
            vec![parse_quote!(#first..=#last)]
        }
        run => run.iter().map(one).collect(),
    })
    .collect()
}

fn pattern(arm: &Arm) -> syn::Pat {
    let variant = syntax::ident(&arm.name.rust);
    match arm.field {
        None => parse_quote!(Self::#variant),
        Some(_) => parse_quote!(Self::#variant(value)),
    }
}

fn ignoring_pattern(arm: &Arm) -> syn::Pat {
    let variant = syntax::ident(&arm.name.rust);
    match arm.field {
        None => parse_quote!(Self::#variant),
        Some(_) => parse_quote!(Self::#variant(_)),
    }
}
