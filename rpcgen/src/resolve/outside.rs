//! What comes from outside of the interface files: constants and types of a module of the user's,
//! and macros that C programs would see.

use super::{
    Resolver, attributed::Behind, constants::Surroundings, integer, missing, types,
    union::Discriminant,
};
use crate::{
    ast::{Ident, Value},
    config::Undefined,
    model::{
        Constant, ConstantUse, ConstantValue, ExternConstant, ExternItem, ExternKind, Item, Label,
        MissingName, Number, Type,
    },
    preprocess::{self, MacroConstant},
    source::Span,
};
use std::collections::HashSet;

/// What a case of a union says.
pub(super) enum Case {
    Number(i128),
    Extern(ExternConstant),
}

impl Resolver<'_> {
    /// The number that a value stands for, within the range of a type, or the constant that only
    /// the Rust compiler knows.
    pub(super) fn number_or_extern<T: TryFrom<i128>>(
        &mut self,
        value: &Value,
        what: &str,
        kind: ExternKind,
    ) -> Option<Number<T>> {
        if let Value::Name(name) = value
            && let ConstantValue::Extern(constant) = self.evaluate(name, what)?
        {
            let used = self.extern_constant(&constant, kind, value.span());
            return Some(Number::Constant(used));
        }
        self.number(value, what).map(Number::Known)
    }

    /// The number of a program, a version or a procedure.
    pub(super) fn protocol_number(&mut self, value: &Value, what: &str) -> Option<Number<u32>> {
        self.number_or_extern(value, what, ExternKind::UnsignedInt)
    }

    /// What a case says.
    pub(super) fn case_value(&mut self, case: &Value) -> Option<Case> {
        if let Value::Name(name) = case
            && let ConstantValue::Extern(constant) = self.evaluate(name, "a case")?
        {
            return Some(Case::Extern(constant));
        }
        self.integer(case, "a case").map(Case::Number)
    }

    /// The label of an extern constant, if a discriminant can have it.
    pub(super) fn extern_label(
        &mut self,
        constant: &ExternConstant,
        kind: &Discriminant,
        span: Span,
    ) -> Option<Label> {
        match kind {
            Discriminant::Integer(ty) => {
                let used = self.extern_constant(constant, kind_of(ty), span);
                Some(Label::Number(Number::Constant(used)))
            }
            Discriminant::Bool => None,
            Discriminant::Enum { enumerators, .. } => {
                let value = ConstantValue::Extern(constant.clone());
                let (name, number) = enumerators.get(&value)?;
                Some(Label::Enumerator(
                    self.config.names.variant_name(name),
                    number.clone(),
                ))
            }
        }
    }

    /// The type of a name that the file does not define: the command line, the language or a macro
    /// says it.
    pub(super) fn given_type(&self, name: &Ident) -> Option<Type> {
        self.extern_type(&name.name)
            .or_else(|| integer::from_name(&name.name))
            .or_else(|| self.macro_type(name))
    }

    /// The type that the command line gives to a name.
    fn extern_type(&self, name: &str) -> Option<Type> {
        let mut types = self.config.extern_types.iter();
        let (_, path) = types.find(|(idl, _)| idl == name)?;
        Some(match path.as_str() {
            "i32" => Type::Int,
            "u32" => Type::UnsignedInt,
            "i64" => Type::Hyper,
            "u64" => Type::UnsignedHyper,
            "f32" => Type::Float,
            "f64" => Type::Double,
            "bool" => Type::Bool,
            path => Type::Extern(path.to_owned()),
        })
    }

    /// The type that a macro stands for: `%#define u_quad unsigned long long`.
    fn macro_type(&self, name: &Ident) -> Option<Type> {
        let from = self.visibility.unit(name.span);
        let is_seen = |found: &&&MacroConstant| {
            let unit = self.visibility.unit(found.span);
            self.visibility.rank(from, unit).is_some()
        };
        let mut found = self.macros.by_name.get(name.name.as_str())?.iter();
        let found = found.find(is_seen)?;
        let words: Vec<String> = preprocess::tokens(&found.value)
            .map(str::to_owned)
            .collect();
        if words.is_empty() {
            return None;
        }
        integer::from_words(&words)
    }

    /// The type of a name that no file defines, from wherever it comes.
    pub(super) fn outside_type(&self, name: &Ident) -> Option<Type> {
        let from_module = || match &self.config.undefined {
            Undefined::Error => None,
            Undefined::Extern { module } => Some(Type::Extern(format!("{module}::{}", name.name))),
        };
        self.given_type(name).or_else(from_module)
    }

    /// Whether a type is one of the user's, perhaps by another name.
    pub(super) fn is_extern(&mut self, ty: &Type) -> bool {
        match ty {
            Type::Named(id) => matches!(self.behind(*id), Some(Behind::Type(Type::Extern(_)))),
            ty => matches!(ty, Type::Extern(_)),
        }
    }

    /// An extern constant as a type. The first type that it is needed as has the plain name.
    pub(super) fn extern_constant(
        &mut self,
        constant: &ExternConstant,
        kind: ExternKind,
        span: Span,
    ) -> ConstantUse {
        let unit = self.output(span);
        let key = (unit, constant.clone(), kind);
        if let Some(known) = self.extern_names.get(&key) {
            return known.clone();
        }
        let mut idl = constant.name.clone();
        if constant.plus != 0 {
            idl = format!("{idl}_plus_{}", constant.plus);
        }
        if !self.extern_plain_names.insert((unit, constant.clone())) {
            idl = format!("{idl}_as_{}", kind.rust_type());
        }
        let rust = self.config.names.constant_name(&idl);
        self.claim(false, &rust, &idl, span);
        let item = ExternItem {
            rust: rust.clone(),
            constant: constant.clone(),
            kind,
        };
        if let Some(root) = self.root(span) {
            root.extern_items.push(Item::Extern(item));
        }
        let used = ConstantUse { unit, rust };
        self.extern_names.insert(key, used.clone());
        used
    }

    /// Adds what comes from outside, in front of what the files define.
    pub(super) fn add_outside(&mut self, items: &mut [Vec<Item>]) {
        self.add_macros(items);
        for (items, root) in items.iter_mut().zip(&mut self.roots) {
            items.splice(0..0, root.extern_items.drain(..));
        }
    }

    /// Adds the macros that are numbers, as constants; one whose name is taken in Rust is left out.
    fn add_macros(&mut self, items: &mut [Vec<Item>]) {
        let mut seen = HashSet::new();
        let mut found_items: Vec<Vec<Item>> = items.iter().map(|_| Vec::new()).collect();
        for found in std::mem::take(&mut self.macros.in_order) {
            let mut around = Surroundings {
                visibility: &self.visibility,
                missing: &mut self.missing,
            };
            let number = self
                .constants
                .macro_number(found, &mut around, self.diagnostics);
            let output = self.output(found.span);
            let Some(number) = number.filter(|_| seen.insert((output, &found.name))) else {
                continue;
            };
            let rust = self.config.names.constant_name(&found.name);
            let Some(root) = self.root(found.span) else {
                continue;
            };
            if root.values.take(&rust, &found.name, found.span).is_err() {
                continue;
            }
            let mut name = self.name(&found.name, rust, None, found.span);
            name.text.insert_str(0, "#define ");
            let value = ConstantValue::Integer(number);
            if let Some(items) = found_items.get_mut(output.0) {
                items.push(Item::Constant(Constant { name, value }));
            }
        }
        for (items, found) in items.iter_mut().zip(found_items) {
            items.splice(0..0, found);
        }
    }

    /// The module that has what the files do not define, and the names that it has to have; where
    /// there is none, reports what is missing.
    pub(super) fn outside(self) -> (Option<String>, Vec<MissingName>) {
        let missing = self.missing.into_names();
        if let Undefined::Extern { module } = &self.config.undefined {
            return (Some(module.clone()), missing);
        }
        let declared = self.declarations.types().iter();
        let declared = declared.map(|one| one.name.as_str());
        let broken: Vec<&str> = self.broken.iter().map(String::as_str).collect();
        let c_names = integer::C_NAMES.iter().map(|(name, _)| *name);
        let types = declared.chain(types::TYPE_WORDS).chain(c_names);
        let types: Vec<&str> = types.chain(broken.iter().copied()).collect();
        let constants: Vec<&str> = self.constants.names().chain(broken).collect();
        missing::report(missing, &types, &constants, self.diagnostics);
        (None, Vec::new())
    }
}

/// The type that a case of an integer is needed as.
fn kind_of(ty: &Type) -> ExternKind {
    match ty {
        Type::UnsignedInt => ExternKind::UnsignedInt,
        Type::Hyper => ExternKind::Hyper,
        Type::UnsignedHyper => ExternKind::UnsignedHyper,
        _ => ExternKind::Int,
    }
}
