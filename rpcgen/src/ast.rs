//! What an interface file says, as it says it: nothing is looked up, nothing is checked.

use crate::source::Span;

/// A whole file, with what it includes.
#[derive(Debug)]
pub struct File {
    /// The definitions, in order.
    pub definitions: Vec<Definition>,
}

impl File {
    /// The definitions with those inside of namespaces, in order.
    #[must_use]
    pub fn all(&self) -> Vec<&Definition> {
        let mut all = Vec::new();
        let mut open = vec![self.definitions.iter()];
        while let Some(definitions) = open.last_mut() {
            match definitions.next() {
                Some(Definition::Namespace(namespace)) => open.push(namespace.definitions.iter()),
                Some(definition) => all.push(definition),
                None => drop(open.pop()),
            }
        }
        all
    }
}

/// A name and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Its place.
    pub span: Span,
}

/// A definition of RFC 4506 §6.3 or RFC 5531 §12.2, or an interface.
#[derive(Debug)]
pub enum Definition {
    /// `const`.
    Constant(ConstantDef),
    /// `typedef`, `enum`, `struct`, `union`.
    Type(TypeDef),
    /// `program`.
    Program(ProgramDef),
    /// `interface`.
    Interface(InterfaceDef),
    /// `namespace`.
    Namespace(NamespaceDef),
    /// `pragma`.
    Pragma(PragmaDef),
}

/// `namespace name { … }`: its definitions mean what they would mean outside of it.
#[derive(Debug)]
pub struct NamespaceDef {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// The name, which may be of the form `a::b`.
    pub name: Ident,
    /// The definitions, in order.
    pub definitions: Vec<Definition>,
    /// The whole definition.
    pub span: Span,
}

/// `pragma words;`, which speaks to other compilers.
#[derive(Debug)]
pub struct PragmaDef {
    /// What follows `pragma`.
    pub words: Vec<Ident>,
    /// The whole of it.
    pub span: Span,
}

/// `const name = value;`
#[derive(Debug)]
pub struct ConstantDef {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// `[…]` before it.
    pub attributes: Vec<Attribute>,
    /// The name.
    pub name: Ident,
    /// The value.
    pub value: Value,
    /// The whole definition.
    pub span: Span,
}

/// A number, a name that stands for one, or a text.
#[derive(Debug, Clone)]
pub enum Value {
    /// A literal.
    Number(i128, Span),
    /// The name of a constant or enumerator.
    Name(Ident),
    /// A string literal, without its quotes.
    Text(String, Span),
}

impl Value {
    /// The place of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Number(_, span) | Self::Text(_, span) => *span,
            Self::Name(ident) => ident.span,
        }
    }
}

/// A named type.
#[derive(Debug)]
pub struct TypeDef {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// `[…]` before it.
    pub attributes: Vec<Attribute>,
    /// What it is.
    pub kind: TypeDefKind,
    /// The whole definition.
    pub span: Span,
}

/// What a named type is.
#[derive(Debug)]
pub enum TypeDefKind {
    /// `typedef declaration;`
    Typedef(Declaration),
    /// `enum name { … };`
    Enum(Ident, EnumBody),
    /// `struct name { … };`
    Struct(Ident, StructBody),
    /// `struct *name { … };`: optional-data of a struct that has no name of its own.
    OptionalStruct(Ident, StructBody),
    /// `union name switch (…) { … };`
    Union(Ident, Box<UnionBody>),
}

/// A type and a name, the way a field, an arm, a parameter or a typedef declares it.
#[derive(Debug)]
pub struct Declaration {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// `[…]` before it.
    pub attributes: Vec<Attribute>,
    /// The type.
    pub specifier: TypeSpecifier,
    /// The `*`.
    pub pointer: Option<Span>,
    /// The name; parameters may have none, `void` has none.
    pub name: Option<Ident>,
    /// `[n]` and `<n>` behind the name.
    pub suffixes: Vec<Suffix>,
    /// The whole declaration.
    pub span: Span,
}

/// The size of an array.
#[derive(Debug)]
pub struct Suffix {
    /// Which of the two.
    pub kind: SuffixKind,
    /// With its brackets.
    pub span: Span,
}

/// `[n]` or `<n>`.
#[derive(Debug)]
pub enum SuffixKind {
    /// `[n]`: so many.
    Fixed(Value),
    /// `<n>`: at most so many; `<>`: as many as there are.
    Variable(Option<Value>),
}

/// A type where it is used.
#[derive(Debug)]
pub struct TypeSpecifier {
    /// Which type.
    pub kind: TypeSpecifierKind,
    /// Its place.
    pub span: Span,
}

