//! Discriminated unions (RFC 4506 §4.15).

use super::{Resolver, collect::Body, integer, types::Place};
use crate::{
    ast::{Declaration, Ident, PlainType, TypeSpecifierKind, UnionBody, Value},
    diagnostic::{Code, Diagnostic},
    model::{Arm, Field, Label, Shape, Type, TypeId, Union},
    names::{self, Scope},
    source::Span,
};
use std::collections::HashMap;

/// What a discriminant can be.
enum Discriminant {
    Integer {
        unsigned: bool,
    },
    Bool,
    /// The enumerators: name in the file, number. Of several names for a number the first comes
    /// first.
    Enum(Vec<(String, i32)>),
}

impl Resolver<'_> {
    pub(super) fn union(&mut self, body: &UnionBody) -> Shape {
        let discriminant = self.named_field(&body.discriminant, Place::Type);
        let Some(discriminant) = discriminant else {
            return broken();
        };
        let Some(kind) = self.discriminant(&discriminant.ty) else {
            let message = "a union is switched by an integer, a bool or an enum";
            self.error(Code::BadDiscriminant, body.discriminant.span, message);
            return broken();
        };
        let default = body.default.as_ref().map(|arm| self.arm_field(arm));
        let arms = self.arms(body, &kind);
        if body.arms.is_empty() && default.is_none() {
            self.error(Code::EmptyBody, body.span, "the union has no arms");
        }
        if matches!(kind, Discriminant::Bool)
            && let Some(value) = optional(&arms, default.as_ref())
        {
            return Shape::Alias(Type::Optional {
                value: Box::new(value),
                boxed: false,
            });
        }
        let is_exhaustive = match &kind {
            Discriminant::Integer { .. } => false,
            Discriminant::Bool => arms.len() == 2,
            Discriminant::Enum(enumerators) => enumerators.iter().all(|(_, number)| {
                let has_number = |arm: &Arm| arm.label.number() == i64::from(*number);
                arms.iter().any(has_number)
            }),
        };
        // Where every value has an arm, nothing is left for the default.
        let default = if is_exhaustive { None } else { default };
        Shape::Union(Box::new(Union {
            discriminant,
            arms,
            default,
            is_exhaustive,
        }))
    }

    /// What kind of discriminant a type is, if it is one.
    fn discriminant(&mut self, ty: &Type) -> Option<Discriminant> {
        match ty {
            Type::Int => Some(Discriminant::Integer { unsigned: false }),
            Type::UnsignedInt => Some(Discriminant::Integer { unsigned: true }),
            Type::Bool => Some(Discriminant::Bool),
            Type::Named(id) => self.named_discriminant(*id),
            _ => None,
        }
    }

    fn named_discriminant(&mut self, mut id: TypeId) -> Option<Discriminant> {
        // Typedefs that define each other are a fault that is reported elsewhere.
        for _ in 0..self.declarations.types().len() {
            let declaration = match self.declarations.get(id).body {
                Body::Enum(body) => {
                    let names: Vec<Ident> = body
                        .enumerators
                        .iter()
                        .map(|one| one.name.clone())
                        .collect();
                    let value =
                        |name: Ident| self.enumerator_value(&name).map(|value| (name.name, value));
                    return Some(Discriminant::Enum(
                        names.into_iter().filter_map(value).collect(),
                    ));
                }
                Body::Alias(declaration) => declaration,
                Body::Struct(_) | Body::Union(_) => return None,
            };
            if declaration.pointer.is_some() || !declaration.suffixes.is_empty() {
                return None;
            }
            match &declaration.specifier.kind {
                TypeSpecifierKind::Integer(words) => {
                    return self.discriminant(&integer::from_words(words));
                }
                TypeSpecifierKind::Plain(PlainType::Bool) => return Some(Discriminant::Bool),
                TypeSpecifierKind::Name(_, name) => match self.declarations.named(&name.name) {
                    Some(next) => id = next,
                    None => return self.discriminant(&integer::from_name(&name.name)?),
                },
                _ => return None,
            }
        }
        None
    }

    fn arms(&mut self, body: &UnionBody, kind: &Discriminant) -> Vec<Arm> {
        let reserved: &[&str] = if body.default.is_some() {
            &["Default"]
        } else {
            &[]
        };
        let mut scope = Scope::with_reserved(reserved);
        let mut seen: HashMap<i64, Span> = HashMap::new();
        let mut arms = Vec::new();
        for arm in &body.arms {
            let field = self.arm_field(&arm.declaration);
            for case in &arm.cases {
                let Some((label, variant)) = self.label(case, kind) else {
                    continue;
                };
                if let Some(first) = seen.insert(label.number(), case.span()) {
                    let message = format!("a second arm for {}", label.number());
                    let fault = Diagnostic::new(Code::DuplicateCase, case.span(), message);
                    self.diagnostics.push(fault.also(first, "the first one"));
                    continue;
                }
                let idl = self.sources.text(case.span()).to_owned();
                if let Err(clash) = scope.take(&variant, &idl, case.span()) {
                    self.diagnostics.push(clash);
                }
                let doc = arm.declaration.doc.as_ref();
                let mut name = self.name(&idl, variant, doc, arm.declaration.span);
                name.text.insert_str(0, &format!("case {idl}: "));
                arms.push(Arm {
                    name,
                    label,
                    field: field.clone(),
                });
            }
        }
        arms
    }

    /// What an arm carries; nothing for `void`, and where a fault was reported.
    fn arm_field(&mut self, declaration: &Declaration) -> Option<Field> {
        match declaration.specifier.kind {
            TypeSpecifierKind::Void => None,
            _ => self.named_field(declaration, Place::Type),
        }
    }

    /// The discriminant and the variant of a case.
    fn label(&mut self, case: &Value, kind: &Discriminant) -> Option<(Label, String)> {
        let number = self.integer(case)?;
        let variant = match case {
            Value::Name(name) => names::type_name(&name.name),
            _ => names::number_variant(i64::try_from(number).unwrap_or(i64::MAX)),
        };
        let (found, what) = match kind {
            Discriminant::Integer { unsigned: false } => {
                (i32::try_from(number).ok().map(i64::from), "an int")
            }
            Discriminant::Integer { unsigned: true } => {
                (u32::try_from(number).ok().map(i64::from), "an unsigned int")
            }
            Discriminant::Bool => match number {
                0 => return Some((Label::Bool(false), "False".to_owned())),
                1 => return Some((Label::Bool(true), "True".to_owned())),
                _ => (None, "a bool"),
            },
            Discriminant::Enum(enumerators) => {
                let same_number = |(_, value): &&(String, i32)| i128::from(*value) == number;
                match enumerators.iter().find(same_number) {
                    Some((name, value)) => {
                        let variant = names::type_name(name);
                        return Some((Label::Enumerator(variant.clone(), *value), variant));
                    }
                    None => (None, "an enumerator of the discriminant"),
                }
            }
        };
        if found.is_none() {
            let text = self.sources.text(case.span()).to_owned();
            self.error(
                Code::BadCase,
                case.span(),
                format!("`{text}` is not {what}"),
            );
        }
        found.map(|number| (Label::Number(number), variant))
    }
}

/// What a union on a bool carries for TRUE, where it carries nothing for FALSE: it is the same on
/// the wire as optional-data.
fn optional(arms: &[Arm], default: Option<&Option<Field>>) -> Option<Type> {
    let carried = |value: bool| {
        let arm = arms.iter().find(|arm| arm.label == Label::Bool(value));
        arm.map(|arm| &arm.field).or(default)
    };
    match (carried(true)?, carried(false)?) {
        (Some(field), None) => Some(field.ty.clone()),
        _ => None,
    }
}

/// Stands for a union whose fault was reported.
fn broken() -> Shape {
    Shape::Alias(Type::Int)
}
