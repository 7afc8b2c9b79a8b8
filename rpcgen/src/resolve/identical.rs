//! Whether definitions of one name in several units are the same, so that it does not matter which
//! of them is meant.

use crate::{
    ast::Ident,
    model::{Bound, Field, Number, Shape, Type, TypeDef, TypeId},
};
use std::collections::HashSet;

/// A name that several imports define, and its first use in a unit.
#[derive(Debug)]
pub(super) struct Ambiguous<T> {
    pub(super) name: Ident,
    pub(super) first: T,
    pub(super) others: Vec<T>,
}

/// Compares types, as they are before they are analysed.
pub(super) struct Comparison<'a> {
    types: &'a [TypeDef],
    /// What was found to be the same.
    known: HashSet<(TypeId, TypeId)>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(types: &'a [TypeDef]) -> Self {
        Self {
            types,
            known: HashSet::new(),
        }
    }

    /// Whether two types have the same definition, and so have all types that they name: types are
    /// the same until a difference is found.
    pub(super) fn are_identical(&mut self, one: TypeId, other: TypeId) -> bool {
        let mut pairs = Pairs {
            known: &self.known,
            assumed: HashSet::new(),
            waiting: Vec::new(),
        };
        pairs.assume(one, other);
        while let Some((one, other)) = pairs.waiting.pop() {
            let (Some(one), Some(other)) = (self.types.get(one.0), self.types.get(other.0)) else {
                return false;
            };
            if one.name.idl != other.name.idl || !pairs.same_shapes(&one.shape, &other.shape) {
                return false;
            }
        }
        let assumed = pairs.assumed;
        self.known.extend(assumed);
        true
    }
}

struct Pairs<'a> {
    known: &'a HashSet<(TypeId, TypeId)>,
    assumed: HashSet<(TypeId, TypeId)>,
    /// Assumed to be the same, and not compared yet.
    waiting: Vec<(TypeId, TypeId)>,
}

impl Pairs<'_> {
    fn assume(&mut self, one: TypeId, other: TypeId) {
        let pair = (one, other);
        if one != other && !self.known.contains(&pair) && self.assumed.insert(pair) {
            self.waiting.push(pair);
        }
    }

    fn same_shapes(&mut self, one: &Shape, other: &Shape) -> bool {
        match (one, other) {
            (Shape::Alias(one), Shape::Alias(other)) => self.same_types(one, other),
            (Shape::Enum(one), Shape::Enum(other)) => {
                all_same(&one.enumerators, &other.enumerators, |one, other| {
                    one.name.idl == other.name.idl && same_numbers(&one.value, &other.value)
                }) && all_same(&one.aliases, &other.aliases, |one, other| {
                    one.0.idl == other.0.idl && one.1 == other.1
                })
            }
            (Shape::Struct(one), Shape::Struct(other)) => {
                one.checks == other.checks
                    && all_same(&one.fields, &other.fields, |one, other| {
                        self.same_fields(one, other)
                    })
            }
            (Shape::Union(one), Shape::Union(other)) => {
                self.same_fields(&one.discriminant, &other.discriminant)
                    && all_same(&one.arms, &other.arms, |one, other| {
                        same_numbers(&one.label.number(), &other.label.number())
                            && one.name.rust == other.name.rust
                            && self.same_arms(one.field.as_ref(), other.field.as_ref())
                    })
                    && match (&one.default, &other.default) {
                        (None, None) => true,
                        (Some(one), Some(other)) => self.same_arms(one.as_ref(), other.as_ref()),
                        _ => false,
                    }
            }
            _ => false,
        }
    }

    fn same_arms(&mut self, one: Option<&Field>, other: Option<&Field>) -> bool {
        match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => self.same_fields(one, other),
            _ => false,
        }
    }

    fn same_fields(&mut self, one: &Field, other: &Field) -> bool {
        one.name.idl == other.name.idl && self.same_types(&one.ty, &other.ty)
    }

    fn same_types(&mut self, one: &Type, other: &Type) -> bool {
        match (one, other) {
            (Type::Named(one), Type::Named(other)) => {
                self.assume(*one, *other);
                true
            }
            (Type::Optional { value: one, .. }, Type::Optional { value: other, .. }) => {
                self.same_types(one, other)
            }
            (
                Type::FixedArray {
                    element: one,
                    len: first,
                    ..
                },
                Type::FixedArray {
                    element: other,
                    len: second,
                    ..
                },
            ) => same_numbers(first, second) && self.same_types(one, other),
            (Type::FixedOpaque(one), Type::FixedOpaque(other)) => same_numbers(one, other),
            (Type::Array(one, first), Type::Array(other, second)) => {
                same_bounds(first.as_ref(), second.as_ref()) && self.same_types(one, other)
            }
            (Type::Opaque(one), Type::Opaque(other)) => same_bounds(one.as_ref(), other.as_ref()),
            (
                Type::String {
                    max: one,
                    utf8: first,
                },
                Type::String {
                    max: other,
                    utf8: second,
                },
            ) => first == second && same_bounds(one.as_ref(), other.as_ref()),
            (
                Type::Ranged {
                    value: one,
                    min: first_min,
                    max: first_max,
                },
                Type::Ranged {
                    value: other,
                    min: second_min,
                    max: second_max,
                },
            ) => (first_min, first_max) == (second_min, second_max) && self.same_types(one, other),
            (one, other) => one == other,
        }
    }
}

/// The bounds themselves: which constant says a number makes no difference.
fn same_bounds(one: Option<&Bound>, other: Option<&Bound>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) if one.max.is_none() && other.max.is_none() => {
            let name = |bound: &Bound| bound.constant.as_ref().map(|used| used.rust.clone());
            name(one) == name(other)
        }
        (Some(one), Some(other)) => one.max == other.max,
        _ => false,
    }
}

/// Numbers that the user's module has are the same where their names are: each file has its own.
fn same_numbers<T: PartialEq>(one: &Number<T>, other: &Number<T>) -> bool {
    match (one, other) {
        (Number::Known(one), Number::Known(other)) => one == other,
        (Number::Constant(one), Number::Constant(other)) => one.rust == other.rust,
        _ => false,
    }
}

fn all_same<T>(ones: &[T], others: &[T], mut same: impl FnMut(&T, &T) -> bool) -> bool {
    let mut pairs = ones.iter().zip(others);
    ones.len() == others.len() && pairs.all(|(one, other)| same(one, other))
}
