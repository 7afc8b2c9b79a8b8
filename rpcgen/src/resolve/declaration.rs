//! One declaration: what pointer and brackets make of the type that its specifier names.

use super::{Resolver, integer, types::optional};
use crate::{
    ast::{
        Declaration, Ident, PlainType, Suffix, SuffixKind, TypeSpecifier, TypeSpecifierKind, Value,
    },
    diagnostic::{Code, Diagnostic},
    model::{Bound, ConstantUse, ExternKind, Number, Type, UnitId},
    source::Span,
};

/// Where a declaration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A field, an arm, a typedef: a `string` has brackets.
    Type,
    /// A parameter or result of a `program`, where C rpcgen takes a bare `string`.
    Program,
    /// A parameter of an `interface`, where a pointer is the value that it points to.
    Parameter,
    /// A result of an `interface`.
    Result,
}

impl Place {
    /// Whether a pointer that no attribute explains is refused here, as only C's reader knows how
    /// much it points to.
    pub(super) fn refuses(self, written: Written<'_>) -> bool {
        let is_bytes = written.pointer.is_some() && written.is_bytes();
        match self {
            Self::Type => false,
            // One `char` that may be absent: C rpcgen takes it for that.
            Self::Program => is_bytes && !is_char(written.specifier),
            Self::Parameter | Self::Result => is_bytes,
        }
    }
}

/// A type as it is written; the result of a procedure has no declaration of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) specifier: &'a TypeSpecifier,
    pub(super) pointer: Option<Span>,
    pub(super) suffixes: &'a [Suffix],
    pub(super) span: Span,
}

impl Written<'_> {
    /// Whether a pointer to the type points to bytes: `void *`, `char *`, `opaque *`.
    pub(super) fn is_bytes(self) -> bool {
        match &self.specifier.kind {
            TypeSpecifierKind::Void | TypeSpecifierKind::Plain(PlainType::Opaque) => true,
            TypeSpecifierKind::Name(None, name) => name.name == "void",
            _ => is_char(self.specifier),
        }
    }
}

/// Whether a specifier is a spelling of `char`.
pub(super) fn is_char(specifier: &TypeSpecifier) -> bool {
    match &specifier.kind {
        TypeSpecifierKind::Integer(words) => integer::is_char(words),
        _ => false,
    }
}

impl<'a> From<&'a Declaration> for Written<'a> {
    fn from(declaration: &'a Declaration) -> Self {
        Self {
            specifier: &declaration.specifier,
            pointer: declaration.pointer,
            suffixes: &declaration.suffixes,
            span: declaration.span,
        }
    }
}

