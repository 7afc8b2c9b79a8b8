//! AST to model: every name looked up, every rule checked, every fault reported.

mod analysis;
mod attribute;
mod attributed;
mod borrowed;
mod chain;
mod circle;
mod collect;
mod constant_value;
mod constants;
mod declaration;
mod graph;
mod identical;
mod integer;
mod list;
mod member;
mod missing;
mod nesting;
mod outside;
mod procedure;
mod program;
mod settings;
mod types;
mod union;
mod visible;
mod wire_size;

pub(crate) use analysis::named_in;
pub use analysis::{memory_size, traits};
pub use borrowed::borrows;
pub use program::derived_number;
pub use wire_size::{fields_wire_size, wire_size};

use crate::{
    ast::{Ident, Value},
    config::Config,
    diagnostic::{Code, Diagnostic, Diagnostics},
    import::Unit,
    model::{
        self, Constant, ConstantUse, ConstantValue, ExternConstant, ExternKind, Item, Model, Name,
        Program, TypeDef, TypeId, UnitId,
    },
    names::Scope,
    preprocess::MacroConstant,
    settings::Selected,
    source::{SourceMap, Span},
};
use attribute::Site;
use attributed::Behind;
use collect::Declarations;
use constants::{Constants, Surroundings};
use identical::{Ambiguous, Comparison};
use missing::Missing;
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};
use visible::Visibility;

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

/// Resolves a file and all that it imports.
///
/// Returns `None` where there are errors, from here or from before.
pub fn resolve(
    units: &[Unit],
    config: &Config,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Model> {
    let mut constants = Constants::default();
    let declarations = collect::collect(units, sources, &mut constants, diagnostics);
    let broken = units.iter().flat_map(|unit| &unit.parsed.broken);
    let broken: HashSet<String> = broken.cloned().collect();
    let outputs = if config.inline { 1 } else { units.len() };
    let mut resolver = Resolver {
        broken: &broken,
        config,
        sources,
        diagnostics,
        visibility: Visibility::new(units, sources),
        constants,
        declarations,
        macros: Macros::new(units),
        missing: Missing::new(&broken, &config.undefined),
        undefined_types: HashSet::new(),
        extern_names: HashMap::new(),
        extern_plain_names: HashSet::new(),
        ambiguous_types: HashMap::new(),
        enumerators: HashMap::new(),
        behind: HashMap::new(),
        roots: std::iter::repeat_with(Root::default)
            .take(outputs)
            .collect(),
        doubles: Vec::new(),
        selected: Selected::default(),
    };
    let mut items = resolver.items();
    let mut types = resolver.types();
    resolver.check_same(&types);
    resolver.apply_settings(&mut types);
    let types = list::find_lists(types, &mut |name| resolver.keeps_links(name));
    let mut types = analysis::analyse(types, &resolver.declarations, resolver.diagnostics);
    resolver.name_twins(types.as_deref_mut().unwrap_or_default());
    let programs = resolver.programs(units, types.as_deref().unwrap_or_default());
    resolver.add_outside(&mut items);
    let mut selected = std::mem::take(&mut resolver.selected);
    if let Some(types) = &types {
        let all = programs.iter().flatten();
        chain::note_long_chains(types, all, &resolver.declarations, resolver.diagnostics);
    }
    let (extern_module, missing) = resolver.outside();
    if diagnostics.has_errors() {
        return None;
    }
    let types = types?;
    if !config.types.is_empty() {
        settings::note_names(&mut selected, &types, programs.iter().flatten());
    }
    let contents = items.into_iter().zip(programs).collect();
    Some(Model {
        units: generated_units(units, contents, sources),
        types,
        selected,
        extern_module,
        missing,
    })
}

/// The units of the model, each with its contents; files that have none of their own are part of it.
fn generated_units(
    units: &[Unit],
    contents: Vec<(Vec<Item>, Vec<Program>)>,
    sources: &SourceMap,
) -> Vec<model::Unit> {
    let others = units.iter().skip(contents.len());
    let inlined = others.map(|unit| sources.file(unit.file).name.clone());
    let inlined: Vec<String> = inlined.collect();
    let units = units.iter().zip(contents);
    let units = units.map(|(unit, (items, programs))| {
        let source = sources.file(unit.file);
        model::Unit {
            source: source.name.clone(),
            inlined: inlined.clone(),
            module: source.stem().map(crate::names::value_name),
            items,
            programs,
        }
    });
    units.collect()
}

/// The macros of all units, by name.
struct Macros<'a> {
    by_name: HashMap<&'a str, Vec<&'a MacroConstant>>,
    in_order: Vec<&'a MacroConstant>,
}

