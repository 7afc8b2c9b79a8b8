//! The codes of faults: stable once released, never used again for something else.

use std::fmt;

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// Something is generated that may not be what was meant.
    Warning,
    /// Something worth knowing.
    Note,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal $severity:ident,)+) => {
        /// Which fault it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as users see it: `E0218`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }

            /// How bad the fault is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }

            /// What `rpcgen explain` prints, as Markdown: what is wrong, an example, how to mend it.
            ///
            /// It is the file `explain/CODE.md`. An example marked `wrong` has this fault, one marked
            /// `right` has no error: a test compiles both.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("explain/", $id, ".md")),)+
                }
            }
        }
    };
}

codes! {
    // Text and preprocessor.
    /// A comment is not closed.
    UnclosedComment = "E0101" Error,
    /// A byte outside of comments is not UTF-8.
    NotUtf8 = "E0102" Error,
    /// Braces are nested deeper than the limit.
    TooDeep = "E0103" Error,
    /// A file to include is not found, or cannot be read.
    IncludeNotFound = "E0104" Error,
    /// Files include each other without an end.
    IncludeTooDeep = "E0105" Error,
    /// `#else`, `#elif` or `#endif` without `#if`, or an `#if` without `#endif`.
    UnbalancedConditional = "E0106" Error,
    /// The condition of `#if` or `#elif` cannot be evaluated.
    BadCondition = "E0107" Error,
    /// A preprocessor directive that is not known, or lacks a part.
    BadDirective = "E0108" Error,
    /// Macros expand to more text than the limit.
    ExpansionTooLarge = "E0109" Error,
    /// A macro with parameters.
    FunctionLikeMacro = "E0110" Error,
    /// An `#error` that counts.
    ErrorDirective = "E0111" Error,
    /// A macro that ends with a `;`, which its uses would have in them.
    MacroWithSemicolon = "E0112" Error,
    /// Two imports define a name that is used, each in its own way.
    AmbiguousName = "E0120" Error,
    /// Two files of one run become one module.
    ModuleClash = "E0121" Error,

    // Syntax.
    /// The text is not what the grammar expects.
    Syntax = "E0201" Error,
    /// A number that no XDR type can hold, or with digits that its base does not have.
    BadNumber = "E0202" Error,
    /// The file is written for another compiler.
    ForeignDialect = "E0203" Error,
    /// Words that together are no integer type.
    BadIntegerType = "E0204" Error,

    // Names and constants.
    /// Two definitions have one name.
    DuplicateName = "E0301" Error,
    /// A type that is not defined.
    UndefinedType = "E0302" Error,
    /// A constant that is not defined.
    UndefinedConstant = "E0303" Error,
    /// A constant that is defined by itself.
    CyclicConstant = "E0304" Error,
    /// A type that contains itself by value.
    InfiniteType = "E0305" Error,
    /// A name of one kind where another is needed.
    WrongKind = "E0306" Error,
    /// A value outside of the range that its place allows.
    OutOfRange = "E0307" Error,
    /// Two fields, arms or parameters have one name.
    DuplicateField = "E0308" Error,
    /// Two names of the interface become one name in Rust.
    NameClash = "E0309" Error,
    /// A C type without a width of its own.
    UnsizedCType = "E0310" Error,

    // Types.
    /// A `string` or `opaque` declaration without brackets.
    MissingBrackets = "E0311" Error,
    /// A declaration that XDR does not have.
    BadDeclaration = "E0312" Error,
    /// The discriminant of a union is not an integer, a bool or an enum.
    BadDiscriminant = "E0313" Error,
    /// A case that the discriminant cannot have.
    BadCase = "E0314" Error,
    /// Two arms of a union have one case.
    DuplicateCase = "E0315" Error,
    /// A union or enum without members.
    EmptyBody = "E0316" Error,
    /// `char` in an array, which takes four bytes on the wire for each.
    CharArray = "W0317" Warning,
    /// A struct without fields, which RFC 4506 does not have.
    EmptyStruct = "W0318" Warning,
    /// Names that the file uses and does not define.
    UndefinedNames = "E0320" Error,
    /// A macro that stands for no number, used as one.
    MacroWithoutNumber = "E0321" Error,
    /// Typedefs put arrays around arrays, more of them than the limit.
    DeepTypedefs = "E0322" Error,
    /// An enumerator that is a negative number on the wire.
    EnumeratorWraps = "W0319" Warning,

    // Programs and interfaces.
    /// Two programs of one number.
    DuplicateProgram = "E0401" Error,
    /// Two versions of one number in a program.
    DuplicateVersion = "E0402" Error,
    /// Two procedures of one number in a version.
    DuplicateProcedure = "E0403" Error,
    /// An interface that needs a name.
    AnonymousInterface = "E0404" Error,
    /// An attribute that does not exist, or does not fit where it stands.
    BadAttribute = "E0405" Error,
    /// A parameter that cannot be understood.
    BadParameter = "E0406" Error,
    /// An attribute takes other arguments.
    BadAttributeArguments = "E0408" Error,
    /// Attributes that exclude each other, or what they say.
    AttributeConflict = "E0409" Error,
    /// An `out` parameter that nothing can come back in.
    BadDirection = "E0410" Error,
    /// The count of `size_is` or `length_is` does not fit its array.
    BadCount = "E0411" Error,
    /// An attribute of DCE that this language does not have.
    DceAttribute = "E0412" Error,
    /// A range that its type does not have.
    BadRange = "E0413" Error,
    /// A procedure without a reply that has results.
    BadMaybe = "E0414" Error,
    /// A deadline that cannot be understood.
    BadDeadline = "E0415" Error,
    /// An exception whose number is taken, or means something else.
    BadException = "E0416" Error,
    /// The program number was made from the interface's name.
    DerivedProgram = "N0407" Note,

    // Settings.
    /// The selector of a setting matches nothing.
    UnmatchedSelector = "E0501" Error,
    /// A chain of types that needs a higher `recursion_limit`.
    LongChain = "N0502" Note,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
