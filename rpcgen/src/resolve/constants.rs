//! Constants and enumerators: one name space for each file (RFC 4506 §6.4).

use super::{
    identical::Ambiguous,
    visible::{Index, Visibility},
};
use crate::{
    ast::{EnumBody, Ident, Value},
    diagnostic::{Code, Diagnostic, Diagnostics, similar},
    model::{ConstantValue, UnitId},
    source::Span,
};
use std::collections::HashSet;

/// All constants.
#[derive(Debug, Default)]
pub(super) struct Constants {
    entries: Vec<Entry>,
    index: Index<ConstantId>,
    /// Names that were reported as undefined, each once.
    undefined: HashSet<String>,
    /// Uses of names that several imports define, each name once in a unit.
    ambiguous: Vec<Ambiguous<ConstantId>>,
    known_ambiguous: HashSet<(UnitId, String)>,
}

/// A constant of [`Constants`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ConstantId(usize);

#[derive(Debug)]
struct Entry {
    name: Ident,
    unit: UnitId,
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

/// What is looked at to find the value of a constant.
pub(super) struct Surroundings<'a> {
    pub(super) visibility: &'a Visibility,
    /// Names that may be defined in what could not be read.
    pub(super) broken: &'a HashSet<String>,
}

impl Constants {
    /// Takes in `const name = value`; tells whether the name was free.
    pub(super) fn define(
        &mut self,
        unit: UnitId,
        name: &Ident,
        value: &Value,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        let entry = Entry {
            name: name.clone(),
            unit,
            kind: Kind::Constant,
            state: State::from(value),
        };
        self.insert(entry, diagnostics)
    }

    /// Takes in the enumerators of an enum: one without a value is one more than the one before.
    pub(super) fn define_enum(
        &mut self,
        unit: UnitId,
        body: &EnumBody,
        diagnostics: &mut Diagnostics,
    ) {
        self.define_enumerators(unit, body, Kind::Enumerator, diagnostics);
    }

    /// As `define_enum`, for an enum without a name.
    pub(super) fn define_nested_enum(
        &mut self,
        unit: UnitId,
        body: &EnumBody,
        diagnostics: &mut Diagnostics,
    ) {
        self.define_enumerators(unit, body, Kind::Nested, diagnostics);
    }

    fn define_enumerators(
        &mut self,
        unit: UnitId,
        body: &EnumBody,
        kind: Kind,
        diagnostics: &mut Diagnostics,
    ) {
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
            let entry = Entry {
                name: enumerator.name.clone(),
                unit,
                kind,
                state,
            };
            self.insert(entry, diagnostics);
            previous = Some(&enumerator.name);
        }
    }

    fn insert(&mut self, entry: Entry, diagnostics: &mut Diagnostics) -> bool {
        let own = self.index.own(entry.unit, &entry.name.name);
        if let Some(first) = own.and_then(|id| self.entries.get(id.0)) {
            if !(first.kind.may_be_repeated_by(entry.kind) && first.state.is_same(&entry.state)) {
                diagnostics.push(super::duplicate_name(&entry.name, first.name.span));
            }
            return false;
        }
        let id = ConstantId(self.entries.len());
        self.index.insert(entry.unit, &entry.name.name, id);
        self.entries.push(entry);
        true
    }

    /// The `const` that a name means, and its unit; nothing for an enumerator.
    pub(super) fn constant(&self, name: &Ident, visibility: &Visibility) -> Option<UnitId> {
        let from = visibility.unit(name.span);
        let seen = self.index.seen(visibility, from, &name.name)?;
        let entry = self.entries.get(seen.nearest.0)?;
        (entry.kind == Kind::Constant).then_some(entry.unit)
    }

    /// Whether a name is one of a constant or an enumerator.
    pub(super) fn is_known(&self, name: &Ident, visibility: &Visibility) -> bool {
        let from = visibility.unit(name.span);
        self.index.seen(visibility, from, &name.name).is_some()
    }

    /// The value of a constant; `None` where that was reported.
    ///
    /// A definition refers to one other at the most, so this is a walk along a chain and back.
    pub(super) fn evaluate(
        &mut self,
        name: &Ident,
        around: &Surroundings<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<ConstantValue> {
        let mut chain: Vec<(ConstantId, i128)> = Vec::new();
        let mut on_chain = HashSet::new();
        let mut current = name.clone();
        let mut value = loop {
            let Some(id) = self.find(&current, around.visibility) else {
                let value = builtin(&current.name);
                if value.is_none() {
                    self.report_undefined(&current, around, diagnostics);
                }
                break value;
            };
            match self.entries.get(id.0).map(|entry| entry.state.clone()) {
                Some(State::Known(value)) => break Some(value),
                Some(State::Broken) | None => break None,
                Some(State::Refers(next, add)) => {
                    if !on_chain.insert(id) {
                        let defined = self.entries.get(id.0).map(|entry| entry.name.span);
                        diagnostics.push(cyclic(&current, defined));
                        break None;
                    }
                    chain.push((id, add));
                    current = next;
                }
            }
        };
        for (link, add) in chain.iter().rev() {
            let Some(entry) = self.entries.get_mut(link.0) else {
                continue;
            };
            value = value.and_then(|value| plus(value, *add, &entry.name, diagnostics));
            entry.state = value.clone().map_or(State::Broken, State::Known);
        }
        value
    }

    /// The constant that a name means where it stands.
    fn find(&mut self, name: &Ident, visibility: &Visibility) -> Option<ConstantId> {
        let from = visibility.unit(name.span);
        let seen = self.index.seen(visibility, from, &name.name)?;
        if !seen.others.is_empty() && self.known_ambiguous.insert((from, name.name.clone())) {
            self.ambiguous.push(Ambiguous {
                name: name.clone(),
                first: seen.nearest,
                others: seen.others,
            });
        }
        Some(seen.nearest)
    }

    /// Reports names that mean one thing in one import and another one in another.
    pub(super) fn check_ambiguous(
        &mut self,
        around: &Surroundings<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        // Evaluation may find further ones.
        let mut next = 0;
        while let Some(ambiguous) = self.ambiguous.get(next) {
            next += 1;
            let (name, first) = (ambiguous.name.clone(), ambiguous.first);
            for other in ambiguous.others.clone() {
                let names = [first, other].map(|id| self.entries.get(id.0).map(|one| &one.name));
                let [Some(one), Some(other)] = names.map(Option::<&Ident>::cloned) else {
                    continue;
                };
                // A definition has the value that it has in its own unit.
                let (Some(first), Some(second)) = (
                    self.evaluate(&one, around, diagnostics),
                    self.evaluate(&other, around, diagnostics),
                ) else {
                    continue;
                };
                if first != second {
                    diagnostics.push(super::ambiguous_name(&name, one.span, other.span));
                    break;
                }
            }
        }
    }

    fn report_undefined(
        &mut self,
        name: &Ident,
        around: &Surroundings<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        if around.broken.contains(&name.name) || !self.undefined.insert(name.name.clone()) {
            return;
        }
        let message = format!("the constant `{}` is not defined", name.name);
        // After so many errors nobody reads this one.
        let similar = (!diagnostics.is_full()).then(|| similar(&name.name, self.index.names()));
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

fn cyclic(name: &Ident, defined: Option<Span>) -> Diagnostic {
    let message = format!("the constant `{}` is defined by itself", name.name);
    let fault = Diagnostic::new(Code::CyclicConstant, name.span, message);
    match defined {
        Some(place) => fault.also(place, "its definition begins here, and leads back to it"),
        None => fault,
    }
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
