//! What attributes make of a declared type: strings, counted arrays, references, ranges.

use super::{
    Resolver,
    attribute::{Attributes, Kind},
    collect::Body,
    declaration::{Place, Written, is_char},
    integer,
    types::optional,
};
use crate::{
    ast::{Attribute, PlainType, TypeSpecifierKind, Value},
    diagnostic::{Code, Diagnostic, similar},
    model::{Bound, Number, Type, TypeId},
};
use std::collections::HashSet;

/// The names beside a declaration, one of which may be its count.
pub(super) type Siblings<'a> = HashSet<&'a str>;

/// What a typedef leads to: a type of the language, or one of the file that is no typedef.
#[derive(Debug, Clone)]
pub(super) enum Behind<'a> {
    Type(Type),
    Body(TypeId, Body<'a>),
}

impl<'a> Resolver<'a> {
    /// The type of what is written, with its attributes.
    pub(super) fn attributed_type(
        &mut self,
        written: Written<'_>,
        attributes: &Attributes<'_>,
        place: Place,
        siblings: &Siblings<'_>,
    ) -> Option<Type> {
        let counted = attributes.has(Kind::SizeIs) || attributes.has(Kind::LengthIs);
        let value = if attributes.has(Kind::String) {
            self.text(written, attributes)?
        } else if counted {
            self.counted(written, attributes, siblings)?
        } else {
            self.pointed(written, attributes, place)?
        };
        match attributes.get(Kind::Range) {
            Some(range) => self.within(value, range),
            None => Some(value),
        }
    }

    /// A value, or a pointer whose attributes or place say whether it may be null.
    fn pointed(
        &mut self,
        written: Written<'_>,
        attributes: &Attributes<'_>,
        place: Place,
    ) -> Option<Type> {
        if written.pointer.is_none() {
            self.refuse_without_pointer(attributes);
        } else if place.refuses(written) {
            self.untyped_pointer(written);
            return None;
        }
        let is_reference = match place {
            Place::Parameter => !attributes.has(Kind::Unique),
            Place::Program | Place::Result | Place::Type => attributes.has(Kind::Ref),
        };
        if is_reference {
            let pointer = None;
            return self.declared_type(Written { pointer, ..written });
        }
        self.declared_type(written)
    }

    fn refuse_without_pointer(&mut self, attributes: &Attributes<'_>) {
        for kind in [Kind::Ref, Kind::Unique] {
            if let Some(attribute) = attributes.get(kind) {
                self.misplaced(attribute, kind);
            }
        }
    }

    /// Reports an attribute that stands before the wrong kind of type.
    fn misplaced(&mut self, attribute: &Attribute, kind: Kind) {
        let message = format!("`{}` does not fit this type", attribute.name.name);
        let fault = Diagnostic::new(Code::BadAttribute, attribute.span, message);
        self.diagnostics
            .push(fault.help(format!("it belongs before {}", kind.place())));
    }

    /// `void *p`, `char *p`, `opaque *p`: how much is meant, only C's reader knows.
    fn untyped_pointer(&mut self, written: Written<'_>) {
        let message = "the size of what the pointer points to is not known";
        let fault = Diagnostic::new(Code::BadParameter, written.span, message);
        self.diagnostics.push(
            fault
                .help("`[size_is(n)]` before it says that the parameter `n` counts its bytes")
                .help("`[string] char *` is a text")
                .help("`buffer_t` is a chunk of bytes with its size"),
        );
    }

    /// `[string] char *p`
    fn text(&mut self, written: Written<'_>, attributes: &Attributes<'_>) -> Option<Type> {
        if !is_char(written.specifier) || written.pointer.is_none() || !written.suffixes.is_empty()
        {
            let attribute = attributes.get(Kind::String)?;
            self.misplaced(attribute, Kind::String);
            return None;
        }
        let utf8 = self.is_utf8(self.config.strings, written.span);
        Some(maybe_null(attributes, Type::String { max: None, utf8 }))
    }

    // ---- Counts

