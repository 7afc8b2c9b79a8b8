//! Derives of serde: readable where people read, with the names of the interface file.

use super::{Context, Piece};
use crate::model::{Field, Name, Number, Shape, Type, TypeDef};
use syn::{Attribute, Fields, Item, Path, parse_quote, punctuated::Punctuated};

/// Elements of the largest array that serde knows.
const SERDE_ARRAY_MAX: u32 = 32;

/// Adds the derives to the declaration of a type, which is the first of its pieces.
pub(super) fn derive(context: &Context<'_>, def: &TypeDef, pieces: &mut [Piece]) {
    let Some(Piece::Item(item)) = pieces.first_mut() else {
        return;
    };
    match (&mut **item, &def.shape) {
        (Item::Struct(item), Shape::Struct(shape)) => {
            for (declared, field) in item.fields.iter_mut().zip(&shape.fields) {
                declared.attrs.extend(rename(&field.name));
                declared.attrs.extend(context.with(&field.ty));
            }
            add_derives(context, &mut item.attrs);
        }
        (Item::Enum(item), Shape::Enum(shape)) => {
            for (variant, enumerator) in item.variants.iter_mut().zip(&shape.enumerators) {
                variant.attrs.extend(rename(&enumerator.name));
            }
            add_derives(context, &mut item.attrs);
        }
        (Item::Enum(item), Shape::Union(shape)) => {
            for (variant, arm) in item.variants.iter_mut().zip(&shape.arms) {
                variant.attrs.extend(rename(&arm.name));
                annotate(context, &mut variant.fields, arm.field.as_ref());
            }
            if let (Some(field), Some(last)) = (&shape.default, item.variants.last_mut()) {
                last.attrs.push(parse_quote!(#[serde(rename = "default")]));
                annotate(context, &mut last.fields, field.as_ref());
            }
            add_derives(context, &mut item.attrs);
        }
        _ => {}
    }
}

/// The attributes stand behind the derives that the type has anyway.
fn add_derives(context: &Context<'_>, attrs: &mut Vec<Attribute>) {
    let krate = format!("{}::serde", context.crates.xdr.as_str());
    let path = |name| syn::parse_str::<Path>(&format!("{krate}::{name}")).ok();
    let derives = ["Serialize", "Deserialize"].into_iter().filter_map(path);
    let added: [Attribute; 2] = [
        parse_quote!(#[derive(#(#derives),*)]),
        parse_quote!(#[serde(crate = #krate)]),
    ];
    let derive = attrs.iter().position(|attr| attr.path().is_ident("derive"));
    let place = derive.map_or(attrs.len(), |index| index + 1);
    attrs.splice(place..place, added);
}

/// The field of a variant is its last: before it stands the discriminant of the default.
fn annotate(context: &Context<'_>, fields: &mut Fields, carried: Option<&Field>) {
    let fields: Option<&mut Punctuated<syn::Field, _>> = match fields {
        Fields::Named(fields) => Some(&mut fields.named),
        Fields::Unnamed(fields) => Some(&mut fields.unnamed),
        Fields::Unit => None,
    };
    if let (Some(declared), Some(field)) = (fields.and_then(Punctuated::last_mut), carried) {
        declared.attrs.extend(context.with(&field.ty));
    }
}

/// The name of the interface file, where Rust has another.
fn rename(name: &Name) -> Option<Attribute> {
    let idl = &name.idl;
    (*idl != name.rust).then(|| parse_quote!(#[serde(rename = #idl)]))
}

/// How serde takes a type.
enum Form {
    /// As it is.
    Plain,
    /// As opaque data.
    Hex,
    /// As `serde_with` says by this type.
    As(String),
}

impl Form {
    /// That of a type around this one, `Vec<_>` for instance.
    fn within(self, wrap: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::As(inner) => Self::As(wrap(inner)),
            other => other,
        }
    }
}

impl Context<'_> {
    /// The attribute for a field of a type that serde has no impl for.
    fn with(&self, ty: &Type) -> Option<Attribute> {
        let xdr = self.crates.xdr.as_str();
        let with = match self.serde_form(ty) {
            Form::Plain => return None,
            Form::Hex => format!("{xdr}::hex"),
            Form::As(form) => format!("{xdr}::serde_with::As::<{form}>"),
        };
        Some(parse_quote!(#[serde(with = #with)]))
    }

    fn serde_form(&self, ty: &Type) -> Form {
        let xdr = self.crates.xdr.as_str();
        match self.model.form(ty) {
            Type::Opaque(_) | Type::FixedOpaque(_) => Form::Hex,
            Type::FixedArray {
                element,
                len,
                boxed,
            } => {
                let form = match self.serde_form(element) {
                    Form::Plain if is_known_to_serde(len) => Form::Plain,
                    Form::Plain => Form::As(format!("{xdr}::serde_with::Same")),
                    form => form,
                };
                let form = form.within(|form| format!("[{form}; {}]", self.number_text(len)));
                form.within(|form| {
                    if *boxed {
                        format!("{xdr}::Box<{form}>")
                    } else {
                        form
                    }
                })
            }
            Type::Array(element, _) => {
                let form = self.serde_form(element);
                form.within(|form| format!("{xdr}::Vec<{form}>"))
            }
            Type::Optional { value, .. } => {
                let form = self.serde_form(value);
                form.within(|form| format!("::core::option::Option<{form}>"))
            }
            _ => Form::Plain,
        }
    }

    /// A number, or the path of its constant, as it stands in a text.
    fn number_text(&self, number: &Number<u32>) -> String {
        match self.number(number) {
            syn::Expr::Path(path) => {
                let names = path.path.segments.iter().map(|name| name.ident.to_string());
                names.collect::<Vec<_>>().join("::")
            }
            _ => number.known().unwrap_or_default().to_string(),
        }
    }
}

fn is_known_to_serde(len: &Number<u32>) -> bool {
    len.known().is_some_and(|len| len <= SERDE_ARRAY_MAX)
}
