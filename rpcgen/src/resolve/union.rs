//! Discriminated unions (RFC 4506 §4.15).

use super::{Resolver, attribute::Site, attributed::Behind, collect::Body, outside::Case};
use crate::{
    ast::{Declaration, EnumBody, TypeSpecifierKind, UnionBody, Value},
    diagnostic::{Code, Diagnostic},
    model::{Arm, ConstantValue, Field, Label, Number, Shape, Type, TypeId, Union},
    names::{Names, Scope, number_variant},
    source::Span,
};
use std::{collections::HashMap, rc::Rc};

/// What a discriminant can be.
pub(super) enum Discriminant {
    /// An integer of this type.
    Integer(Type),
    Bool,
    Enum {
        /// The enumerators, by number: the first name of each.
        enumerators: Rc<Enumerators>,
        /// Whether there are other numbers.
        is_open: bool,
    },
}

/// The names of an enum's values in the file, of several the first, and their numbers.
pub(super) type Enumerators = HashMap<ConstantValue, (String, Number<i32>)>;

impl Resolver<'_> {
    pub(super) fn union(&mut self, body: &UnionBody) -> Shape {
        let discriminant = self.named_field(&body.discriminant, Site::Discriminant);
        let Some(mut discriminant) = discriminant else {
            return broken();
        };
        if self.is_extern(&discriminant.ty) {
            // Whatever it is, on the wire it is an int: there are no other discriminants.
            discriminant.ty = Type::Int;
        }
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
            Discriminant::Integer(_) => false,
            Discriminant::Bool => arms.len() == 2,
            // Each arm has an enumerator of its own.
            Discriminant::Enum {
                enumerators,
                is_open,
            } => !is_open && arms.len() == enumerators.len(),
        };
        // Where every value has an arm, nothing is left for the default.
        let default = if is_exhaustive { None } else { default };
        let success = success(&kind, &arms, default.is_some());
        Shape::Union(Box::new(Union {
            discriminant,
            arms,
            default,
            is_exhaustive,
            success,
        }))
    }

    /// What kind of discriminant a type is, if it is one.
    fn discriminant(&mut self, ty: &Type) -> Option<Discriminant> {
        match ty {
            Type::Int | Type::UnsignedInt | Type::Hyper | Type::UnsignedHyper => {
                Some(Discriminant::Integer(ty.clone()))
            }
            Type::Bool => Some(Discriminant::Bool),
            Type::Named(id) => self.named_discriminant(*id),
            _ => None,
        }
    }

    fn named_discriminant(&mut self, id: TypeId) -> Option<Discriminant> {
        match self.behind(id)? {
            Behind::Type(ty) => self.discriminant(&ty),
            Behind::Body(id, Body::Enum(body)) => {
                let name = self.declarations.get(id).name.clone();
                Some(Discriminant::Enum {
                    enumerators: self.enumerators(id, body),
                    is_open: self.is_open(&name),
                })
            }
            Behind::Body(..) => None,
        }
    }

    /// The enumerators of an enum, looked up once for all unions.
    fn enumerators(&mut self, id: TypeId, body: &EnumBody) -> Rc<Enumerators> {
        if let Some(known) = self.enumerators.get(&id) {
            return Rc::clone(known);
        }
        let mut enumerators = Enumerators::new();
        for name in body.enumerators.iter().map(|one| &one.name) {
            if let Some(number) = self.enumerator_value(name)
                && let Some(value) = self.evaluate(name, "a value")
            {
                enumerators
                    .entry(value)
                    .or_insert_with(|| (name.name.clone(), number));
            }
        }
        let enumerators = Rc::new(enumerators);
        self.enumerators.insert(id, Rc::clone(&enumerators));
        enumerators
    }

    fn arms(&mut self, body: &UnionBody, kind: &Discriminant) -> Vec<Arm> {
        let reserved: &[&str] = if body.default.is_some() {
            &["Default"]
        } else {
            &[]
        };
        let mut scope = Scope::with_reserved(reserved);
        let mut seen: HashMap<Number<i128>, Span> = HashMap::new();
        let mut arms = Vec::new();
        for arm in &body.arms {
            let field = self.arm_field(&arm.declaration);
            for case in &arm.cases {
                let Some((label, variant)) = self.label(case, kind) else {
                    continue;
                };
                if let Some(first) = seen.insert(label.number(), case.span()) {
                    let message = second_arm(self.sources.text(case.span()), &label.number());
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
            _ => self.named_field(declaration, Site::Alone),
        }
    }

    /// The discriminant and the variant of a case.
    fn label(&mut self, case: &Value, kind: &Discriminant) -> Option<(Label, String)> {
        let names = self.config.names;
        let label = match self.case_value(case)? {
            Case::Number(number) => kind.label(number, names),
            Case::Extern(constant) => self.extern_label(&constant, kind, case.span()),
        };
        let Some(label) = label else {
            let text = self.sources.text(case.span()).to_owned();
            let message = format!("`{text}` is not {}", kind.description());
            let fault = Diagnostic::new(Code::BadCase, case.span(), message);
            self.diagnostics.push(match kind {
                Discriminant::Enum { enumerators, .. } => fault.help(values(enumerators)),
                _ => fault,
            });
            return None;
        };
        let variant = match (&label, case) {
            (Label::Bool(value), _) => if *value { "True" } else { "False" }.to_owned(),
            (Label::Enumerator(variant, _), _) => variant.clone(),
            (Label::Number(_), Value::Name(name)) => names.variant_name(&name.name),
            (Label::Number(Number::Known(number)), _) => number_variant(*number),
            (Label::Number(Number::Constant(used)), _) => names.variant_name(&used.rust),
        };
        Some((label, variant))
    }
}

impl Discriminant {
    /// The label of a number, if a discriminant can have it.
    fn label(&self, number: i128, names: Names) -> Option<Label> {
        match self {
            Self::Integer(ty) => {
                let fits = match ty {
                    Type::Hyper => i64::try_from(number).is_ok(),
                    Type::UnsignedHyper => u64::try_from(number).is_ok(),
                    Type::UnsignedInt => u32::try_from(number).is_ok(),
                    _ => i32::try_from(number).is_ok(),
                };
                fits.then_some(Label::Number(Number::Known(number)))
            }
            Self::Bool => match number {
                0 => Some(Label::Bool(false)),
                1 => Some(Label::Bool(true)),
                _ => None,
            },
            Self::Enum { enumerators, .. } => {
                let (name, number) = enumerators.get(&ConstantValue::Integer(number))?;
                Some(Label::Enumerator(names.variant_name(name), number.clone()))
            }
        }
    }

    /// What a case of it is.
    fn description(&self) -> &'static str {
        match self {
            Self::Integer(Type::Hyper) => "a hyper",
            Self::Integer(Type::UnsignedHyper) => "an unsigned hyper",
            Self::Integer(Type::UnsignedInt) => "an unsigned int",
            Self::Integer(_) => "an int",
            Self::Bool => "a bool",
            Self::Enum { .. } => "a value of the enum that the union is switched by",
        }
    }
}

