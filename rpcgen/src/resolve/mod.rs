//! AST to model: every name looked up, every rule checked, every fault reported.

mod analysis;
mod attribute;
mod collect;
mod constants;
mod graph;
mod integer;
mod list;
mod program;
mod types;
mod union;

pub use analysis::{memory_size, min_size, traits};

use crate::{
    ast::{Ident, Value},
    diagnostic::{Code, Diagnostic, Diagnostics},
    model::{Constant, ConstantValue, Item, Model, Name, TypeId},
    names::Scope,
    parse::Parsed,
    source::{FileId, SourceMap, Span},
};
use collect::Declarations;
use constants::Constants;
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

/// What becomes of `string`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strings {
    /// `String` where it is written in an `.idl` file, a byte string anywhere else.
    #[default]
    ByDialect,
    /// `String`, and anything that is not UTF-8 is an error.
    Utf8,
    /// A byte string.
    Bytes,
}

/// Resolves what was parsed of the file `root` and of those that it includes.
///
/// Returns `None` where there are errors, from here or from before.
pub fn resolve(
    parsed: &Parsed,
    root: FileId,
    strings: Strings,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Model> {
    let mut constants = Constants::default();
    let declarations = collect::collect(&parsed.file, sources, &mut constants, diagnostics);
    let mut resolver = Resolver {
        broken: &parsed.broken,
        strings,
        sources,
        diagnostics,
        constants,
        declarations,
        undefined_types: HashSet::new(),
        enumerators: HashMap::new(),
        root_values: Scope::default(),
        root_types: Scope::default(),
    };
    let items = resolver.items();
    let types = resolver.types();
    let types = list::find_lists(types);
    let types = analysis::analyse(types, &resolver.declarations, resolver.diagnostics);
    let programs = resolver.programs(&parsed.file, types.as_deref().unwrap_or_default());
    if diagnostics.has_errors() {
        return None;
    }
    let source = sources.file(root);
    Some(Model {
        source: source.name.clone(),
        module: source.stem().map(crate::names::value_name),
        items,
        types: types?,
        programs,
    })
}

struct Resolver<'a> {
    broken: &'a HashSet<String>,
    strings: Strings,
    sources: &'a SourceMap,
    diagnostics: &'a mut Diagnostics,
    constants: Constants,
    declarations: Declarations<'a>,
    /// Names that were reported as undefined, each once.
    undefined_types: HashSet<String>,
    /// The enumerators of the enums that unions are switched by.
    enumerators: HashMap<TypeId, Rc<union::Enumerators>>,
    /// Constants at the root of the generated file.
    root_values: Scope,
    /// Types and program modules at the root of the generated file.
    root_types: Scope,
}

impl Resolver<'_> {
    /// Constants and types, in the order of the file.
    fn items(&mut self) -> Vec<Item> {
        let order = std::mem::take(&mut self.declarations.order);
        order
            .iter()
            .filter_map(|declared| self.item(declared))
            .collect()
    }

    fn item(&mut self, declared: &collect::Declared<'_>) -> Option<Item> {
        match declared {
            collect::Declared::Type(id) => {
                let declaration = self.declarations.get(*id);
                let (name, span) = (declaration.name.clone(), declaration.name_span);
                let rust = crate::names::type_name(&name);
                self.claim(true, &rust, &name, span);
                Some(Item::Type(*id))
            }
            collect::Declared::Constant(constant) => {
                let rust = crate::names::constant_name(&constant.name.name);
                self.claim(false, &rust, &constant.name.name, constant.name.span);
                let value = self.evaluate(&constant.name)?;
                let name = self.name(
                    &constant.name.name,
                    rust,
                    constant.doc.as_ref(),
                    constant.span,
                );
                Some(Item::Constant(Constant { name, value }))
            }
        }
    }

    /// Takes a name at the root of the generated file.
    fn claim(&mut self, is_type: bool, rust: &str, idl: &str, span: Span) {
        let scope = if is_type {
            &mut self.root_types
        } else {
            &mut self.root_values
        };
        if let Err(clash) = scope.take(rust, idl, span) {
            self.diagnostics.push(clash);
        }
    }

    fn name(&self, idl: &str, rust: String, doc: Option<&String>, span: Span) -> Name {
        let text = self.sources.text(span).to_owned();
        Name {
            idl: idl.to_owned(),
            rust,
            doc: doc.cloned(),
            text,
        }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(code, span, message));
    }

    // ---- Numbers

    fn evaluate(&mut self, name: &Ident) -> Option<ConstantValue> {
        self.constants.evaluate(name, self.broken, self.diagnostics)
    }

    /// The number that a value stands for.
    fn integer(&mut self, value: &Value) -> Option<i128> {
        let found = match value {
            Value::Number(number, _) => return Some(*number),
            Value::Text(text, _) => ConstantValue::Text(text.clone()),
            Value::Name(name) => self.evaluate(name)?,
        };
        match found {
            ConstantValue::Integer(number) => Some(number),
            ConstantValue::Text(_) => {
                self.error(
                    Code::WrongKind,
                    value.span(),
                    "a number is needed here, not a text",
                );
                None
            }
        }
    }

    /// The number that a value stands for, within the range of a type.
    fn number<T: TryFrom<i128>>(&mut self, value: &Value, what: &str) -> Option<T> {
        let number = self.integer(value)?;
        let fitting = T::try_from(number).ok();
        if fitting.is_none() {
            let message = format!("{number} is not in the range of {what}");
            self.error(Code::OutOfRange, value.span(), message);
        }
        fitting
    }
}

fn duplicate_name(name: &Ident, first: Span) -> Diagnostic {
    let message = format!("`{}` is defined twice", name.name);
    Diagnostic::new(Code::DuplicateName, name.span, message).also(first, "first defined here")
}