    /// A pointer or an array whose elements something counts: `T p<>`, or `opaque p<>`.
    fn counted(
        &mut self,
        written: Written<'_>,
        attributes: &Attributes<'_>,
        siblings: &Siblings<'_>,
    ) -> Option<Type> {
        let size = self.constant_count(attributes, Kind::SizeIs, siblings)?;
        let bound = self
            .constant_count(attributes, Kind::LengthIs, siblings)?
            .or(size);
        if written.pointer.is_some() && written.suffixes.is_empty() {
            let value = if written.is_bytes() {
                Type::Opaque(bound)
            } else {
                Type::Array(Box::new(self.specified_type(written.specifier)?), bound)
            };
            return Some(maybe_null(attributes, value));
        }
        self.refuse_without_pointer(attributes);
        let has_size = attributes.has(Kind::SizeIs);
        match (self.declared_type(written)?, bound) {
            (Type::Array(element, None), bound) => Some(Type::Array(element, bound)),
            (Type::Opaque(None), bound) => Some(Type::Opaque(bound)),
            (declared @ (Type::Array(..) | Type::Opaque(_)), None) => Some(declared),
            (
                Type::FixedArray {
                    element,
                    len: Number::Known(len),
                    ..
                },
                None,
            ) if !has_size => Some(Type::Array(element, Some(literal(len)))),
            (Type::FixedOpaque(Number::Known(len)), None) if !has_size => {
                Some(Type::Opaque(Some(literal(len))))
            }
            _ => {
                let kind = if has_size {
                    Kind::SizeIs
                } else {
                    Kind::LengthIs
                };
                self.bad_counted(written, attributes.get(kind)?, kind);
                None
            }
        }
    }

    fn bad_counted(&mut self, written: Written<'_>, attribute: &Attribute, kind: Kind) {
        if written.suffixes.is_empty() {
            self.misplaced(attribute, kind);
            return;
        }
        let name = &attribute.name.name;
        let message = format!("`{name}` before what has a size of its own");
        let fault = Diagnostic::new(Code::AttributeConflict, attribute.span, message);
        self.diagnostics
            .push(fault.also(written.span, "its size stands behind the name"));
    }

