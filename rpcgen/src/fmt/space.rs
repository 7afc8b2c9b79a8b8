//! Spaces between the elements of a line.

/// What stands beside a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbour<'a> {
    /// A token, as it is printed.
    Token(&'a str),
    /// A comment.
    Comment,
}

/// Whether there is a space between two neighbours.
pub(super) fn between(before: Neighbour<'_>, behind: Neighbour<'_>) -> bool {
    match (before, behind) {
        (Neighbour::Token(before), Neighbour::Token(behind)) => between_tokens(before, behind),
        (Neighbour::Token(before), Neighbour::Comment) => !is_opening(before),
        (Neighbour::Comment, Neighbour::Token(behind)) => !is_closing(behind),
        (Neighbour::Comment, Neighbour::Comment) => true,
    }
}

fn between_tokens(before: &str, behind: &str) -> bool {
    if is_opening(before) || is_closing(behind) {
        return false;
    }
    match (before, behind) {
        // `T *name`, `-1`, `a::b`, `name<bound>`, `{}`.
        ("*" | "-" | "::", _) | (_, "::" | "<") | ("{", "}") => false,
        // Attributes stand behind no name.
        (before, "[") => !(is_word(before) || matches!(before, "]" | ">")),
        (before, "(") => matches!(before, "switch" | "raises"),
        _ => true,
    }
}

fn is_opening(token: &str) -> bool {
    matches!(token, "(" | "[" | "<")
}

fn is_closing(token: &str) -> bool {
    matches!(token, ")" | "]" | ">" | "," | ";" | ":")
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}
