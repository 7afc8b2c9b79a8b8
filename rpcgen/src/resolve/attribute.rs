//! Attributes: `[name]` and `[name(arguments)]`. Which there are, and where each fits.

use super::Resolver;
use crate::{
    ast::{Argument, Attribute, Value},
    diagnostic::{Code, Diagnostic, similar},
};

/// An attribute of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Broadcast,
    Deadline,
    Deprecated,
    Idempotent,
    In,
    LengthIs,
    Maybe,
    Out,
    Program,
    Range,
    Ref,
    SizeIs,
    String,
    Unique,
    Version,
}

/// Where attributes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    Interface,
    /// Those that say something of its result stand here too.
    Procedure,
    Parameter,
    /// A field of a struct.
    Field,
    /// An arm of a union, or the declaration of a typedef: nothing stands beside it.
    Alone,
    /// What a union is switched by.
    Discriminant,
    /// A constant, a type, an enumerator.
    Definition,
}

/// What an attribute takes in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// The name of a count, with `*` where that is a pointer, or a number.
    Count,
    Number,
    Range,
    Text(&'static str),
}

impl Takes {
    /// What is taken, as a message says it.
    fn expectation(self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Count => "the name of a count, or a number".to_owned(),
            Self::Number => "one number".to_owned(),
            Self::Range => "two numbers, the smallest and the largest".to_owned(),
            Self::Text(example) => format!("one text: `{example}`"),
        }
    }

    fn fits(self, arguments: &[Argument]) -> bool {
        let is_number = |argument: &Argument| {
            let is_text = matches!(argument.value, Value::Text(..));
            argument.pointer.is_none() && !is_text
        };
        match (self, arguments) {
            (Self::Nothing, []) => true,
            (Self::Count, [count]) => !matches!(count.value, Value::Text(..)),
            (Self::Number, [number]) => is_number(number),
            (Self::Range, [min, max]) => is_number(min) && is_number(max),
            (Self::Text(_), [text]) => matches!(text.value, Value::Text(..)),
            _ => false,
        }
    }
}

/// All names of attributes.
const NAMES: &[(&str, Kind)] = &[
    ("broadcast", Kind::Broadcast),
    ("deadline", Kind::Deadline),
    ("deprecated", Kind::Deprecated),
    ("idempotent", Kind::Idempotent),
    ("in", Kind::In),
    ("length_is", Kind::LengthIs),
    ("maybe", Kind::Maybe),
    ("oneway", Kind::Maybe),
    ("out", Kind::Out),
    ("program", Kind::Program),
    ("range", Kind::Range),
    ("ref", Kind::Ref),
    ("size_is", Kind::SizeIs),
    ("string", Kind::String),
    ("unique", Kind::Unique),
    ("version", Kind::Version),
];

impl Kind {
    fn takes(self) -> Takes {
        match self {
            Self::Broadcast | Self::Idempotent | Self::In | Self::Maybe | Self::Out => {
                Takes::Nothing
            }
            Self::Ref | Self::String | Self::Unique => Takes::Nothing,
            Self::Deadline => Takes::Text("deadline(\"2s\")"),
            Self::Deprecated => Takes::Text("deprecated(\"use the other one\")"),
            Self::LengthIs | Self::SizeIs => Takes::Count,
            Self::Program | Self::Version => Takes::Number,
            Self::Range => Takes::Range,
        }
    }

    /// The sites where it fits.
    fn sites(self) -> &'static [Site] {
        use Site::{Alone, Definition, Field, Interface, Parameter, Procedure};
        match self {
            Self::Broadcast | Self::Deadline | Self::Idempotent | Self::Maybe => &[Procedure],
            Self::Deprecated => &[Interface, Procedure, Field, Alone, Definition],
            Self::In | Self::Out => &[Parameter],
            Self::LengthIs
            | Self::Range
            | Self::Ref
            | Self::SizeIs
            | Self::String
            | Self::Unique => &[Procedure, Parameter, Field, Alone],
            Self::Program | Self::Version => &[Interface],
        }
    }

    /// The sites where it fits, as a message says it.
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Broadcast | Self::Deadline | Self::Idempotent | Self::Maybe => "a procedure",
            Self::Deprecated => {
                "an interface, a procedure, a type, a constant, an enumerator, a field or an arm"
            }
            Self::In | Self::Out => "a parameter",
            Self::LengthIs | Self::SizeIs => {
                "a pointer or an array: a parameter, a field, or the result of a procedure"
            }
            Self::Program | Self::Version => "an `interface`",
            Self::Range => "an integer, or what has a length",
            Self::Ref | Self::Unique => {
                "a pointer: a parameter, a field, an arm, or the result of a procedure"
            }
            Self::String => "`char *`: a parameter, a field, an arm, or the result of a procedure",
        }
    }
}

/// The attributes of one thing, each once.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a>(Vec<(Kind, &'a Attribute)>);