    /// The bound that an attribute with a number gives; nothing where it names a sibling.
    #[expect(
        clippy::option_option,
        reason = "the outer one says that an error was reported"
    )]
    fn constant_count(
        &mut self,
        attributes: &Attributes<'_>,
        kind: Kind,
        siblings: &Siblings<'_>,
    ) -> Option<Option<Bound>> {
        let argument = attributes.get(kind).and_then(|one| one.arguments.first());
        let Some(argument) = argument else {
            return Some(None);
        };
        let Value::Name(name) = &argument.value else {
            return self.bound(Some(&argument.value));
        };
        if siblings.contains(name.name.as_str()) {
            return Some(None);
        }
        if argument.pointer.is_none() && self.constants.is_known(name, &self.visibility) {
            return self.bound(Some(&argument.value));
        }
        if self.broken.contains(&name.name) {
            return None;
        }
        let message = format!("`{}` is nothing that could count", name.name);
        let fault = Diagnostic::new(Code::BadCount, name.span, message);
        let near = similar(&name.name, siblings.iter().copied());
        self.diagnostics.push(match near {
            Some(similar) => fault.help(format!("did you mean `{similar}`?")),
            None if siblings.is_empty() => {
                fault.help("nothing stands beside it: give a number, or put both into a struct")
            }
            None => fault.help("a count is a parameter or field beside the array, or a constant"),
        });
        None
    }

    // ---- Ranges

    /// A type within the range of its attribute.
    fn within(&mut self, ty: Type, range: &Attribute) -> Option<Type> {
        let [first, last] = range.arguments.as_slice() else {
            return Some(ty);
        };
        let (min, max) = (
            self.integer(&first.value, "a range")?,
            self.integer(&last.value, "a range")?,
        );
        if min > max {
            let message = format!("no number is in the range from {min} to {max}");
            self.error(Code::BadRange, range.span, message);
            return None;
        }
        self.limited(ty, (min, max), range)
    }

    /// A type within a range; the attribute says where it was given.
    pub(super) fn limited(
        &mut self,
        ty: Type,
        (min, max): (i128, i128),
        range: &Attribute,
    ) -> Option<Type> {
        let value = match ty {
            Type::Optional { value, boxed } => {
                let value = Box::new(self.limited(*value, (min, max), range)?);
                return Some(Type::Optional { value, boxed });
            }
            Type::Opaque(_) | Type::String { .. } | Type::Array(..) => {
                return self.length_within(ty, (min, max), range);
            }
            ty => ty,
        };
        let Some((low, high)) = self.integer_range(&value) else {
            self.misplaced(range, Kind::Range);
            return None;
        };
        if min < low || max > high {
            let message = format!("the type goes from {low} to {high}");
            self.error(Code::BadRange, range.span, message);
            return None;
        }
        Some(Type::Ranged {
            value: Box::new(value),
            min,
            max,
        })
    }

    fn length_within(
        &mut self,
        mut ty: Type,
        (min, max): (i128, i128),
        range: &Attribute,
    ) -> Option<Type> {
        let (Type::Opaque(bound) | Type::String { max: bound, .. } | Type::Array(_, bound)) =
            &mut ty
        else {
            return Some(ty);
        };
        let declared = bound.as_ref().and_then(|bound| bound.max);
        let declared = declared.unwrap_or(u32::MAX);
        let limit = u32::try_from(max).ok().filter(|_| min >= 0);
        let Some(limit) = limit.filter(|_| min <= i128::from(declared)) else {
            let message = format!("a length here goes from 0 to {declared}");
            self.error(Code::BadRange, range.span, message);
            return None;
        };
        if limit < declared {
            *bound = Some(literal(limit));
        } else if bound.is_none() {
            *bound = Some(literal(declared));
        }
        if min == 0 {
            return Some(ty);
        }
        Some(Type::Ranged {
            max: i128::from(limit.min(declared)),
            value: Box::new(ty),
            min,
        })
    }

    /// The smallest and the largest number of an integer type.
    fn integer_range(&mut self, ty: &Type) -> Option<(i128, i128)> {
        match ty {
            Type::Int => Some((i32::MIN.into(), i32::MAX.into())),
            Type::UnsignedInt => Some((0, u32::MAX.into())),
            Type::Hyper => Some((i64::MIN.into(), i64::MAX.into())),
            Type::UnsignedHyper => Some((0, u64::MAX.into())),
            Type::Named(id) => match self.behind(*id)? {
                Behind::Type(ty) => self.integer_range(&ty),
                Behind::Body(..) => None,
            },
            _ => None,
        }
    }

    /// What a type of the file is another name of, perhaps itself; nothing where a typedef has a
    /// pointer or brackets, or its type is not known.
    pub(super) fn behind(&mut self, id: TypeId) -> Option<Behind<'a>> {
        let (mut names, mut next) = (Vec::new(), Some(id));
        let mut found = None;
        while let Some(id) = next.take() {
            if let Some(known) = self.behind.get(&id) {
                found.clone_from(known);
                break;
            }
            // Typedefs that define each other are a fault that is reported elsewhere.
            self.behind.insert(id, None);
            names.push(id);
            (found, next) = self.directly_behind(id);
        }
        // So that a long chain is followed once.
        for id in names {
            self.behind.insert(id, found.clone());
        }
        found
    }

    /// What a type is another name of, or the typedef that says more.
    fn directly_behind(&mut self, id: TypeId) -> (Option<Behind<'a>>, Option<TypeId>) {
        let declaration = match self.declarations.get(id).body {
            Body::Alias(declaration) => declaration,
            body => return (Some(Behind::Body(id, body)), None),
        };
        if declaration.pointer.is_some() || !declaration.suffixes.is_empty() {
            return (None, None);
        }
        let ty = match &declaration.specifier.kind {
            TypeSpecifierKind::Integer(words) => integer::from_words(words),
            TypeSpecifierKind::Plain(PlainType::Bool) => Some(Type::Bool),
            TypeSpecifierKind::Name(_, name) => match self.find_type(name) {
                Some(next) => return (None, Some(next)),
                None => self.outside_type(name),
            },
            _ => None,
        };
        (ty.map(Behind::Type), None)
    }
}

/// A bound that no constant says.
fn literal(max: u32) -> Bound {
    Bound {
        max: Some(max),
        constant: None,
    }
}

/// A value behind a pointer that attributes make a reference, unless `unique` is among them.
fn maybe_null(attributes: &Attributes<'_>, value: Type) -> Type {
    if attributes.has(Kind::Unique) {
        optional(value)
    } else {
        value
    }
}