impl<'a> Macros<'a> {
    fn new(units: &'a [Unit]) -> Self {
        let in_order: Vec<_> = units.iter().flat_map(|unit| &unit.macros).collect();
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        for &found in &in_order {
            by_name.entry(found.name.as_str()).or_default().push(found);
        }
        Self { by_name, in_order }
    }
}

struct Resolver<'a> {
    /// Names in what could not be parsed: they may be defined there.
    broken: &'a HashSet<String>,
    config: &'a Config,
    sources: &'a SourceMap,
    diagnostics: &'a mut Diagnostics,
    visibility: Visibility,
    constants: Constants,
    declarations: Declarations<'a>,
    macros: Macros<'a>,
    missing: Missing<'a>,
    /// Types that were reported, each once.
    undefined_types: HashSet<String>,
    /// Extern constants as the types that they are needed as.
    extern_names: HashMap<(UnitId, ExternConstant, ExternKind), ConstantUse>,
    extern_plain_names: HashSet<(UnitId, ExternConstant)>,
    /// Uses of names that several imports define, each name once in a unit.
    ambiguous_types: HashMap<(UnitId, String), Ambiguous<TypeId>>,
    /// The enumerators of the enums that unions are switched by.
    enumerators: HashMap<TypeId, Rc<union::Enumerators>>,
    /// What types are other names of, as far as that was asked.
    behind: HashMap<TypeId, Option<Behind<'a>>>,
    /// The root of each generated file.
    roots: Vec<Root>,
    /// Types of two units that become one file, where both have the same name.
    doubles: Vec<(TypeId, TypeId)>,
    /// What the selectors of the settings found.
    selected: Selected,
}

/// What stands at the root of a generated file.
#[derive(Default)]
struct Root {
    /// Constants in Rust.
    values: Scope,
    /// Types and program modules in Rust.
    types: Scope,
    /// What is taken from a module of the user's.
    extern_items: Vec<Item>,
    /// Types of the interface files.
    by_name: HashMap<String, TypeId>,
    /// Constants of the interface files, their values and places.
    constants: HashMap<String, (ConstantValue, Span)>,
}

