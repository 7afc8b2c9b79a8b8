//! Constants, enumerators and macros: one name space for each file (RFC 4506 §6.4).

use super::{
    constant_value::{builtin, plus, signed},
    identical::Ambiguous,
    missing::Missing,
    visible::{Index, Visibility},
};
use crate::{
    ast::{EnumBody, Ident, Value},
    diagnostic::{Code, Diagnostic, Diagnostics},
    model::{ConstantValue, UnitId},
    preprocess::{self, MacroConstant},
    source::Span,
};
use std::{collections::HashSet, rc::Rc};

/// All constants.
#[derive(Debug, Default)]
pub(super) struct Constants {
    entries: Vec<Entry>,
    index: Index<ConstantId>,
    /// Macros that were reported to be no number, each once.
    reported: HashSet<String>,
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
    /// A macro, which is a constant where nothing else has its name.
    Macro,
}

#[derive(Debug, Clone)]
enum State {
    Known(ConstantValue),
    /// What another constant is, plus this.
    Refers(Ident, i128),
    /// What a macro stands for.
    Text(Rc<str>),
    /// What a macro stands for is no number.
    NoNumber,
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

    /// The names that must be known before this is.
    fn needs(&self, span: Span) -> Vec<Ident> {
        match self {
            Self::Refers(next, _) => vec![next.clone()],
            Self::Text(text) => {
                let names = preprocess::names(text).map(str::to_owned);
                names.map(|name| Ident { name, span }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Refers(..) | Self::Text(_))
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
pub(super) struct Surroundings<'a, 'm> {
    pub(super) visibility: &'a Visibility,
    pub(super) missing: &'a mut Missing<'m>,
}

// ---- Definitions

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

    /// Takes in a macro of a unit, when all its other definitions are there: they come first. One
    /// that is defined in two ways is no number.
    pub(super) fn define_macro(&mut self, unit: UnitId, found: &MacroConstant) {
        let text: Rc<str> = Rc::from(found.value.as_str());
        let Some(own) = self.index.own(unit, &found.name) else {
            let id = ConstantId(self.entries.len());
            self.index.insert(unit, &found.name, id);
            self.entries.push(Entry {
                name: ident_of(found),
                unit,
                kind: Kind::Macro,
                state: State::Text(text),
            });
            return;
        };
        if let Some(first) = self.entries.get_mut(own.0)
            && first.kind == Kind::Macro
            && !matches!(&first.state, State::Text(other) if *other == text)
        {
            first.state = State::NoNumber;
        }
    }

    /// The names of all constants, and of the macros that are numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let entries = self.entries.iter();
        let numbers = entries.filter(|entry| !matches!(entry.state, State::NoNumber));
        numbers.map(|entry| entry.name.name.as_str())
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
}

// ---- Values

impl Constants {
    /// The value of a constant, which is used as `what`; `None` where a fault was reported.
    pub(super) fn evaluate(
        &mut self,
        name: &Ident,
        what: &str,
        around: &mut Surroundings<'_, '_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<ConstantValue> {
        self.settle(name, around, diagnostics);
        self.used(name, what, around, diagnostics)
    }

    /// The number that a macro stands for, if it stands for one.
    pub(super) fn macro_number(
        &mut self,
        found: &MacroConstant,
        around: &mut Surroundings<'_, '_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<i128> {
        let name = ident_of(found);
        self.settle(&name, around, diagnostics);
        let own = self
            .index
            .own(around.visibility.unit(name.span), &name.name)?;
        let entry = self.entries.get(own.0)?;
        match entry.state {
            State::Known(ConstantValue::Integer(number)) if entry.kind == Kind::Macro => {
                Some(number)
            }
            _ => None,
        }
    }

    /// Evaluates a constant behind all that it needs, without recursion: each may need the next.
    fn settle(
        &mut self,
        name: &Ident,
        around: &mut Surroundings<'_, '_>,
        diagnostics: &mut Diagnostics,
    ) {
        // Constants under evaluation, each with the names that it still waits for.
        let mut open: Vec<(ConstantId, Vec<Ident>)> = Vec::new();
        let mut is_open = HashSet::new();
        let mut next = Some(name.clone());
        loop {
            if let Some(name) = next.take()
                && let Some(id) = self.find(&name, around.visibility)
                && let Some(entry) = self.entries.get_mut(id.0)
                && entry.state.is_open()
            {
                if is_open.insert(id) {
                    open.push((id, entry.state.needs(entry.name.span)));
                } else if entry.kind == Kind::Macro {
                    entry.state = State::NoNumber;
                } else {
                    entry.state = State::Broken;
                    diagnostics.push(cyclic(&name, entry.name.span));
                }
            }
            let Some((_, waiting)) = open.last_mut() else {
                return;
            };
            next = waiting.pop();
            if next.is_none()
                && let Some((id, _)) = open.pop()
            {
                is_open.remove(&id);
                self.finish(id, around, diagnostics);
            }
        }
    }

    /// Evaluates a constant when all that it needs is known.
    fn finish(
        &mut self,
        id: ConstantId,
        around: &mut Surroundings<'_, '_>,
        diagnostics: &mut Diagnostics,
    ) {
        let entry = self.entries.get(id.0);
        let Some((name, state)) = entry.map(|entry| (entry.name.clone(), entry.state.clone()))
        else {
            return;
        };
        let state = match state {
            State::Refers(next, add) => self
                .used(&next, "a value", around, diagnostics)
                .and_then(|value| plus(value, add, &name, diagnostics))
                .map_or(State::Broken, State::Known),
            State::Text(text) => {
                let unit = around.visibility.unit(name.span);
                let number = |name: &str| self.number(name, unit, around.visibility);
                let number = preprocess::evaluate(&text, &number);
                let number = number.filter(|number| super::fits_64_bits(*number));
                number.map_or(State::NoNumber, |number| {
                    State::Known(ConstantValue::Integer(number))
                })
            }
            _ => return,
        };
        if let Some(entry) = self.entries.get_mut(id.0) {
            entry.state = state;
        }
    }

    /// The number of a name in a unit, if it has one and that is known by now.
    fn number(&self, name: &str, unit: UnitId, visibility: &Visibility) -> Option<i128> {
        let value = match self.index.seen(visibility, unit, name) {
            Some(seen) => match &self.entries.get(seen.nearest.0)?.state {
                State::Known(value) => value.clone(),
                _ => return None,
            },
            None => builtin(name)?,
        };
        match value {
            ConstantValue::Integer(number) => Some(number),
            ConstantValue::Text(_) | ConstantValue::Extern(_) => None,
        }
    }

    /// The value of a settled name; reports where it has none.
    fn used(
        &mut self,
        name: &Ident,
        what: &str,
        around: &mut Surroundings<'_, '_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<ConstantValue> {
        let found = self.find(name, around.visibility);
        match found.and_then(|id| self.entries.get(id.0)) {
            Some(entry) => match &entry.state {
                State::Known(value) => return Some(value.clone()),
                State::NoNumber if around.missing.are_extern() => {}
                State::NoNumber => {
                    if self.reported.insert(name.name.clone()) {
                        diagnostics.push(no_number(name, entry.name.span));
                    }
                    return None;
                }
                _ => return None,
            },
            None => {
                if let Some(value) = builtin(&name.name) {
                    return Some(value);
                }
            }
        }
        let missing = around.missing.constant(name, what);
        missing.map(ConstantValue::Extern)
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
        around: &mut Surroundings<'_, '_>,
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
                    self.evaluate(&one, "a value", around, diagnostics),
                    self.evaluate(&other, "a value", around, diagnostics),
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
}

/// The name of a macro, at its place.
fn ident_of(found: &MacroConstant) -> Ident {
    Ident {
        name: found.name.clone(),
        span: found.span,
    }
}

fn no_number(name: &Ident, definition: Span) -> Diagnostic {
    let message = format!("`{}` stands for no number that is known here", name.name);
    Diagnostic::new(Code::MacroWithoutNumber, name.span, message)
        .also(definition, "the macro is defined here")
        .help(format!(
            "give its value: `-D {}=…`, or write it here",
            name.name
        ))
}

fn cyclic(name: &Ident, definition: Span) -> Diagnostic {
    let message = format!("the constant `{}` is defined by itself", name.name);
    let fault = Diagnostic::new(Code::CyclicConstant, name.span, message);
    fault.also(
        definition,
        "its definition begins here, and leads back to it",
    )
}
