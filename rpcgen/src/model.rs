//! What an interface file means: every name looked up, every number known, every rule kept.
//!
//! Only a faultless file becomes a model, so what reads it cannot fail on user input.

mod outside;
mod program;

use crate::settings::Selected;
use std::fmt;

pub use outside::{ConstantUse, ExternConstant, ExternItem, ExternKind, MissingName, Number};
pub use program::{Exception, Procedure, Program, Semantics, Version};

/// A resolved interface file, with all that it imports.
#[derive(Debug)]
pub struct Model {
    /// What becomes a file each, that which was compiled first; a [`UnitId`] is an index.
    pub units: Vec<Unit>,
    /// What the selectors of the settings found.
    pub selected: Selected,
    /// All types; a [`TypeId`] is an index.
    pub types: Vec<TypeDef>,
    /// The module of the user's that has what the files do not define.
    pub extern_module: Option<String>,
    /// The names that it has to have.
    pub missing: Vec<MissingName>,
}

/// What becomes one generated file.
#[derive(Debug)]
pub struct Unit {
    /// The source file, for the header of what is generated.
    pub source: String,
    /// The source files of imports that are part of it.
    pub inlined: Vec<String>,
    /// The module of the generated file: the name of the source file, if it has one.
    pub module: Option<String>,
    /// Constants and types, in the order of the file.
    pub items: Vec<Item>,
    /// All programs, in the order of the file.
    pub programs: Vec<Program>,
}

/// A unit of a [`Model`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub(crate) usize);

impl Model {
    /// A unit.
    ///
    /// # Panics
    ///
    /// Where the id comes from another model.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> &Unit {
        #[expect(
            clippy::indexing_slicing,
            reason = "ids are indices of units of this model"
        )]
        &self.units[id.0]
    }

    /// The definition of a type.
    ///
    /// # Panics
    ///
    /// Where the id comes from another model.
    #[must_use]
    pub fn type_def(&self, id: TypeId) -> &TypeDef {
        #[expect(
            clippy::indexing_slicing,
            reason = "ids are indices of types of this model"
        )]
        &self.types[id.0]
    }

    /// The type behind any number of `typedef`s.
    #[must_use]
    pub fn unalias<'a>(&'a self, mut ty: &'a Type) -> &'a Type {
        while let Type::Named(id) = ty
            && let Shape::Alias(aliased) = &self.type_def(*id).shape
        {
            ty = aliased;
        }
        ty
    }

    /// The type behind any number of `typedef`s and ranges: what is left is a value's form.
    #[must_use]
    pub fn form<'a>(&'a self, ty: &'a Type) -> &'a Type {
        match self.unalias(ty) {
            Type::Ranged { value, .. } => self.form(value),
            ty => ty,
        }
    }
}

/// A constant or a type.
#[derive(Debug)]
pub enum Item {
    /// `const`.
    Constant(Constant),
    /// A type.
    Type(TypeId),
    /// A constant that a module of the user's has.
    Extern(ExternItem),
}

/// A named type of a [`Model`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub(crate) usize);

/// A name in the interface file and in Rust, with what the file says of it.
#[derive(Debug, Clone)]
pub struct Name {
    /// The name in the interface file.
    pub idl: String,
    /// The name in Rust, without `r#`.
    pub rust: String,
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// The definition, as the file has it.
    pub text: String,
    /// Further attributes, which the settings ask for.
    pub attributes: Vec<String>,
    /// Why it should not be used any more, where it should not.
    pub deprecated: Option<String>,
}

/// A constant.
#[derive(Debug)]
pub struct Constant {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: ConstantValue,
}

/// The value of a constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConstantValue {
    /// A number that fits into 64 bits, signed or unsigned.
    Integer(i128),
    /// A text.
    Text(String),
    /// What a module of the user's says.
    Extern(ExternConstant),
}

/// Bytes of memory that an array may take inside the value it is part of: what stands on the stack
/// stays small.
pub const INLINE_MAX: u64 = 4096;

