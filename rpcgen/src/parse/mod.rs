//! Preprocessed text to AST. Nothing outside of this module knows that pest is behind it.

mod brace;
mod comment;
mod dialect;
mod fault;
mod program;
mod slip;
mod token;

use crate::{
    ast::{
        Arm, ConstantDef, Declaration, Definition, EnumBody, Enumerator, File, Ident, NamespaceDef,
        PragmaDef, StructBody, Suffix, SuffixKind, TypeDef, TypeDefKind, TypeSpecifier,
        TypeSpecifierKind, UnionBody, Value,
    },
    diagnostic::{Code, Diagnostic, Diagnostics},
    preprocess::Preprocessed,
    source::{SourceMap, Span},
};
pub(crate) use dialect::of_type as foreign_type;

use comment::Comments;
use pest::{
    Parser as _,
    iterators::{Pair, Pairs},
};
use std::collections::HashSet;

/// The grammar, compiled. It stands in a module of its own because pest's derive documents
/// nothing.
#[allow(
    missing_docs,
    reason = "pest_derive generates public items without documentation"
)]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "idl.pest"]
    pub(super) struct Grammar;
}

use grammar::{Grammar, Rule};

/// A text that was parsed.
#[derive(Debug)]
pub struct Parsed {
    /// What could be read.
    pub file: File,
    /// The names in what could not be read: they may be defined there.
    pub broken: HashSet<String>,
}

/// Parses a text; a faulty definition or member is reported and left out.
pub fn parse(input: &Preprocessed, sources: &SourceMap, diagnostics: &mut Diagnostics) -> Parsed {
    let comments = Comments::new(input, sources);
    let mut walker = Walker {
        input,
        comments,
        diagnostics,
        broken: HashSet::new(),
        is_foreign: None,
    };
    let text = brace::without_unclosed(input, walker.diagnostics);
    let file = match Grammar::parse(Rule::file, &text) {
        Ok(pairs) => File {
            definitions: walker.definitions(pairs.flat_map(Pair::into_inner)),
        },
        Err(error) => {
            walker
                .diagnostics
                .push(fault::syntax_error(&error, input, 0));
            File {
                definitions: Vec::new(),
            }
        }
    };
    Parsed {
        file,
        broken: walker.broken,
    }
}

struct Walker<'a> {
    input: &'a Preprocessed,
    comments: Comments<'a>,
    diagnostics: &'a mut Diagnostics,
    broken: HashSet<String>,
    /// A sign of a foreign dialect was looked for, and whether there is one.
    is_foreign: Option<bool>,
}

/// The parts of a production, in order. The grammar says what they are, so taking one that is not
/// there is a fault of this module.
struct Parts<'i>(Pairs<'i, Rule>);

impl<'i> Parts<'i> {
    fn next(&mut self) -> Pair<'i, Rule> {
        self.0.next().expect("the grammar has this part")
    }

    fn next_if(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        if self.0.peek()?.as_rule() == rule {
            self.0.next()
        } else {
            None
        }
    }
}

