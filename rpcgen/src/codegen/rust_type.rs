//! The Rust type of a type of the model.

use super::{Context, syntax};
use crate::model::{INLINE_MAX, Number, Type, TypeId, UnitId};
use syn::{Expr, Path, PathSegment, TypeArray};

impl Context<'_> {
    /// The type of a value.
    pub(super) fn rust_type(&self, ty: &Type) -> syn::Type {
        if self.is_borrowed(ty) {
            self.borrowed_type(ty)
        } else {
            self.owned().owned_type(ty)
        }
    }

    /// The type of an owned value.
    fn owned_type(&self, ty: &Type) -> syn::Type {
        let xdr = |name| syntax::absolute(&["xdr", name]);
        match ty {
            Type::Int => primitive("i32"),
            Type::UnsignedInt => primitive("u32"),
            Type::Hyper => primitive("i64"),
            Type::UnsignedHyper => primitive("u64"),
            Type::Float => primitive("f32"),
            Type::Double => primitive("f64"),
            Type::Bool => primitive("bool"),
            Type::Quadruple => syntax::type_path(xdr("Quadruple")),
            Type::FixedOpaque(len) => {
                boxed_if(is_large(len), array(primitive("u8"), self.number(len)))
            }
            Type::Opaque(_) => syntax::type_path(xdr("Bytes")),
            Type::String { utf8: true, .. } => syntax::type_path(xdr("String")),
            Type::String { utf8: false, .. } => syntax::type_path(xdr("ByteString")),
            Type::FixedArray {
                element,
                len,
                boxed,
            } => boxed_if(*boxed, array(self.rust_type(element), self.number(len))),
            Type::Array(element, _) => syntax::generic(xdr("Vec"), vec![self.rust_type(element)]),
            Type::List { node, .. } => {
                syntax::generic(xdr("Vec"), vec![syntax::type_path(self.named(*node))])
            }
            Type::Optional { value, boxed } => {
                let value = boxed_if(*boxed, self.rust_type(value));
                syntax::generic(syntax::absolute(&["core", "option", "Option"]), vec![value])
            }
            Type::Ranged { value, .. } => self.rust_type(value),
            Type::Named(id) => syntax::type_path(self.named(*id)),
            Type::Extern(path) => syntax::type_path(syntax::user_path(path)),
            Type::Boxed(id) => boxed_if(true, syntax::type_path(self.named(*id))),
        }
    }

    /// The path of a named type.
    pub(super) fn named(&self, id: TypeId) -> Path {
        let def = self.model.type_def(id);
        self.at_root(def.unit, &def.name.rust)
    }

    /// The path of a name at the root of the file of a unit.
    pub(super) fn at_root(&self, unit: UnitId, name: &str) -> Path {
        let mut path = syntax::path(self.root);
        if unit != self.unit {
            if !self.modules.is_relative() {
                path.segments.clear();
            }
            let module = self.model.unit(unit).module.iter();
            let names = self.modules.segments().iter().chain(module);
            path.segments
                .extend(names.map(|name| PathSegment::from(syntax::ident(name))));
        }
        path.segments.push(syntax::ident(name).into());
        path
    }

    /// A number, or the constant of the generated file that has it.
    pub(super) fn number<T: Copy + Into<i128>>(&self, number: &Number<T>) -> Expr {
        match number {
            Number::Known(number) => syntax::int((*number).into()),
            Number::Constant(constant) => {
                syntax::expr_path(self.at_root(constant.unit, &constant.rust))
            }
        }
    }

    /// Whether a value of the type goes by value where others go by reference.
    pub(super) fn is_copy(&self, ty: &Type) -> bool {
        crate::resolve::traits(&self.model.types, ty).copy
    }

    /// The fewest bytes that a value takes on the wire.
    pub(super) fn min_size(&self, ty: &Type) -> u64 {
        crate::resolve::wire_size(&self.model.types, ty).min
    }
}

fn primitive(name: &str) -> syn::Type {
    syntax::type_path(syntax::path(&[name]))
}

/// Whether opaque data stands in a box.
pub(super) fn is_large(len: &Number<u32>) -> bool {
    len.known().is_some_and(|len| u64::from(len) > INLINE_MAX)
}

fn array(element: syn::Type, len: Expr) -> syn::Type {
    syn::Type::Array(TypeArray {
        attrs: Vec::new(),
        bracket_token: Default::default(),
        elem: Box::new(element),
        semi_token: Default::default(),
        len,
    })
}

fn boxed_if(condition: bool, ty: syn::Type) -> syn::Type {
    if condition {
        syntax::generic(syntax::absolute(&["xdr", "Box"]), vec![ty])
    } else {
        ty
    }
}
