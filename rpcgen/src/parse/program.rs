//! Programs and interfaces.

use super::{Parts, Rule, Walker, parts};
use crate::ast::{
    Argument, Attribute, Exception, InterfaceDef, Member, ProcedureDef, ProgramDef, VersionDef,
};
use pest::iterators::Pair;

impl Walker<'_> {
    // ---- RFC 5531 §12.2

    pub(super) fn program(&mut self, pair: Pair<'_, Rule>) -> ProgramDef {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let name = self.ident(&parts.next());
        let mut versions = Vec::new();
        loop {
            let pair = parts.next();
            match pair.as_rule() {
                Rule::version_def => versions.push(self.version(pair)),
                Rule::bad_member => self.fault(Rule::only_version, &pair),
                _ => {
                    let number = self.value(&pair);
                    return ProgramDef {
                        doc,
                        name,
                        versions,
                        number,
                        span,
                    };
                }
            }
        }
    }

    fn version(&mut self, pair: Pair<'_, Rule>) -> VersionDef {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let name = self.ident(&parts.next());
        let mut procedures = Vec::new();
        loop {
            let pair = parts.next();
            match pair.as_rule() {
                Rule::procedure_def => procedures.push(self.procedure(pair)),
                Rule::bad_member => self.fault(Rule::only_procedure, &pair),
                _ => {
                    let number = self.value(&pair);
                    return VersionDef {
                        doc,
                        name,
                        procedures,
                        number,
                        span,
                    };
                }
            }
        }
    }

    fn procedure(&mut self, pair: Pair<'_, Rule>) -> ProcedureDef {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let attributes = self.attributes(&mut parts);
        let mut result_parts = self::parts(parts.next());
        let result = self.type_specifier(result_parts.next());
        let result_pointer = result_parts.0.next().map(|pair| self.span(&pair));
        let name = self.ident(&parts.next());
        parts.next_if(Rule::void);
        let mut parameters = Vec::new();
        while let Some(pair) = parts.next_if(Rule::parameter) {
            parameters.push(self.declaration(pair));
        }
        let raises = parts.next_if(Rule::raises).map(Pair::into_inner);
        let exceptions = raises.into_iter().flatten();
        let exceptions = exceptions.map(|pair| self.exception(pair)).collect();
        let number = parts.0.next().map(|pair| self.value(&pair));
        ProcedureDef {
            doc,
            attributes,
            result,
            result_pointer,
            name,
            parameters,
            exceptions,
            number,
            span,
        }
    }

    fn exception(&mut self, pair: Pair<'_, Rule>) -> Exception {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        Exception {
            name: self.ident(&parts.next()),
            number: parts.0.next().map(|pair| self.value(&pair)),
            span,
        }
    }

    // ---- interface

    pub(super) fn interface(&mut self, pair: Pair<'_, Rule>) -> InterfaceDef {
        let (span, doc) = (self.span(&pair), self.doc(&pair));
        let mut parts = parts(pair);
        let attributes = self.attributes(&mut parts);
        let keyword = self.span(&parts.next());
        let name = parts
            .next_if(Rule::identifier)
            .map(|pair| self.ident(&pair));
        let mut members = Vec::new();
        for pair in parts.0 {
            match pair.as_rule() {
                Rule::constant_def => members.push(Member::Constant(self.constant(pair))),
                Rule::type_def => members.push(Member::Type(self.type_def(pair))),
                Rule::procedure_def => members.push(Member::Procedure(self.procedure(pair))),
                _ => self.fault(Rule::only_member, &pair),
            }
        }
        InterfaceDef {
            doc,
            attributes,
            name,
            members,
            keyword,
            span,
        }
    }

    pub(super) fn attributes(&mut self, parts: &mut Parts<'_>) -> Vec<Attribute> {
        let attributes = parts.next_if(Rule::attributes).map(Pair::into_inner);
        attributes
            .into_iter()
            .flatten()
            .map(|pair| self.attribute(pair))
            .collect()
    }

    fn attribute(&mut self, pair: Pair<'_, Rule>) -> Attribute {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let name = self.ident(&parts.next());
        let arguments = parts.0.map(|pair| self.argument(pair)).collect();
        Attribute {
            name,
            arguments,
            span,
        }
    }

    fn argument(&mut self, pair: Pair<'_, Rule>) -> Argument {
        let mut parts = parts(pair);
        let pointer = parts.next_if(Rule::pointer).map(|pair| self.span(&pair));
        Argument {
            pointer,
            value: self.value(&parts.next()),
        }
    }
}