impl<'a> Attributes<'a> {
    pub(super) fn get(&self, kind: Kind) -> Option<&'a Attribute> {
        let found = self.0.iter().find(|(one, _)| *one == kind);
        found.map(|(_, attribute)| *attribute)
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        self.get(kind).is_some()
    }

    /// The text that an attribute takes.
    pub(super) fn text(&self, kind: Kind) -> Option<&'a str> {
        match &self.get(kind)?.arguments.first()?.value {
            Value::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// Those that say something of a type.
    pub(super) fn of_type(&self) -> impl Iterator<Item = &'a Attribute> {
        let of_type = self.0.iter().filter(|(kind, _)| {
            matches!(
                kind,
                Kind::LengthIs
                    | Kind::Range
                    | Kind::Ref
                    | Kind::SizeIs
                    | Kind::String
                    | Kind::Unique
            )
        });
        of_type.map(|(_, attribute)| *attribute)
    }

    /// Why the thing should not be used any more.
    pub(super) fn deprecated(&self) -> Option<String> {
        self.text(Kind::Deprecated).map(str::to_owned)
    }
}

impl Resolver<'_> {
    /// Looks attributes up; what does not exist or does not fit is reported and left out.
    pub(super) fn attributes<'a>(&mut self, list: &'a [Attribute], site: Site) -> Attributes<'a> {
        let mut found = Attributes::default();
        for attribute in list {
            if let Some(kind) = self.attribute(attribute, site, &found) {
                found.0.push((kind, attribute));
            }
        }
        for (one, other) in EXCLUSIVE {
            if let (Some(first), Some(second)) = (found.get(*one), found.get(*other)) {
                let (first, second) = if first.span < second.span {
                    (first, second)
                } else {
                    (second, first)
                };
                let message = format!(
                    "`{}` and `{}` exclude each other",
                    first.name.name, second.name.name
                );
                let fault = Diagnostic::new(Code::AttributeConflict, second.span, message);
                self.diagnostics.push(fault.also(first.span, "the other"));
            }
        }
        found
    }

    fn attribute(
        &mut self,
        attribute: &Attribute,
        site: Site,
        found: &Attributes<'_>,
    ) -> Option<Kind> {
        let name = attribute.name.name.as_str();
        let Some((_, kind)) = NAMES.iter().find(|(one, _)| *one == name) else {
            self.diagnostics.push(unknown(attribute));
            return None;
        };
        if !kind.sites().contains(&site) {
            let message = format!("`{name}` does not fit here");
            let fault = Diagnostic::new(Code::BadAttribute, attribute.span, message);
            self.diagnostics
                .push(fault.help(format!("it belongs before {}", kind.place())));
            return None;
        }
        if let Some(first) = found.get(*kind) {
            let message = format!("`{name}` is given twice");
            let fault = Diagnostic::new(Code::BadAttribute, attribute.span, message);
            self.diagnostics
                .push(fault.also(first.span, "the first one"));
            return None;
        }
        if !kind.takes().fits(&attribute.arguments) {
            let message = format!("`{name}` takes {}", kind.takes().expectation());
            self.error(Code::BadAttributeArguments, attribute.span, message);
            return None;
        }
        Some(*kind)
    }

    /// The number that an attribute takes.
    pub(super) fn attribute_number(&mut self, attribute: Option<&Attribute>) -> Option<u32> {
        let attribute = attribute?;
        let number = attribute.arguments.first()?;
        let what = format!("a {} number (32 bits, unsigned)", attribute.name.name);
        self.number(&number.value, &what)
    }
}

/// Attributes of which a thing can have one.
const EXCLUSIVE: &[(Kind, Kind)] = &[
    (Kind::Ref, Kind::Unique),
    (Kind::String, Kind::SizeIs),
    (Kind::String, Kind::LengthIs),
    (Kind::Maybe, Kind::Idempotent),
    (Kind::Maybe, Kind::Deadline),
];

/// The fault of an attribute that the language does not have.
fn unknown(attribute: &Attribute) -> Diagnostic {
    let name = attribute.name.name.as_str();
    let dce = match name {
        "max_is" => "it is the highest index, one less than the count that `size_is` takes",
        "first_is" | "last_is" => {
            "a part of an array does not travel: `length_is` says how many elements do, from the \
             first one on"
        }
        _ => {
            let message = format!("there is no attribute `{name}`");
            let fault = Diagnostic::new(Code::BadAttribute, attribute.name.span, message);
            return match similar(name, NAMES.iter().map(|(one, _)| *one)) {
                Some(similar) => fault.help(format!("did you mean `{similar}`?")),
                None => fault,
            };
        }
    };
    let message = format!("`{name}` of DCE is not supported");
    let fault = Diagnostic::new(Code::DceAttribute, attribute.span, message);
    fault
        .label(dce)
        .help("`size_is(n)`: the array has n elements; `length_is(m)`: m of them travel")
}