impl Resolver<'_> {
    /// The unit that a definition is generated in.
    fn output(&self, definition: Span) -> UnitId {
        if self.config.inline {
            UnitId(0)
        } else {
            self.visibility.unit(definition)
        }
    }

    fn root(&mut self, definition: Span) -> Option<&mut Root> {
        let output = self.output(definition);
        self.roots.get_mut(output.0)
    }

    /// What the units have, by generated files: where all become one file, there is one.
    fn by_output<T>(&self, units: Vec<Vec<T>>) -> Vec<Vec<T>> {
        if self.config.inline {
            vec![units.into_iter().flatten().collect()]
        } else {
            units
        }
    }

    /// Constants and types of each generated file, in the order of the files.
    fn items(&mut self) -> Vec<Vec<Item>> {
        let mut items = Vec::new();
        for declared in std::mem::take(&mut self.declarations.units) {
            let of_unit = declared.iter().filter_map(|declared| self.item(declared));
            items.push(of_unit.collect());
        }
        self.by_output(items)
    }

    fn item(&mut self, declared: &collect::Declared<'_>) -> Option<Item> {
        match declared {
            collect::Declared::Type(id) => {
                let declaration = self.declarations.get(*id);
                let (name, span) = (declaration.name.clone(), declaration.name_span);
                if let Some(first) = self.root(span)?.by_name.insert(name.clone(), *id) {
                    self.doubles.push((first, *id));
                    return None;
                }
                let rust = self.config.names.type_name(&name);
                self.claim(true, &rust, &name, span);
                Some(Item::Type(*id))
            }
            collect::Declared::Constant(constant) => {
                let (idl, span) = (&constant.name.name, constant.name.span);
                let value = self.evaluate(&constant.name, "a value")?;
                let first = self.root(span)?.constants.get(idl).cloned();
                if let Some((first, place)) = first {
                    if first != value {
                        self.diagnostics.push(two_in_one(idl, span, place));
                    }
                    return None;
                }
                let rust = self.config.names.constant_name(idl);
                self.claim(false, &rust, idl, span);
                self.root(span)?
                    .constants
                    .insert(idl.clone(), (value.clone(), span));
                let mut name = self.name(idl, rust, constant.doc.as_ref(), constant.span);
                let attributes = self.attributes(&constant.attributes, Site::Definition);
                name.deprecated = attributes.deprecated();
                Some(Item::Constant(Constant { name, value }))
            }
        }
    }

    /// Reports names that mean one thing in one file and another one in another, where both are
    /// imported or both become one file.
    fn check_same(&mut self, types: &[TypeDef]) {
        let mut around = Surroundings {
            visibility: &self.visibility,
            missing: &mut self.missing,
        };
        self.constants
            .check_ambiguous(&mut around, self.diagnostics);
        let mut comparison = Comparison::new(types);
        for ambiguous in self.ambiguous_types.values() {
            let first = ambiguous.first;
            let mut others = ambiguous.others.iter();
            if let Some(other) = others.find(|other| !comparison.are_identical(first, **other)) {
                let [first, other] = [first, *other].map(|id| self.declarations.get(id).name_span);
                self.diagnostics
                    .push(ambiguous_name(&ambiguous.name, first, other));
            }
        }
        for &(first, other) in &self.doubles {
            if !comparison.are_identical(first, other) {
                let [first, other] = [first, other].map(|id| self.declarations.get(id));
                let fault = two_in_one(&other.name, other.name_span, first.name_span);
                self.diagnostics.push(fault);
            }
        }
    }

    /// Takes a name at the root of the generated file.
    fn claim(&mut self, is_type: bool, rust: &str, idl: &str, span: Span) {
        let Some(root) = self.root(span) else { return };
        let scope = if is_type {
            &mut root.types
        } else {
            &mut root.values
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
            attributes: Vec::new(),
            deprecated: None,
        }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(code, span, message));
    }

    // ---- Numbers

    /// The value of a constant that is used as `what`.
    fn evaluate(&mut self, name: &Ident, what: &str) -> Option<ConstantValue> {
        let mut around = Surroundings {
            visibility: &self.visibility,
            missing: &mut self.missing,
        };
        self.constants
            .evaluate(name, what, &mut around, self.diagnostics)
    }

    /// The number that a value stands for.
    fn integer(&mut self, value: &Value, what: &str) -> Option<i128> {
        let found = match value {
            Value::Number(number, _) => return Some(*number),
            Value::Text(text, _) => ConstantValue::Text(text.clone()),
            Value::Name(name) => self.evaluate(name, what)?,
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
            ConstantValue::Extern(_) => {
                let message = "a number is needed here that is known before Rust is compiled";
                self.error(Code::WrongKind, value.span(), message);
                None
            }
        }
    }

    /// The number that a value stands for, within the range of a type.
    fn number<T: TryFrom<i128>>(&mut self, value: &Value, what: &str) -> Option<T> {
        let number = self.integer(value, what)?;
        let fitting = T::try_from(number).ok();
        if fitting.is_none() {
            let message = format!("{number} is not in the range of {what}");
            self.error(Code::OutOfRange, value.span(), message);
        }
        fitting
    }
}

/// Whether some type of XDR can hold a number.
fn fits_64_bits(number: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number)
}

fn duplicate_name(name: &Ident, first: Span) -> Diagnostic {
    let message = format!("`{}` is defined twice", name.name);
    Diagnostic::new(Code::DuplicateName, name.span, message).also(first, "first defined here")
}

/// The fault of a name that two imports define, each in its own way.
fn ambiguous_name(name: &Ident, first: Span, other: Span) -> Diagnostic {
    let message = format!("two imported files define `{}` differently", name.name);
    Diagnostic::new(Code::AmbiguousName, name.span, message)
        .also(first, "defined here")
        .also(other, "and here")
        .help("a definition in the file itself comes before imported ones")
}

/// The fault of a name in two files of which one file is made.
fn two_in_one(name: &str, place: Span, first: Span) -> Diagnostic {
    let message = format!("two files that become one define `{name}` differently");
    Diagnostic::new(Code::NameClash, place, message)
        .also(first, "the other one")
        .help("without `-o` each file becomes a module of its own")
}