/// A type where it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// `int`: 4 bytes, whatever the C spelling.
    Int,
    /// `unsigned int`
    UnsignedInt,
    /// `hyper`
    Hyper,
    /// `unsigned hyper`
    UnsignedHyper,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `quadruple`
    Quadruple,
    /// `bool`
    Bool,
    /// `opaque x[n]`; boxed if larger than [`INLINE_MAX`].
    FixedOpaque(Number<u32>),
    /// `opaque x<n>`; `None` is unbounded.
    Opaque(Option<Bound>),
    /// `string x<n>`; `None` is unbounded.
    String {
        /// The bound, in bytes.
        max: Option<Bound>,
        /// Whether it becomes a `String` rather than a byte string.
        utf8: bool,
    },
    /// `T x[n]`
    FixedArray {
        /// `T`
        element: Box<Self>,
        /// `n`
        len: Number<u32>,
        /// Whether it stands in a box, because it is larger than [`INLINE_MAX`].
        boxed: bool,
    },
    /// `T x<n>`; `None` is unbounded.
    Array(Box<Self>, Option<Bound>),
    /// `T *x`
    Optional {
        /// What may be there.
        value: Box<Self>,
        /// Whether it stands in a box, because it contains the type it is part of.
        boxed: bool,
    },
    /// An integer within a range, or opaque data, a string, an array of a length within one.
    Ranged {
        /// The type without its range.
        value: Box<Self>,
        /// The smallest number, or the fewest elements.
        min: i128,
        /// The largest number; of a length it is the bound of `value` too.
        max: i128,
    },
    /// A linked list of nodes; see [`Struct::is_list_node`].
    List {
        /// The node.
        node: TypeId,
        /// Whether the first node stands by value, so that there always is one.
        nonempty: bool,
    },
    /// A named type.
    Named(TypeId),
    /// A type of the user's, by its path.
    Extern(String),
    /// A struct or union in a box: what a union carries of a type that contains the union by value, or
    /// a link of a long chain of types.
    Boxed(TypeId),
}

/// The bound of opaque data, of a string, of an array.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bound {
    /// The bound, if it is known.
    pub max: Option<u32>,
    /// The constant that says it.
    pub constant: Option<ConstantUse>,
}

/// A named type.
#[derive(Debug)]
pub struct TypeDef {
    /// Its name.
    pub name: Name,
    /// The unit that it is generated in.
    pub unit: UnitId,
    /// What it is.
    pub shape: Shape,
    /// The bytes that a value takes on the wire.
    pub wire_size: WireSize,
    /// About how many bytes of memory a value takes, not counting what it points to.
    pub memory_size: u64,
    /// The traits that can be derived for it.
    pub traits: Traits,
    /// The paths of further derives, which the settings ask for.
    pub derives: Vec<String>,
    /// The impls for other crates, which the settings ask for.
    pub impls: Impls,
    /// The name of its borrowed twin, if it has one.
    pub twin: Option<String>,
    /// The circle of types that it is on: those that lead to each other, by any of their parts.
    pub(crate) circle: Option<Circle>,
}

/// The bytes that values of a type take on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WireSize {
    /// The fewest.
    pub min: u64,
    /// The most, where there is a bound that 32 bits can hold.
    pub max: Option<u64>,
    /// Whether they can be read and written in one run: all values are of one size, there are few
    /// bytes, and nothing but a number of an enum or a bool, or padding, can be wrong.
    pub is_fixed: bool,
}

/// In one line.
impl fmt::Debug for WireSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_fixed, self.max) {
            (true, _) => write!(f, "{}", self.min),
            (false, Some(max)) => write!(f, "{}..={max}", self.min),
            (false, None) => write!(f, "{}..", self.min),
        }
    }
}

/// The impls of a type for other crates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Impls {
    /// `Serialize` and `Deserialize` of serde.
    pub serde: bool,
    /// `Arbitrary`.
    pub arbitrary: bool,
}

/// A circle of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Circle(pub(crate) usize);

/// What a named type is.
#[derive(Debug)]
pub enum Shape {
    /// Another name of a type.
    Alias(Type),
    /// An enumeration.
    Enum(Enum),
    /// A structure.
    Struct(Struct),
    /// A discriminated union.
    Union(Box<Union>),
}

impl Shape {
    /// The types of all fields and arms, or that of the alias.
    #[must_use]
    pub fn types(&self) -> Vec<&Type> {
        match self {
            Self::Enum(_) => Vec::new(),
            Self::Alias(ty) => vec![ty],
            Self::Struct(structure) => structure.fields.iter().map(|field| &field.ty).collect(),
            Self::Union(union) => {
                let arms = union.arms.iter().filter_map(|arm| arm.field.as_ref());
                arms.chain(union.default.iter().flatten())
                    .map(|field| &field.ty)
                    .collect()
            }
        }
    }

