//! Macros without parameters.

use super::{
    MacroConstant,
    lexer::{Kind, Lexer},
};
use crate::source::Span;
use std::{collections::HashMap, rc::Rc};

/// Macros that may be under expansion inside of each other; each takes a little stack.
const DEPTH_MAX: usize = 64;

/// What all uses of macros in one run may cost, about in bytes of memory: real files stay below
/// a hundredth of it, and a bomb of macros that double each other goes off small.
const COST_MAX: usize = 16 << 20;

/// What a use costs beyond the text: its entry in the origin map.
const USE_COST: usize = 24;

/// The macros that are defined.
#[derive(Debug, Default)]
pub(super) struct Macros {
    defined: HashMap<String, Macro>,
    cost: usize,
    /// A limit was exceeded and reported: nothing is expanded any more.
    exhausted: bool,
}

#[derive(Debug)]
struct Macro {
    value: Rc<str>,
    definition: Option<Span>,
}

/// Macros expand to too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// To too much text, in all.
    Text,
    /// Through too many other macros.
    Depth,
}

impl Excess {
    /// What is wrong, for a diagnostic.
    pub(super) fn message(self) -> String {
        match self {
            Self::Text => format!("macros expand to more than {} MiB of text", COST_MAX >> 20),
            Self::Depth => format!("macros expand through more than {DEPTH_MAX} others"),
        }
    }
}

impl Macros {
    /// Defines a macro, or defines it anew.
    pub(super) fn define(&mut self, name: &str, value: &str, definition: Option<Span>) {
        let value = Rc::from(value);
        self.defined
            .insert(name.to_owned(), Macro { value, definition });
    }

    /// Forgets a macro.
    pub(super) fn undefine(&mut self, name: &str) {
        self.defined.remove(name);
    }

    /// Whether a macro is defined.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.defined.contains_key(name)
    }

    /// Where a macro is defined, if that is in a file.
    pub(super) fn definition(&self, name: &str) -> Option<Span> {
        self.defined.get(name)?.definition
    }

    /// The macros that files define.
    pub(super) fn into_constants(self) -> impl Iterator<Item = MacroConstant> {
        self.defined.into_iter().filter_map(|(name, found)| {
            Some(MacroConstant {
                name,
                value: found.value.to_string(),
                span: found.definition?,
            })
        })
    }

    /// What a name in ordinary text stands for; `None` where it is no macro.
    pub(super) fn expand_name(&mut self, name: &str) -> Result<Option<String>, Excess> {
        if !self.is_defined(name) || self.exhausted {
            return Ok(None);
        }
        self.expand(name, Context::Text).map(Some)
    }

    /// The condition of an `#if` with all macros expanded, but for the operands of `defined`.
    pub(super) fn expand_condition(&mut self, condition: &str) -> Result<String, Excess> {
        self.expand(condition, Context::Condition)
    }

    fn expand(&mut self, text: &str, context: Context) -> Result<String, Excess> {
        let mut expanded = String::new();
        let result = self.expand_into(&mut expanded, text, context, &mut Vec::new());
        self.exhausted |= result.is_err();
        result.map(|()| expanded)
    }

    /// Writes `text` with its macros expanded, except those that are `open`: as in C, a macro is
    /// not expanded inside of itself.
    fn expand_into(
        &mut self,
        out: &mut String,
        text: &str,
        context: Context,
        open: &mut Vec<String>,
    ) -> Result<(), Excess> {
        let mut behind_defined = false;
        for piece in Lexer::tokens(text) {
            let is_name = piece.kind == Kind::Word && !behind_defined;
            match self.defined.get(piece.text) {
                Some(found) if is_name && !self.exhausted && !is_open(open, piece.text) => {
                    let value = Rc::clone(&found.value);
                    self.charge(value.len(), open.len())?;
                    open.push(piece.text.to_owned());
                    self.expand_into(out, &value, context, open)?;
                    open.pop();
                }
                _ => out.push_str(piece.text),
            }
            behind_defined = context == Context::Condition
                && (piece.text == "defined"
                    || behind_defined && (piece.kind == Kind::Space || piece.text == "("));
        }
        Ok(())
    }

    fn charge(&mut self, len: usize, depth: usize) -> Result<(), Excess> {
        if depth == DEPTH_MAX {
            return Err(Excess::Depth);
        }
        self.cost = self.cost.saturating_add(len).saturating_add(USE_COST);
        if self.cost > COST_MAX {
            return Err(Excess::Text);
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Text,
    Condition,
}

fn is_open(open: &[String], name: &str) -> bool {
    open.iter().any(|open| open == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(definitions: &[(&str, &str)], name: &str) -> String {
        let mut macros = Macros::default();
        for (name, value) in definitions {
            macros.define(name, value, None);
        }
        macros.expand_name(name).unwrap().unwrap()
    }

    #[test]
    fn macros_expand_through_macros() {
        let definitions = [("A", "B+B"), ("B", "<1> \"B\" B1 1B")];
        assert_eq!(expand(&definitions, "A"), "<1> \"B\" B1 1B+<1> \"B\" B1 1B");
    }

    #[test]
    fn macro_is_not_expanded_inside_of_itself() {
        assert_eq!(expand(&[("A", "A 1")], "A"), "A 1");
        assert_eq!(expand(&[("A", "B 1"), ("B", "A 2")], "A"), "A 2 1");
        assert_eq!(
            expand(&[("A", "B B"), ("B", "C"), ("C", "B A")], "A"),
            "B A B A"
        );
    }

    #[test]
    fn operand_of_defined_stays() {
        let mut macros = Macros::default();
        macros.define("A", "1", None);
        let condition = "defined A && defined ( A ) && A || defined !A";
        let expected = "defined A && defined ( A ) && 1 || defined !1";
        assert_eq!(macros.expand_condition(condition).unwrap(), expected);
    }

    #[test]
    fn bomb_is_small_and_reported_once() {
        let mut macros = Macros::default();
        macros.define("A0", "boom boom boom boom", None);
        for level in 1..40 {
            let below = format!("A{}", level - 1);
            macros.define(&format!("A{level}"), &format!("{below} {below}"), None);
        }
        assert_eq!(macros.expand_name("A39"), Err(Excess::Text));
        assert_eq!(macros.expand_name("A39"), Ok(None));
    }

    #[test]
    fn long_chain_is_refused() {
        let mut macros = Macros::default();
        for level in 0..100_000 {
            macros.define(&format!("A{level}"), &format!("A{}", level + 1), None);
        }
        assert_eq!(macros.expand_name("A0"), Err(Excess::Depth));
    }
}
