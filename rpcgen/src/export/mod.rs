//! Model to `.x`: what C programs need to talk to the programs of an interface file.
//!
//! Names are such that the C `rpcgen` and a C compiler take them: the procedures of an interface,
//! which become macros in C, have the name of the interface before theirs.

mod procedure;
mod types;

use crate::model::{ConstantValue, Item, Model, Shape, Type, TypeId};
use std::collections::HashSet;

/// The `.x` file of all types and programs of a model.
#[must_use]
pub fn export(model: &Model) -> String {
    let mut exporter = Exporter {
        model,
        text: String::new(),
    };
    exporter.head();
    let items = || model.units.iter().flat_map(|unit| &unit.items);
    for item in items() {
        if let Item::Constant(constant) = item {
            let value = match &constant.value {
                ConstantValue::Integer(number) => number.to_string(),
                ConstantValue::Text(text) => format!("\"{text}\""),
                ConstantValue::Extern(constant) => constant.name.clone(),
            };
            exporter.definition(&format!("const {} = {value}", c_name(&constant.name.idl)));
        }
    }
    let ids = items().filter_map(|item| match item {
        Item::Type(id) => Some(*id),
        Item::Constant(_) | Item::Extern(_) => None,
    });
    for id in used_first(model, ids) {
        exporter.type_def(id);
    }
    for program in model.units.iter().flat_map(|unit| &unit.programs) {
        exporter.program(program);
    }
    exporter.text
}

struct Exporter<'a> {
    model: &'a Model,
    text: String,
}

impl Exporter<'_> {
    fn head(&mut self) {
        let sources = self.model.units.iter().map(|unit| unit.source.as_str());
        let sources: Vec<&str> = sources.collect();
        let sources = sources.join(", ");
        self.text = format!(
            "/* Made by `rpcgen export` from {sources}: what C programs need to talk to it. */\n"
        );
    }

    /// Adds a definition, without its `;`.
    fn definition(&mut self, text: &str) {
        self.text.push('\n');
        self.text.push_str(text);
        self.text.push_str(";\n");
    }

    /// Adds `struct name { … };` of these members.
    fn block(&mut self, head: &str, members: &[String]) {
        let members: String = members.iter().flat_map(|one| ["    ", one, "\n"]).collect();
        self.definition(&format!("{head} {{\n{members}}}"));
    }
}

/// Types in an order in which each stands behind those that it names, as C wants it; where types
/// name each other, in the order of the file.
fn used_first(model: &Model, ids: impl Iterator<Item = TypeId>) -> Vec<TypeId> {
    let mut seen: HashSet<TypeId> = HashSet::new();
    let mut order = Vec::new();
    for id in ids {
        // The types on the way, each with those that it names and that were not looked at.
        let mut way: Vec<(TypeId, Vec<TypeId>)> = Vec::new();
        if seen.insert(id) {
            way.push((id, named_by(model, id)));
        }
        while let Some((current, rest)) = way.last_mut() {
            match rest.pop() {
                Some(next) if seen.insert(next) => {
                    let named = named_by(model, next);
                    way.push((next, named));
                }
                Some(_) => {}
                None => {
                    order.push(*current);
                    way.pop();
                }
            }
        }
    }
    order
}

/// The types that a type names, the last one first.
fn named_by(model: &Model, id: TypeId) -> Vec<TypeId> {
    let shape = &model.type_def(id).shape;
    let discriminant = match shape {
        Shape::Union(union) => Some(&union.discriminant.ty),
        _ => None,
    };
    let types = discriminant.into_iter().chain(shape.types());
    let mut named: Vec<TypeId> = types.filter_map(named_in).collect();
    named.reverse();
    named
}

fn named_in(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Named(id) | Type::Boxed(id) | Type::List { node: id, .. } => Some(*id),
        Type::Optional { value: inner, .. }
        | Type::FixedArray { element: inner, .. }
        | Type::Ranged { value: inner, .. }
        | Type::Array(inner, _) => named_in(inner),
        _ => None,
    }
}

/// A name that C takes.
fn c_name(idl: &str) -> String {
    if C_KEYWORDS.contains(&idl) {
        format!("{idl}_")
    } else {
        idl.to_owned()
    }
}

/// The words of C that this language gives no meaning.
const C_KEYWORDS: &[&str] = &[
    "asm", "auto", "break", "continue", "do", "else", "extern", "for", "goto", "if", "inline",
    "register", "restrict", "return", "sizeof", "static", "volatile", "while",
];