fn second_arm(case: &str, number: &Number<i128>) -> String {
    if case == number.to_string() {
        format!("a second arm for {number}")
    } else {
        format!("a second arm for `{case}`, which is {number}")
    }
}

/// Values of an enum that a message lists; the file has the others.
const VALUES_SHOWN: usize = 6;

/// Names the first values of an enum, in their order.
fn values(enumerators: &Enumerators) -> String {
    let values = enumerators.values();
    let mut sorted: Vec<_> = values.map(|(name, value)| (value.known(), name)).collect();
    sorted.sort();
    let names = sorted.iter().take(VALUES_SHOWN);
    let names: Vec<String> = names.map(|(_, name)| format!("`{name}`")).collect();
    let more = match sorted.len().saturating_sub(VALUES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("it has {}{more}", names.join(", "))
}

/// The arm of success of a union that tells how something went, such as NFS's
/// `case NFS3_OK: …; default: …`: 0 is what the field calls success, and a default stands for all
/// that can go wrong.
fn success(kind: &Discriminant, arms: &[Arm], has_default: bool) -> Option<usize> {
    let is_status = match kind {
        Discriminant::Integer { .. } => arms.len() == 1,
        Discriminant::Bool => false,
        Discriminant::Enum { .. } => true,
    };
    if !(is_status && has_default) {
        return None;
    }
    arms.iter()
        .position(|arm| arm.label.number() == Number::Known(0))
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
