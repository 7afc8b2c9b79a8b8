//! Names that a file uses and does not define: C gets them from headers.

use crate::{
    ast::Ident,
    config::Undefined,
    diagnostic::{Code, Diagnostic, Diagnostics, similar},
    model::{ExternConstant, MissingName},
    source::Span,
};
use std::collections::{HashMap, HashSet};

/// The names that are missing so far.
#[derive(Debug)]
pub(super) struct Missing<'a> {
    /// Names in what could not be parsed: they may be defined there.
    broken: &'a HashSet<String>,
    undefined: &'a Undefined,
    names: Vec<MissingName>,
    index: HashMap<(bool, String), usize>,
}

/// Missing names that are compared with all others: a file that lacks more than these lacks a
/// header, and has no slips of the finger in all of them.
const COMPARED_MAX: usize = 100;

/// Missing names whose places the error shows.
const SHOWN_MAX: usize = 10;

impl<'a> Missing<'a> {
    pub(super) fn new(broken: &'a HashSet<String>, undefined: &'a Undefined) -> Self {
        Self {
            broken,
            undefined,
            names: Vec::new(),
            index: HashMap::new(),
        }
    }

    /// Whether missing names are taken from a module of the user's.
    pub(super) fn are_extern(&self) -> bool {
        matches!(self.undefined, Undefined::Extern { .. })
    }

    /// Notes a constant that is missing; `Some` where a module of the user's has it.
    pub(super) fn constant(&mut self, name: &Ident, what: &str) -> Option<ExternConstant> {
        self.note(name, false, what);
        self.are_extern().then(|| ExternConstant {
            name: name.name.clone(),
            plus: 0,
        })
    }

    /// Notes a type that is missing; `Some` with its path where a module of the user's has it.
    pub(super) fn ty(&mut self, name: &Ident) -> Option<String> {
        self.note(name, true, "a type");
        match self.undefined {
            Undefined::Error => None,
            Undefined::Extern { module } => Some(format!("{module}::{}", name.name)),
        }
    }

    fn note(&mut self, name: &Ident, is_type: bool, what: &str) {
        if self.broken.contains(&name.name) && !self.are_extern() {
            return;
        }
        let at = *self
            .index
            .entry((is_type, name.name.clone()))
            .or_insert_with(|| {
                self.names.push(MissingName {
                    name: name.name.clone(),
                    is_type,
                    uses: Vec::new(),
                });
                self.names.len() - 1
            });
        if let Some(found) = self.names.get_mut(at) {
            found.uses.push((name.span, what.to_owned()));
        }
    }

    /// The names that are missing, in the order of their first use.
    pub(super) fn into_names(self) -> Vec<MissingName> {
        self.names
    }
}

/// Reports what is missing: slips one by one, all others together.
pub(super) fn report(
    mut names: Vec<MissingName>,
    known_types: &[&str],
    known_constants: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let mut compared = 0;
    names.retain(|missing| {
        compared += 1;
        let known = if missing.is_type {
            known_types
        } else {
            known_constants
        };
        let slip = (compared <= COMPARED_MAX).then(|| slip(missing, known));
        match slip.flatten() {
            Some(slip) => diagnostics.push(slip),
            None => return true,
        }
        false
    });
    report_together(&names, diagnostics);
}

/// Whether two names are the same but for numbers in them: `uint64` is no slip for `uint256`.
fn differs_in_digits(one: &str, other: &str) -> bool {
    let letters = |name: &str| name.replace(|c: char| c.is_ascii_digit(), "");
    letters(one) == letters(other)
}

/// The fault of a name that is nearly another one. Nobody makes the same slip twice: a name that
/// is used more often is one of a header, unless only its case is wrong.
fn slip(missing: &MissingName, known: &[&str]) -> Option<Diagnostic> {
    // Another file may define the name itself, and not be seen.
    let is_other =
        |known: &&str| *known != missing.name && !differs_in_digits(known, &missing.name);
    let others = known.iter().filter(|known| is_other(known));
    let meant = similar(&missing.name, others.copied())?;
    if missing.uses.len() > 1 && !meant.eq_ignore_ascii_case(&missing.name) {
        return None;
    }
    let (code, kind) = if missing.is_type {
        (Code::UndefinedType, "type")
    } else {
        (Code::UndefinedConstant, "constant")
    };
    let &(span, _) = missing.uses.first()?;
    let message = format!("the {kind} `{}` is not defined", missing.name);
    let fault = Diagnostic::new(code, span, message);
    Some(fault.did_you_mean(span, &missing.name, meant))
}

/// One error for all names that are missing.
fn report_together(names: &[MissingName], diagnostics: &mut Diagnostics) {
    let mut uses: Vec<(&MissingName, Span)> = names
        .iter()
        .filter_map(|missing| Some((missing, missing.uses.first()?.0)))
        .collect();
    uses.sort_by_key(|(_, span)| *span);
    let Some(((first, place), others)) = uses.split_first() else {
        return;
    };
    let message = if others.is_empty() {
        format!("`{}` is not defined", first.name)
    } else {
        format!("{} names are not defined", uses.len())
    };
    let mut fault = Diagnostic::new(Code::UndefinedNames, *place, message);
    for (_, place) in others.iter().take(SHOWN_MAX - 1) {
        fault = fault.also(*place, "");
    }
    if !others.is_empty() {
        for (kind, is_type) in [("constants", false), ("types", true)] {
            let all: Vec<String> = names
                .iter()
                .filter(|one| one.is_type == is_type)
                .map(|one| format!("`{}`", one.name))
                .collect();
            if !all.is_empty() {
                fault = fault.help(format!("{kind}: {}", all.join(", ")));
            }
        }
    }
    if let Some(constant) = names.iter().find(|one| !one.is_type) {
        fault = fault.help(format!(
            "`-D {}=…` gives a constant its value",
            constant.name
        ));
    }
    if let Some(ty) = names.iter().find(|one| one.is_type) {
        fault = fault.help(format!(
            "`--extern-type {}=crate::path::Type` takes a type from your crate",
            ty.name
        ));
    }
    diagnostics.push(fault.help(
        "`--undefined extern --extern-module crate::path` takes all of them from a module \
         that `rpcgen externs FILE` begins for you",
    ));
}
