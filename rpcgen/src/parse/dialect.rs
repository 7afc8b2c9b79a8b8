//! Dialects of other compilers, which share the extension `.x` and no more.

use crate::diagnostic::{Code, Diagnostic};
use crate::preprocess::Preprocessed;
use std::ops::Range;

/// The first sign of a foreign dialect in a text that is not ours.
///
/// A word is a sign only where its dialect has it: `_prefix` may be the name of a field.
pub(super) fn find(input: &Preprocessed) -> Option<Diagnostic> {
    for range in words(&input.text) {
        let word = input.text.get(range.clone())?;
        let Some(dialect) = DIALECTS.iter().find(|one| one.words.contains(&word)) else {
            continue;
        };
        let behind = input.text.get(range.end..)?.trim_start();
        if !behind.starts_with(dialect.followed_by) {
            continue;
        }
        let message = format!("`{word}` is of the dialect of {}", dialect.name);
        let fault = Diagnostic::new(Code::ForeignDialect, input.origins.span(range), message);
        return Some(fault.help(dialect.help));
    }
    None
}

/// What is said of a type that only a foreign dialect has.
pub(crate) fn of_type(name: &str) -> Option<(&'static str, &'static str)> {
    let dialect = DIALECTS.iter().find(|one| one.types.contains(&name))?;
    Some((dialect.name, dialect.help))
}

struct Dialect {
    name: &'static str,
    /// Words that are not of the language.
    words: &'static [&'static str],
    /// What such a word has behind it.
    followed_by: fn(char) -> bool,
    /// Types that are not of the language.
    types: &'static [&'static str],
    help: &'static str,
}

const DIALECTS: &[Dialect] = &[
    Dialect {
        name: "ocamlnet",
        words: &[
            "_abstract",
            "_capitalized",
            "_equals",
            "_int32",
            "_int64",
            "_lowercase",
            "_managed",
            "_prefix",
            "_tuple",
            "_unboxed",
            "_uppercase",
        ],
        followed_by: |c| c.is_ascii_alphabetic() || matches!(c, '"' | '{' | '('),
        types: &[],
        help: "the words that begin with `_` choose types of OCaml and do not travel: \
               without them the file means the same",
    },
    Dialect {
        name: "xdrzcc",
        words: &["opaque_union", "zcopaque"],
        followed_by: |c| c.is_ascii_alphabetic() || c == '_',
        types: &["zcopaque"],
        help: "`zcopaque` is `opaque` on the wire; \
               `opaque_union` has a length before it that no `union` has",
    },
    Dialect {
        name: "a compiler with packages",
        words: &["import", "package"],
        followed_by: |c| c == '"',
        types: &["utf8string"],
        help: "XDR has no packages: `#include` brings another file in; \
               a `utf8string` is a `string` on the wire",
    },
];

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(is_word)?;
        let rest = text.get(start..)?;
        at = start + rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        Some(start..at)
    })
}
