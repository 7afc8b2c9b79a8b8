//! Types as the C `rpcgen` takes them: what stands inside of another type has a name there.

use super::{Exporter, c_name};
use crate::model::{Arm, Bound, Enum, Field, Label, Shape, Struct, Type, TypeId, Union};

impl Exporter<'_> {
    pub(super) fn type_def(&mut self, id: TypeId) {
        let def = self.model.type_def(id);
        let name = c_name(&def.name.idl);
        match &def.shape {
            Shape::Alias(ty) => {
                let declaration = self.declaration(&name, &name, ty);
                self.definition(&format!("typedef {declaration}"));
            }
            Shape::Enum(shape) => self.enumeration(&name, shape),
            Shape::Struct(shape) => self.structure(&name, shape),
            Shape::Union(shape) => self.union(&name, shape),
        }
    }

    fn enumeration(&mut self, name: &str, shape: &Enum) {
        let own = shape.enumerators.iter();
        let own = own.map(|one| (&one.name, &one.value));
        let aliases = shape.aliases.iter().filter_map(|(alias, first)| {
            let first = shape
                .enumerators
                .iter()
                .find(|one| one.name.rust == *first)?;
            Some((alias, &first.value))
        });
        let mut members: Vec<String> = own
            .chain(aliases)
            .map(|(name, value)| format!("{} = {value},", c_name(&name.idl)))
            .collect();
        if let Some(last) = members.last_mut() {
            last.pop();
        }
        self.block(&format!("enum {name}"), &members);
    }

    fn structure(&mut self, name: &str, shape: &Struct) {
        let mut members = self.members(name, &shape.fields);
        if let Some(next) = &shape.next {
            members.push(format!("{name} *{};", c_name(next)));
        }
        self.block(&format!("struct {name}"), &members);
    }

    /// Fields, each with its `;`.
    pub(super) fn members(&mut self, owner: &str, fields: &[Field]) -> Vec<String> {
        fields
            .iter()
            .map(|field| self.member(owner, field))
            .collect()
    }

    fn member(&mut self, owner: &str, field: &Field) -> String {
        let declaration = self.declaration(owner, &c_name(&field.name.idl), &field.ty);
        match &field.ty {
            Type::Ranged { min, max, .. } => format!("{declaration}; /* {min} to {max} */"),
            _ => format!("{declaration};"),
        }
    }

    fn union(&mut self, name: &str, union: &Union) {
        let discriminant = &union.discriminant;
        let head = self.declaration(name, &c_name(&discriminant.name.idl), &discriminant.ty);
        let mut members = Vec::new();
        let same = |one: &Arm, other: &Arm| match (&one.field, &other.field) {
            (None, None) => true,
            (Some(one), Some(other)) => one.name.idl == other.name.idl && one.ty == other.ty,
            _ => false,
        };
        for arms in union.arms.chunk_by(same) {
            for arm in arms {
                members.push(format!("case {}:", self.label(arm, union)));
            }
            let field = arms.first().and_then(|arm| arm.field.as_ref());
            members.push(self.arm(name, field));
        }
        if let Some(default) = &union.default {
            members.push("default:".to_owned());
            members.push(self.arm(name, default.as_ref()));
        }
        self.block(&format!("union {name} switch ({head})"), &members);
    }

    fn arm(&mut self, owner: &str, field: Option<&Field>) -> String {
        match field {
            None => "    void;".to_owned(),
            Some(field) => format!("    {}", self.member(owner, field)),
        }
    }

    fn label(&self, arm: &Arm, union: &Union) -> String {
        let number = match &arm.label {
            Label::Bool(true) => return "TRUE".to_owned(),
            Label::Bool(false) => return "FALSE".to_owned(),
            Label::Number(number) => return number.to_string(),
            Label::Enumerator(_, number) => number,
        };
        let enumerator = match self.model.form(&union.discriminant.ty) {
            Type::Named(id) => match &self.model.type_def(*id).shape {
                Shape::Enum(shape) => shape.enumerators.iter().find(|one| one.value == *number),
                _ => None,
            },
            _ => None,
        };
        enumerator.map_or(number.to_string(), |one| c_name(&one.name.idl))
    }

    /// `type name` with `*` and brackets where they belong; what XDR has no word for becomes a
    /// typedef before, named after the owner.
    pub(super) fn declaration(&mut self, owner: &str, name: &str, ty: &Type) -> String {
        match ty {
            Type::Ranged { value, .. } => self.declaration(owner, name, value),
            Type::FixedOpaque(len) => format!("opaque {name}[{len}]"),
            Type::Opaque(max) => format!("opaque {name}<{}>", bound(max.as_ref())),
            Type::String { max, .. } => format!("string {name}<{}>", bound(max.as_ref())),
            Type::FixedArray { element, len, .. } => {
                let element = self.specifier(owner, name, element);
                format!("{element} {name}[{len}]")
            }
            Type::Array(element, max) => {
                let element = self.specifier(owner, name, element);
                format!("{element} {name}<{}>", bound(max.as_ref()))
            }
            Type::Optional { value, .. } => {
                let value = self.specifier(owner, name, value);
                format!("{value} *{name}")
            }
            Type::List {
                node,
                nonempty: false,
            } => format!("{} *{name}", self.type_name(*node)),
            Type::Int
            | Type::UnsignedInt
            | Type::Hyper
            | Type::UnsignedHyper
            | Type::Float
            | Type::Double
            | Type::Quadruple
            | Type::Bool
            | Type::List { nonempty: true, .. }
            | Type::Named(_)
            | Type::Boxed(_)
            | Type::Extern(_) => format!("{} {name}", self.specifier(owner, name, ty)),
        }
    }

    /// A type in one or two words.
    pub(super) fn specifier(&mut self, owner: &str, name: &str, ty: &Type) -> String {
        let word = match ty {
            Type::Int => "int",
            Type::UnsignedInt => "unsigned int",
            Type::Hyper => "hyper",
            Type::UnsignedHyper => "unsigned hyper",
            Type::Float => "float",
            Type::Double => "double",
            Type::Quadruple => "quadruple",
            Type::Bool => "bool",
            Type::Ranged { value, .. } => return self.specifier(owner, name, value),
            // What a module of the user's has, a C header has for C.
            Type::Extern(path) => path.rsplit("::").next().unwrap_or(path),
            Type::Named(id)
            | Type::Boxed(id)
            | Type::List {
                node: id,
                nonempty: true,
            } => return self.type_name(*id),
            Type::FixedOpaque(_)
            | Type::Opaque(_)
            | Type::String { .. }
            | Type::FixedArray { .. }
            | Type::Array(..)
            | Type::Optional { .. }
            | Type::List {
                nonempty: false, ..
            } => {
                let inner = format!("{owner}_{name}");
                let declaration = self.declaration(&inner, &inner, ty);
                self.definition(&format!("typedef {declaration}"));
                return inner;
            }
        };
        word.to_owned()
    }

    fn type_name(&self, id: TypeId) -> String {
        c_name(&self.model.type_def(id).name.idl)
    }
}

fn bound(bound: Option<&Bound>) -> String {
    match bound.map(|bound| (bound.max, &bound.constant)) {
        Some((Some(max), _)) if max < u32::MAX => max.to_string(),
        Some((None, Some(constant))) => constant.rust.clone(),
        _ => String::new(),
    }
}