impl Resolver<'_> {
    /// The type of a declaration: that of its specifier, with pointer and brackets.
    pub(super) fn declared_type(&mut self, written: Written<'_>) -> Option<Type> {
        let specifier = written.specifier;
        let suffix = match written.suffixes {
            [] => None,
            [suffix] => Some(suffix),
            [_, second, ..] => {
                let message = "XDR has no arrays of arrays";
                self.use_typedef(second.span, message, "of the inner array");
                return None;
            }
        };
        if let (Some(_), Some(suffix)) = (written.pointer, suffix) {
            let message = "XDR has no arrays of optional-data";
            self.use_typedef(suffix.span, message, "of the pointer");
            return None;
        }
        match &specifier.kind {
            TypeSpecifierKind::Plain(PlainType::Opaque) => self.opaque(written, suffix),
            TypeSpecifierKind::Plain(PlainType::String) => self.string(written, suffix),
            _ => {
                let element = self.specified_type(specifier)?;
                self.warn_char(written, suffix);
                self.sized(element, written.pointer, suffix)
            }
        }
    }

    fn sized(
        &mut self,
        element: Type,
        pointer: Option<Span>,
        suffix: Option<&Suffix>,
    ) -> Option<Type> {
        let element = Box::new(element);
        Some(match suffix.map(|suffix| &suffix.kind) {
            Some(SuffixKind::Fixed(len)) => Type::FixedArray {
                element,
                len: self.length(len)?,
                boxed: false,
            },
            Some(SuffixKind::Variable(max)) => Type::Array(element, self.bound(max.as_ref())?),
            None if pointer.is_some() => optional(*element),
            None => *element,
        })
    }

    fn length(&mut self, value: &Value) -> Option<Number<u32>> {
        let what = "a length (a 32-bit unsigned integer)";
        self.number_or_extern(value, what, ExternKind::Length)
    }

    /// A bound; `Some(None)` is none.
    #[expect(
        clippy::option_option,
        reason = "the outer one says that an error was reported"
    )]
    pub(super) fn bound(&mut self, value: Option<&Value>) -> Option<Option<Bound>> {
        let Some(value) = value else {
            return Some(None);
        };
        let what = "a bound (a 32-bit unsigned integer)";
        let max = self.number_or_extern(value, what, ExternKind::UnsignedInt)?;
        let constant = match (&max, value) {
            (Number::Constant(used), _) => Some(used.clone()),
            (_, Value::Name(name)) => self.constant_use(name),
            _ => None,
        };
        let max = max.known();
        Some(Some(Bound { max, constant }))
    }

    /// The constant that a name means; enumerators are none.
    fn constant_use(&self, name: &Ident) -> Option<ConstantUse> {
        let unit = self.constants.constant(name, &self.visibility)?;
        Some(ConstantUse {
            unit: if self.config.inline { UnitId(0) } else { unit },
            rust: self.config.names.constant_name(&name.name),
        })
    }

    fn opaque(&mut self, written: Written<'_>, suffix: Option<&Suffix>) -> Option<Type> {
        if let Some(pointer) = written.pointer {
            let message = "XDR has no optional-data of `opaque`";
            self.use_typedef(pointer, message, "of the opaque data");
            return None;
        }
        match suffix.map(|suffix| &suffix.kind) {
            Some(SuffixKind::Fixed(len)) => self.length(len).map(Type::FixedOpaque),
            Some(SuffixKind::Variable(max)) => self.bound(max.as_ref()).map(Type::Opaque),
            None => {
                let message = "`opaque` needs a size behind the name";
                let fault = Diagnostic::new(Code::MissingBrackets, written.span, message);
                let fault =
                    fault.help("`opaque name[4]` is four bytes, `opaque name<255>` at most 255");
                let behind = written.span.behind();
                let message = "`<>` is any number of bytes";
                self.diagnostics.push(fault.insert(behind, "<>", message));
                None
            }
        }
    }

    fn string(&mut self, written: Written<'_>, suffix: Option<&Suffix>) -> Option<Type> {
        let max = match suffix.map(|suffix| &suffix.kind) {
            Some(SuffixKind::Variable(max)) => self.bound(max.as_ref())?,
            None => None,
            Some(SuffixKind::Fixed(_)) => {
                let message = "a string has no fixed length";
                let diagnostic = Diagnostic::new(Code::BadDeclaration, written.span, message);
                self.diagnostics
                    .push(diagnostic.help("write its bound: `string name<255>`"));
                return None;
            }
        };
        let string = Type::String {
            max,
            utf8: self.is_utf8(self.config.strings, written.span),
        };
        Some(match written.pointer {
            None => string,
            Some(_) => optional(string),
        })
    }

    /// `char x[n]`, `char x<n>` and `char *x` are seldom what their author thinks they are.
    fn warn_char(&mut self, written: Written<'_>, suffix: Option<&Suffix>) {
        let TypeSpecifierKind::Integer(words) = &written.specifier.kind else {
            return;
        };
        let message = match (suffix, written.pointer) {
            _ if !integer::is_char(words) => return,
            (Some(_), _) => "each `char` takes four bytes on the wire",
            (None, Some(_)) => "`char *` is one `char` that may be absent",
            (None, None) => return,
        };
        let diagnostic = Diagnostic::new(Code::CharArray, written.specifier.span, message);
        self.diagnostics
            .push(diagnostic.help("bytes are `opaque`, a text is a `string`"));
    }

    fn use_typedef(&mut self, span: Span, message: &str, of: &str) {
        let diagnostic = Diagnostic::new(Code::BadDeclaration, span, message);
        self.diagnostics
            .push(diagnostic.help(format!("make a typedef {of} and use its name")));
    }
}