fn parts(pair: Pair<'_, Rule>) -> Parts<'_> {
    Parts(pair.into_inner())
}

impl Walker<'_> {
    /// The place of a production, without the white space behind it.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let start = pair.as_span().start();
        self.input
            .origins
            .span(start..start + pair.as_str().trim_end().len())
    }

    fn doc(&self, pair: &Pair<'_, Rule>) -> Option<String> {
        let start = pair.as_span().start();
        self.comments
            .of(start..start + pair.as_str().trim_end().len())
    }

    fn definitions<'i>(&mut self, pairs: impl Iterator<Item = Pair<'i, Rule>>) -> Vec<Definition> {
        let mut definitions = Vec::new();
        for pair in pairs {
            definitions.push(match pair.as_rule() {
                Rule::constant_def => Definition::Constant(self.constant(pair)),
                Rule::type_def => Definition::Type(self.type_def(pair)),
                Rule::program_def => Definition::Program(self.program(pair)),
                Rule::interface_def => Definition::Interface(self.interface(pair)),
                Rule::namespace_def => Definition::Namespace(self.namespace(pair)),
                Rule::pragma_def => Definition::Pragma(self.pragma(pair)),
                Rule::bad_definition | Rule::bad_inner_definition => {
                    self.fault(Rule::only_definition, &pair);
                    continue;
                }
                _ => continue,
            });
        }
        definitions
    }

    fn namespace(&mut self, pair: Pair<'_, Rule>) -> NamespaceDef {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let name = self.ident(&parts.next());
        NamespaceDef {
            doc,
            name,
            definitions: self.definitions(parts.0),
            span,
        }
    }

    fn pragma(&mut self, pair: Pair<'_, Rule>) -> PragmaDef {
        PragmaDef {
            span: self.span(&pair),
            words: pair.into_inner().map(|word| self.ident(&word)).collect(),
        }
    }

    fn fault(&mut self, rule: Rule, pair: &Pair<'_, Rule>) {
        if !self.is_foreign() && !self.diagnostics.is_full() {
            self.diagnostics
                .push(fault::explain(rule, pair, self.input));
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = pair
            .as_str()
            .split(|c| !is_word(c))
            .filter(|word| !word.is_empty());
        self.broken.extend(words.map(str::to_owned));
    }

    /// Whether a text with a fault is of a foreign dialect: that is said once, and explains all.
    fn is_foreign(&mut self) -> bool {
        *self.is_foreign.get_or_insert_with(|| {
            let sign = dialect::find(self.input);
            let is_foreign = sign.is_some();
            if let Some(sign) = sign {
                self.diagnostics.push(sign);
            }
            is_foreign
        })
    }

    // ---- RFC 4506 §6.3

    fn ident(&self, pair: &Pair<'_, Rule>) -> Ident {
        Ident {
            name: pair.as_str().to_owned(),
            span: self.span(pair),
        }
    }

    /// A name that is used: all namespaces are one, so what stands before it says nothing more.
    fn reference(&self, pair: &Pair<'_, Rule>) -> Ident {
        let name = pair.as_str().rsplit("::").next();
        Ident {
            name: name.unwrap_or_default().to_owned(),
            span: self.span(pair),
        }
    }

    fn declaration(&mut self, pair: Pair<'_, Rule>) -> Declaration {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let attributes = self.attributes(&mut parts);
        let specifier = self.type_specifier(parts.next());
        Declaration {
            doc,
            attributes,
            specifier,
            pointer: parts.next_if(Rule::pointer).map(|pair| self.span(&pair)),
            name: parts
                .next_if(Rule::identifier)
                .map(|pair| self.ident(&pair)),
            suffixes: parts.0.map(|pair| self.suffix(pair)).collect(),
            span,
        }
    }

    fn suffix(&mut self, pair: Pair<'_, Rule>) -> Suffix {
        let span = self.span(&pair);
        let fixed = pair.as_rule() == Rule::fixed_size;
        let value = pair.into_inner().next().map(|pair| self.value(&pair));
        let kind = match value {
            Some(value) if fixed => SuffixKind::Fixed(value),
            value => SuffixKind::Variable(value),
        };
        Suffix { kind, span }
    }

    fn value(&mut self, pair: &Pair<'_, Rule>) -> Value {
        match pair.as_rule() {
            Rule::reference => Value::Name(self.reference(pair)),
            Rule::character => Value::Number(token::character(pair.as_str()), self.span(pair)),
            Rule::text => Value::Text(pair.as_str().trim_matches('"').to_owned(), self.span(pair)),
            _ => {
                let span = self.span(pair);
                let number = token::number(pair.as_str()).unwrap_or_else(|message| {
                    self.diagnostics
                        .push(Diagnostic::new(Code::BadNumber, span, message));
                    0
                });
                Value::Number(number, span)
            }
        }
    }

    fn type_specifier(&mut self, pair: Pair<'_, Rule>) -> TypeSpecifier {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::void {
            return TypeSpecifier {
                kind: TypeSpecifierKind::Void,
                span,
            };
        }
        let pair = parts(pair).next();
        let kind = match pair.as_rule() {
            Rule::integer_type => {
                let words = pair.into_inner().map(|word| word.as_str().to_owned());
                TypeSpecifierKind::Integer(words.collect())
            }
            Rule::plain_type => TypeSpecifierKind::Plain(token::plain_type(pair.as_str())),
            Rule::enum_type_spec => TypeSpecifierKind::Enum(self.enum_body(parts(pair).next())),
            Rule::struct_type_spec => {
                TypeSpecifierKind::Struct(self.struct_body(parts(pair).next()))
            }
            Rule::union_type_spec => {
                TypeSpecifierKind::Union(Box::new(self.union_body(parts(pair).next())))
            }
            Rule::prefixed_type => {
                let mut parts = parts(pair);
                let prefix = token::prefix(parts.next().as_str());
                TypeSpecifierKind::Name(Some(prefix), self.reference(&parts.next()))
            }
            _ => TypeSpecifierKind::Name(None, self.reference(&pair)),
        };
        TypeSpecifier { kind, span }
    }

    fn enum_body(&mut self, pair: Pair<'_, Rule>) -> EnumBody {
        let span = self.span(&pair);
        let enumerators = pair
            .into_inner()
            .map(|pair| self.enumerator(pair))
            .collect();
        EnumBody { enumerators, span }
    }

    fn enumerator(&mut self, pair: Pair<'_, Rule>) -> Enumerator {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let attributes = self.attributes(&mut parts);
        let name = self.ident(&parts.next());
        let value = parts.0.next().map(|pair| self.value(&pair));
        Enumerator {
            doc,
            attributes,
            name,
            value,
            span,
        }
    }

    fn struct_body(&mut self, pair: Pair<'_, Rule>) -> StructBody {
        let span = self.span(&pair);
        let fields = pair
            .into_inner()
            .map(|pair| self.declaration(pair))
            .collect();
        StructBody { fields, span }
    }

    fn union_body(&mut self, pair: Pair<'_, Rule>) -> UnionBody {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let discriminant = self.declaration(parts.next());
        let mut arms = Vec::new();
        let mut default = None;
        for pair in parts.0 {
            if pair.as_rule() == Rule::case_spec {
                arms.push(self.arm(pair));
            } else {
                default = Some(self.declaration(self::parts(pair).next()));
            }
        }
        UnionBody {
            discriminant,
            arms,
            default,
            span,
        }
    }

    fn arm(&mut self, pair: Pair<'_, Rule>) -> Arm {
        let mut parts = parts(pair);
        let mut cases = Vec::new();
        while let Some(label) = parts.next_if(Rule::case_label) {
            cases.push(self.value(&self::parts(label).next()));
        }
        Arm {
            cases,
            declaration: self.declaration(parts.next()),
        }
    }

    fn constant(&mut self, pair: Pair<'_, Rule>) -> ConstantDef {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let attributes = self.attributes(&mut parts);
        let name = self.ident(&parts.next());
        ConstantDef {
            doc,
            attributes,
            name,
            value: self.value(&parts.next()),
            span,
        }
    }

    fn type_def(&mut self, pair: Pair<'_, Rule>) -> TypeDef {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut outer = parts(pair);
        let attributes = self.attributes(&mut outer);
        let pair = outer.next();
        let rule = pair.as_rule();
        let mut parts = parts(pair);
        let is_optional = parts.next_if(Rule::pointer).is_some();
        let first = parts.next();
        let kind = if rule == Rule::typedef_def {
            TypeDefKind::Typedef(self.declaration(first))
        } else {
            let name = self.ident(&first);
            let body = parts.next();
            match rule {
                Rule::enum_def => TypeDefKind::Enum(name, self.enum_body(body)),
                Rule::struct_def if is_optional => {
                    TypeDefKind::OptionalStruct(name, self.struct_body(body))
                }
                Rule::struct_def => TypeDefKind::Struct(name, self.struct_body(body)),
                _ => TypeDefKind::Union(name, Box::new(self.union_body(body))),
            }
        };
        TypeDef {
            doc,
            attributes,
            kind,
            span,
        }
    }
}
