//! Syntax to text, laid out the way people write it.

use crate::codegen::Piece;
use syn::Item;

/// The text of a piece.
pub(crate) fn piece(piece: Piece) -> String {
    match piece {
        Piece::Text(text) => text,
        Piece::Item(item) => self::item(*item),
        Piece::Module {
            attributes,
            is_public,
            name,
            pieces,
        } => {
            let visibility: Option<syn::Token![pub]> = is_public.then(Default::default);
            // prettyplease prints the head; it would print no blank lines between what follows.
            let module: syn::ItemMod = syn::parse_quote!(#(#attributes)* #visibility mod #name {});
            let head = item(Item::Mod(module));
            let mut text = head.trim_end().trim_end_matches('}').to_owned();
            text.push('\n');
            for (index, printed) in pieces.into_iter().map(self::piece).enumerate() {
                if index > 0 {
                    text.push('\n');
                }
                text.push_str(&indent(&printed));
            }
            text.push_str("}\n");
            text
        }
    }
}

fn item(item: Item) -> String {
    let has_members = matches!(item, Item::Impl(_) | Item::Trait(_));
    let file = syn::File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: vec![item],
    };
    let text = prettyplease::unparse(&file);
    if has_members {
        separate_members(&text)
    } else {
        text
    }
}

/// Puts a blank line before each member of an `impl` or a `trait`, but the first, and constants
/// that have no documentation between them.
fn separate_members(text: &str) -> String {
    let mut separated = String::with_capacity(text.len());
    let mut previous = "";
    for line in text.lines() {
        let starts_member = line.starts_with("    ")
            && !line.starts_with("     ")
            && !line.starts_with("    }")
            && !line.starts_with("    )");
        let ends_member = previous == "    }" || is_end_of_declaration(previous);
        let is_next_constant = is_constant(previous) && is_constant(line);
        if starts_member && ends_member && !is_next_constant {
            separated.push('\n');
        }
        separated.push_str(line);
        separated.push('\n');
        previous = line;
    }
    separated
}

fn is_constant(line: &str) -> bool {
    line.starts_with("    const ")
}

/// Whether a line ends a member without a body; statements are indented deeper.
fn is_end_of_declaration(line: &str) -> bool {
    line.starts_with("    ")
        && !line.starts_with("     ")
        && !line.starts_with("    //")
        && line.ends_with(';')
}

fn indent(text: &str) -> String {
    let mut indented = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        if !line.is_empty() {
            indented.push_str("    ");
            indented.push_str(line);
        }
        indented.push('\n');
    }
    indented
}