    /// As [`types`](Self::types), to change them.
    pub(crate) fn types_mut(&mut self) -> Vec<&mut Type> {
        match self {
            Self::Enum(_) => Vec::new(),
            Self::Alias(ty) => vec![ty],
            Self::Struct(structure) => structure
                .fields
                .iter_mut()
                .map(|field| &mut field.ty)
                .collect(),
            Self::Union(union) => {
                let arms = union.arms.iter_mut().filter_map(|arm| arm.field.as_mut());
                let all = arms.chain(union.default.iter_mut().flatten());
                all.map(|field| &mut field.ty).collect()
            }
        }
    }
}

/// An enumeration.
#[derive(Debug)]
pub struct Enum {
    /// The enumerators, each with a number of its own.
    pub enumerators: Vec<Enumerator>,
    /// Further names of numbers that an enumerator has: the name, and the enumerator's.
    pub aliases: Vec<(Name, String)>,
    /// Whether it keeps other numbers, as `Unknown`.
    pub is_open: bool,
}

/// A member of an enumeration.
#[derive(Debug)]
pub struct Enumerator {
    /// Its name.
    pub name: Name,
    /// Its number.
    pub value: Number<i32>,
}

/// A structure.
#[derive(Debug)]
pub struct Struct {
    /// The fields, in the order of the wire.
    pub fields: Vec<Field>,
    /// What the lengths of fields must be.
    pub checks: Vec<Check>,
    /// The name of the field that the structure ended in, where that was optional-data of itself.
    /// It is left out of [`fields`](Self::fields): the nodes are the elements of a [`Type::List`].
    pub next: Option<String>,
}

impl Struct {
    /// Whether it is the node of a linked list.
    #[must_use]
    pub fn is_list_node(&self) -> bool {
        self.next.is_some()
    }
}

/// A field, a parameter, or what an arm carries.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
}

/// What the length of an array has to do with another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// The array, by its place among the fields that it travels with.
    pub array: usize,
    /// The demand.
    pub demand: Demand,
}

/// The demand of a [`Check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// As many elements as the array at this place: one count stood for both.
    SameLength(usize),
    /// At most as many elements as the field at this place says.
    AtMost(usize),
    /// At most as many elements as the parameter at this place says; the array is a result.
    AtMostParameter(usize),
}

/// A discriminated union.
#[derive(Debug)]
pub struct Union {
    /// The discriminant: an integer, a bool or an enum, perhaps by another name.
    pub discriminant: Field,
    /// One arm for each case label, in order.
    pub arms: Vec<Arm>,
    /// What stands for every other discriminant, if anything may.
    pub default: Option<Option<Field>>,
    /// Whether the arms take every value that the discriminant can have.
    pub is_exhaustive: bool,
    /// The arm of success, by its index, where the union tells how something went: that of 0, of
    /// an enum with a default for the rest, or beside nothing but a default.
    pub success: Option<usize>,
}

/// A case of a union.
#[derive(Debug)]
pub struct Arm {
    /// The label in the interface file, and the variant.
    pub name: Name,
    /// The discriminant.
    pub label: Label,
    /// What it carries; nothing for `void`.
    pub field: Option<Field>,
}

/// The discriminant of an arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// A number.
    Number(Number<i128>),
    /// A bool.
    Bool(bool),
    /// The enumerator of this Rust name and number.
    Enumerator(String, Number<i32>),
}

impl Label {
    /// The number on the wire.
    #[must_use]
    pub fn number(&self) -> Number<i128> {
        match self {
            Self::Number(number) => number.clone(),
            Self::Bool(value) => Number::Known(i128::from(*value)),
            Self::Enumerator(_, number) => number.widened(),
        }
    }
}

/// The traits that a type can have, beside `Debug`, `Clone` and `PartialEq`, which all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Small plain data.
    pub copy: bool,
    /// `Eq` and `Hash`: no floating point anywhere.
    pub eq_hash: bool,
    /// `Default`.
    pub default: bool,
}

impl Traits {
    /// What a type has that is made of two others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            copy: self.copy && other.copy,
            eq_hash: self.eq_hash && other.eq_hash,
            default: self.default && other.default,
        }
    }
}