/// Which type.
#[derive(Debug)]
pub enum TypeSpecifierKind {
    /// `void`.
    Void,
    /// A spelling of an integer type: `unsigned`, `long int`.
    Integer(Vec<String>),
    /// `float`, `double`, `quadruple`, `bool`, `opaque`, `string`.
    Plain(PlainType),
    /// A name, perhaps with `struct`, `enum` or `union` before it.
    Name(Option<Prefix>, Ident),
    /// An `enum` without a name.
    Enum(EnumBody),
    /// A `struct` without a name.
    Struct(StructBody),
    /// A `union` without a name.
    Union(Box<UnionBody>),
}

/// A type that is one word of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainType {
    /// `float`
    Float,
    /// `double`
    Double,
    /// `quadruple`
    Quadruple,
    /// `bool`
    Bool,
    /// `opaque`
    Opaque,
    /// `string`
    String,
}

/// The word before the name of a type, as C has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// `struct`
    Struct,
    /// `enum`
    Enum,
    /// `union`
    Union,
}

/// The enumerators of an `enum`.
#[derive(Debug)]
pub struct EnumBody {
    /// The enumerators, in order.
    pub enumerators: Vec<Enumerator>,
    /// With its braces.
    pub span: Span,
}

/// `name = value`, or a name alone.
#[derive(Debug)]
pub struct Enumerator {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// `[…]` before it.
    pub attributes: Vec<Attribute>,
    /// The name.
    pub name: Ident,
    /// The value; without one it is the previous value plus one.
    pub value: Option<Value>,
    /// The whole of it.
    pub span: Span,
}

/// The fields of a `struct`.
#[derive(Debug)]
pub struct StructBody {
    /// The fields, in order.
    pub fields: Vec<Declaration>,
    /// With its braces.
    pub span: Span,
}

/// The arms of a `union`.
#[derive(Debug)]
pub struct UnionBody {
    /// The discriminant.
    pub discriminant: Declaration,
    /// The arms, in order.
    pub arms: Vec<Arm>,
    /// The arm for every other value.
    pub default: Option<Declaration>,
    /// From `switch` to the closing brace.
    pub span: Span,
}

/// One or more cases and what they carry.
#[derive(Debug)]
pub struct Arm {
    /// The cases.
    pub cases: Vec<Value>,
    /// What they carry.
    pub declaration: Declaration,
}

/// `program name { … } = number;`
#[derive(Debug)]
pub struct ProgramDef {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// The name.
    pub name: Ident,
    /// The versions, in order.
    pub versions: Vec<VersionDef>,
    /// The number.
    pub number: Value,
    /// The whole definition.
    pub span: Span,
}

/// `version name { … } = number;`
#[derive(Debug)]
pub struct VersionDef {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// The name.
    pub name: Ident,
    /// The procedures, in order.
    pub procedures: Vec<ProcedureDef>,
    /// The number.
    pub number: Value,
    /// The whole definition.
    pub span: Span,
}

/// `result name(parameters) = number;`
#[derive(Debug)]
pub struct ProcedureDef {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// `[…]` before it.
    pub attributes: Vec<Attribute>,
    /// The type of the result.
    pub result: TypeSpecifier,
    /// The `*` of the result.
    pub result_pointer: Option<Span>,
    /// The name.
    pub name: Ident,
    /// The parameters; none for `(void)` and `()`.
    pub parameters: Vec<Declaration>,
    /// What it `raises`.
    pub exceptions: Vec<Exception>,
    /// The number; procedures of an interface may leave it out.
    pub number: Option<Value>,
    /// The whole definition.
    pub span: Span,
}

/// `name` or `name = number` of what a procedure `raises`.
#[derive(Debug)]
pub struct Exception {
    /// The type that it carries.
    pub name: Ident,
    /// The number; without one it is the position in the list.
    pub number: Option<Value>,
    /// The whole of it.
    pub span: Span,
}

/// `interface name { … };`
#[derive(Debug)]
pub struct InterfaceDef {
    /// The comment that belongs to it.
    pub doc: Option<String>,
    /// `[…]` before it.
    pub attributes: Vec<Attribute>,
    /// The name; without one the interface is named after its file.
    pub name: Option<Ident>,
    /// Constants, types and procedures, in order.
    pub members: Vec<Member>,
    /// The word `interface`.
    pub keyword: Span,
    /// The whole definition.
    pub span: Span,
}

/// What an interface holds.
#[derive(Debug)]
pub enum Member {
    /// `const`.
    Constant(ConstantDef),
    /// `typedef`, `enum`, `struct`, `union`.
    Type(TypeDef),
    /// A procedure.
    Procedure(ProcedureDef),
}

/// `name` or `name(arguments)`.
#[derive(Debug)]
pub struct Attribute {
    /// The name.
    pub name: Ident,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// The whole of it.
    pub span: Span,
}

/// An argument of an attribute: a value, or `*name`.
#[derive(Debug)]
pub struct Argument {
    /// The `*`.
    pub pointer: Option<Span>,
    /// The value.
    pub value: Value,
}
