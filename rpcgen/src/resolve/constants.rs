//! Constants and enumerators: one name space for the whole file (RFC 4506 §6.4).

use crate::{
    ast::{EnumBody, Ident, Value},
    diagnostic::{Code, Diagnostic, Diagnostics, similar},
    model::ConstantValue,
    source::Span,
};
use std::collections::{HashMap, HashSet};

/// All constants, by name.
#[derive(Debug, Default)]
pub(super) struct Constants {
    entries: HashMap<String, Entry>,
    /// Names that were reported as undefined, each once.
    undefined: HashSet<String>,
}

#[derive(Debug)]
struct Entry {
    span: Span,
    kind: Kind,
    state: State,
}

/// What defines a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Constant,
    Enumerator,
    /// An enumerator of an enum without a name, which another such enum may repeat.
    Nested,
}

#[derive(Debug, Clone)]
enum State {
    Known(ConstantValue),
    /// What another constant is, plus this.
    Refers(Ident, i128),
    /// Was reported.
    Broken,
}

impl From<&Value> for State {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number, _) => Self::Known(ConstantValue::Integer(*number)),
            Value::Text(text, _) => Self::Known(ConstantValue::Text(text.clone())),
            Value::Name(other) => Self::Refers(other.clone(), 0),
        }
    }
}

impl State {
    /// Whether two definitions say the same.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => one == other,
            (Self::Refers(one, add), Self::Refers(other, other_add)) => {
                one.name == other.name && add == other_add
            }
            _ => false,
        }
    }
}

impl Kind {
    fn may_be_repeated_by(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Constant, Self::Constant) | (_, Self::Nested) | (Self::Nested, _)
        )
    }
}

impl Constants {
    /// Takes in `const name = value`; tells whether the name was free.
    pub(super) fn define(
        &mut self,
        name: &Ident,
        value: &Value,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        let state = State::from(value);
        self.insert(name, Kind::Constant, state, diagnostics)
    }

    /// Whether a name is one of a `const` rather than an enumerator.
    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.entries
            .get(name)
            .is_some_and(|entry| entry.kind == Kind::Constant)
    }

    /// Takes in the enumerators of an enum: one without a value is one more than the one before.
    pub(super) fn define_enum(&mut self, body: &EnumBody, diagnostics: &mut Diagnostics) {
        self.define_enumerators(body, Kind::Enumerator, diagnostics);
    }

    /// As `define_enum`, for an enum without a name.
    pub(super) fn define_nested_enum(&mut self, body: &EnumBody, diagnostics: &mut Diagnostics) {
        self.define_enumerators(body, Kind::Nested, diagnostics);
    }

    fn define_enumerators(&mut self, body: &EnumBody, kind: Kind, diagnostics: &mut Diagnostics) {
        let mut previous: Option<&Ident> = None;
        for enumerator in &body.enumerators {
            let state = match (&enumerator.value, previous) {
                (Some(Value::Number(number, span)), _) => {
                    let number = signed(*number, *span, diagnostics);
                    State::Known(ConstantValue::Integer(number))
                }
                (Some(value), _) => State::from(value),
                (None, None) => State::Known(ConstantValue::Integer(0)),
                (None, Some(previous)) => State::Refers(previous.clone(), 1),
            };
            self.insert(&enumerator.name, kind, state, diagnostics);
            previous = Some(&enumerator.name);
        }
    }

    fn insert(
        &mut self,
        name: &Ident,
        kind: Kind,
        state: State,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        if let Some(first) = self.entries.get(&name.name) {
            if !(first.kind.may_be_repeated_by(kind) && first.state.is_same(&state)) {
                diagnostics.push(super::duplicate_name(name, first.span));
            }
            return false;
        }
        self.entries.insert(
            name.name.clone(),
            Entry {
                span: name.span,
                kind,
                state,
            },
        );
        true
    }

    /// The value of a constant; `None` where that was reported.
    ///
    /// A definition refers to one other at the most, so this is a walk along a chain and back.
    pub(super) fn evaluate(
        &mut self,
        name: &Ident,
        broken: &HashSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> Option<ConstantValue> {
        let mut chain: Vec<(Ident, i128)> = Vec::new();
        let mut on_chain = HashSet::new();
        let mut current = name.clone();
        let mut value = loop {
            let state = self
                .entries
                .get(&current.name)
                .map(|entry| entry.state.clone());
            match state {
                Some(State::Known(value)) => break Some(value),
                Some(State::Broken) => break None,
                Some(State::Refers(next, add)) => {
                    if !on_chain.insert(current.name.clone()) {
                        diagnostics.push(cyclic(&current));
                        break None;
                    }
                    chain.push((current, add));
                    current = next;
                }
                None => {
                    let value = builtin(&current.name);
                    if value.is_none() {
                        self.report_undefined(&current, broken, diagnostics);
                    }
                    break value;
                }
            }
        };
        for (link, add) in chain.iter().rev() {
            value = value.and_then(|value| plus(value, *add, link, diagnostics));
            if let Some(entry) = self.entries.get_mut(&link.name) {
                entry.state = value.clone().map_or(State::Broken, State::Known);
            }
        }
        value
    }

    fn report_undefined(
        &mut self,
        name: &Ident,
        broken: &HashSet<String>,
        diagnostics: &mut Diagnostics,
    ) {
        if broken.contains(&name.name) || !self.undefined.insert(name.name.clone()) {
            return;
        }
        let message = format!("the constant `{}` is not defined", name.name);
        let known = self.entries.keys().map(String::as_str);
        // After so many errors nobody reads this one.
        let similar = (!diagnostics.is_full()).then(|| similar(&name.name, known));
        let fault = Diagnostic::new(Code::UndefinedConstant, name.span, message);
        diagnostics.push(match similar.flatten() {
            Some(similar) => fault.did_you_mean(name.span, &name.name, similar),
            None => fault.help(format!(
                "if a C header defines it, give its value: `-D {}=…`",
                name.name
            )),
        });
    }
}

/// The number of an enumerator: `0xFFFFFFFF` is what some write for -1.
fn signed(written: i128, span: Span, diagnostics: &mut Diagnostics) -> i128 {
    let number = match u32::try_from(written) {
        Ok(number) => i128::from(number.cast_signed()),
        Err(_) => written,
    };
    if number != written {
        let message = format!("an enum is a signed integer: {written} is {number}");
        let fault = Diagnostic::new(Code::EnumeratorWraps, span, message);
        diagnostics.push(fault.help("the four bytes on the wire are the same"));
    }
    number
}

fn cyclic(name: &Ident) -> Diagnostic {
    let message = format!("the constant `{}` is defined by itself", name.name);
    Diagnostic::new(Code::CyclicConstant, name.span, message)
}

fn plus(
    value: ConstantValue,
    add: i128,
    name: &Ident,
    diagnostics: &mut Diagnostics,
) -> Option<ConstantValue> {
    match value {
        ConstantValue::Integer(number) => Some(ConstantValue::Integer(number + add)),
        ConstantValue::Text(_) if add == 0 => Some(value),
        ConstantValue::Text(_) => {
            let message = format!("`{}` follows a text, which has no successor", name.name);
            diagnostics.push(Diagnostic::new(Code::WrongKind, name.span, message));
            None
        }
    }
}

/// The constants that the language itself has (RFC 4506 §4.4).
fn builtin(name: &str) -> Option<ConstantValue> {
    match name {
        "FALSE" => Some(ConstantValue::Integer(0)),
        "TRUE" => Some(ConstantValue::Integer(1)),
        _ => None,
    }
}
