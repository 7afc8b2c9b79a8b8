//! Attributes: `[name]` and `[name(arguments)]`.

use super::Resolver;
use crate::{
    ast::{Argument, Attribute, Value},
    diagnostic::{Code, Diagnostic},
    source::Span,
};
use std::collections::BTreeMap;

impl Resolver<'_> {
    pub(super) fn interface_attributes(&mut self, attributes: &[Attribute]) -> Pins {
        let mut pins = Pins::default();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for attribute in attributes {
            let name = attribute.name.name.as_str();
            if let Some(first) = seen.insert(name, attribute.span) {
                let message = format!("`{name}` is given twice");
                let fault = Diagnostic::new(Code::BadAttribute, attribute.span, message);
                self.diagnostics.push(fault.also(first, "the first one"));
                continue;
            }
            match name {
                "program" => pins.program = self.attribute_number(attribute),
                "version" => pins.version = self.attribute_number(attribute),
                _ => self.unsupported_attribute(attribute),
            }
        }
        pins
    }

    fn attribute_number(&mut self, attribute: &Attribute) -> Option<u32> {
        let name = &attribute.name.name;
        if let [
            Argument {
                pointer: None,
                value: value @ (Value::Number(..) | Value::Name(_)),
            },
        ] = attribute.arguments.as_slice()
        {
            return self.number(value, &format!("a {name} number (32 bits, unsigned)"));
        }
        let message = format!("`{name}` takes one number");
        self.error(Code::BadAttribute, attribute.span, message);
        None
    }

    pub(super) fn parameter_attribute(&mut self, attribute: &Attribute) {
        // `in` is what a parameter is anyway.
        if attribute.name.name != "in" || !attribute.arguments.is_empty() {
            self.unsupported_attribute(attribute);
        }
    }

    pub(super) fn unsupported_attribute(&mut self, attribute: &Attribute) {
        let name = &attribute.name.name;
        let (code, message) = match name.as_str() {
            "program" | "version" => (
                Code::BadAttribute,
                format!("`{name}` belongs before an `interface`"),
            ),
            _ if ATTRIBUTES.contains(&name.as_str()) => (
                Code::Unsupported,
                format!("this release does not support `{name}` here"),
            ),
            _ => (
                Code::BadAttribute,
                format!("there is no attribute `{name}`"),
            ),
        };
        self.error(code, attribute.span, message);
    }
}

/// Attributes of the language beside `program` and `version`.
const ATTRIBUTES: &[&str] = &[
    "broadcast",
    "deadline",
    "deprecated",
    "first_is",
    "idempotent",
    "in",
    "last_is",
    "length_is",
    "max_is",
    "maybe",
    "oneway",
    "out",
    "range",
    "ref",
    "size_is",
    "string",
    "unique",
];

/// The numbers that attributes of an interface give.
#[derive(Default)]
pub(super) struct Pins {
    pub(super) program: Option<u32>,
    pub(super) version: Option<u32>,
}
