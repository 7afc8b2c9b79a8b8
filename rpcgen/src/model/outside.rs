//! Numbers and names that come from a module of the user's, which only the Rust compiler sees.

use super::UnitId;
use crate::source::Span;
use std::fmt;

/// A number, or the constant of the generated file that only the Rust compiler knows the value of.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Number<T> {
    /// The number.
    Known(T),
    /// The constant.
    Constant(ConstantUse),
}

impl<T: Copy> Number<T> {
    /// The number, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(number) => Some(*number),
            Self::Constant(_) => None,
        }
    }
}

impl<T: Copy + Into<i128>> Number<T> {
    /// The same number in the widest type.
    #[must_use]
    pub fn widened(&self) -> Number<i128> {
        match self {
            Self::Known(number) => Number::Known((*number).into()),
            Self::Constant(constant) => Number::Constant(constant.clone()),
        }
    }
}

/// The number, or the name, and nothing around it.
impl<T: fmt::Debug> fmt::Debug for Number<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(number) => number.fmt(f),
            Self::Constant(constant) => f.write_str(&constant.rust),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Number<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(number) => number.fmt(f),
            Self::Constant(constant) => f.write_str(&constant.rust),
        }
    }
}

/// A constant that a module of the user's has, as an `i64`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternConstant {
    /// Its name, which is the one in the interface file.
    pub name: String,
    /// What is added to it, for an enumerator that follows it.
    pub plus: i128,
}

/// A constant of the generated file that is one of a module of the user's, as a type that its
/// places need.
#[derive(Debug)]
pub struct ExternItem {
    /// Its name in Rust.
    pub rust: String,
    /// What it is.
    pub constant: ExternConstant,
    /// The type that it is needed as.
    pub kind: ExternKind,
}

/// The type that an extern constant is needed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExternKind {
    /// An enumerator, a case of an `int`: `i32`.
    Int,
    /// A bound, a case of an `unsigned int`, a program: `u32`.
    UnsignedInt,
    /// A case of a `hyper`: `i64`.
    Hyper,
    /// A case of an `unsigned hyper`: `u64`.
    UnsignedHyper,
    /// The length of an array: `usize`.
    Length,
}

impl ExternKind {
    /// The type in Rust.
    #[must_use]
    pub const fn rust_type(self) -> &'static str {
        match self {
            Self::Int => "i32",
            Self::UnsignedInt => "u32",
            Self::Hyper => "i64",
            Self::UnsignedHyper => "u64",
            Self::Length => "usize",
        }
    }
}

/// A constant where it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConstantUse {
    /// The unit that it is generated in.
    pub unit: UnitId,
    /// Its name in Rust.
    pub rust: String,
}

/// A name that is used and not defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingName {
    /// The name.
    pub name: String,
    /// Whether it is that of a type rather than of a constant.
    pub is_type: bool,
    /// Where it is used, and as what.
    pub uses: Vec<(Span, String)>,
}
