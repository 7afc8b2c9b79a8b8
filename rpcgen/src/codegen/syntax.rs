//! Short names for building syntax.

use super::Piece;
use proc_macro2::{Literal, Span};
use syn::{
    AngleBracketedGenericArguments, Attribute, Expr, ExprCall, ExprClosure, ExprField, ExprLit,
    ExprMethodCall, ExprPath, ExprReference, ExprTry, ExprUnary, GenericArgument, Ident, Lit,
    LitInt, LitStr, Member, Pat, PatIdent, Path, PathArguments, PathSegment, Stmt, Type, TypePath,
    UnOp, parse_quote, punctuated::Punctuated,
};

/// The number of the format of what is generated; `stub_format!` of the crates checks it.
pub(crate) const STUB_FORMAT: u32 = 1;

/// Words that need `r#`; names never become one of the four that it does not help.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// The invocation that fails to compile with a crate that does not fit.
pub(crate) fn format_check(krate: &[&str]) -> Piece {
    let mut path = path(krate);
    path.leading_colon = Some(Default::default());
    path.segments.push(PathSegment::from(ident("stub_format")));
    let format = Literal::u32_unsuffixed(STUB_FORMAT);
    let item: syn::ItemMacro = parse_quote!(#path!(#format););
    item.into()
}

/// The attribute for a function with more arguments than clippy likes.
pub(crate) fn allow_many_arguments(count: usize) -> Option<Attribute> {
    (count > CLIPPY_ARGUMENTS_MAX).then(
        || parse_quote!(#[allow(clippy::too_many_arguments, reason = "the interface has them")]),
    )
}

/// What `clippy::too_many_arguments` accepts by default, `self` included.
const CLIPPY_ARGUMENTS_MAX: usize = 7;

/// A name, raw where it is a keyword.
pub(crate) fn ident(name: &str) -> Ident {
    if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// `a::b::c`
pub(crate) fn path(segments: &[&str]) -> Path {
    let plain = |name: &&str| PathSegment::from(Ident::new(name, Span::call_site()));
    Path {
        leading_colon: None,
        segments: segments.iter().map(plain).collect(),
    }
}

/// `::a::b::c`
pub(crate) fn absolute(segments: &[&str]) -> Path {
    Path {
        leading_colon: Some(Default::default()),
        ..path(segments)
    }
}

/// A path that the user gave.
pub(crate) fn user_path(text: &str) -> Path {
    let plain = text.strip_prefix("::").unwrap_or(text);
    Path {
        leading_colon: (plain != text).then(Default::default),
        segments: plain
            .split("::")
            .map(|name| PathSegment::from(ident(name)))
            .collect(),
    }
}

/// A path as a type.
pub(crate) fn type_path(path: Path) -> Type {
    Type::Path(TypePath {
        attrs: Vec::new(),
        qself: None,
        path,
    })
}

/// `path<arguments>`
pub(crate) fn generic(mut path: Path, arguments: Vec<Type>) -> Type {
    if let Some(last) = path.segments.last_mut() {
        last.arguments = PathArguments::AngleBracketed(AngleBracketedGenericArguments {
            colon2_token: None,
            lt_token: Default::default(),
            args: arguments.into_iter().map(GenericArgument::Type).collect(),
            gt_token: Default::default(),
        });
    }
    type_path(path)
}

/// A path as an expression.
pub(crate) fn expr_path(path: Path) -> Expr {
    Expr::Path(ExprPath {
        attrs: Vec::new(),
        qself: None,
        path,
    })
}

/// A local variable.
pub(crate) fn variable(name: &str) -> Expr {
    expr_path(ident(name).into())
}

/// `function(arguments)`
pub(crate) fn call(function: Expr, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::Call(ExprCall {
        attrs: Vec::new(),
        func: Box::new(function),
        paren_token: Default::default(),
        args: arguments.into_iter().collect(),
    })
}

/// `receiver.method(arguments)`
pub(crate) fn method(
    receiver: Expr,
    method: &str,
    arguments: impl IntoIterator<Item = Expr>,
) -> Expr {
    Expr::MethodCall(ExprMethodCall {
        attrs: Vec::new(),
        receiver: Box::new(receiver),
        dot_token: Default::default(),
        method: ident(method),
        turbofish: None,
        paren_token: Default::default(),
        args: arguments.into_iter().collect(),
    })
}

/// `base.name`
pub(crate) fn field(base: Expr, name: &str) -> Expr {
    Expr::Field(ExprField {
        attrs: Vec::new(),
        base: Box::new(base),
        dot_token: Default::default(),
        member: Member::Named(ident(name)),
    })
}

/// `&expr`
pub(crate) fn reference(expr: Expr) -> Expr {
    Expr::Reference(ExprReference {
        attrs: Vec::new(),
        and_token: Default::default(),
        mutability: None,
        expr: Box::new(expr),
    })
}

/// `expr?`
pub(crate) fn question(expr: Expr) -> Expr {
    Expr::Try(ExprTry {
        attrs: Vec::new(),
        expr: Box::new(expr),
        question_token: Default::default(),
    })
}

/// `|parameters| body`
pub(crate) fn closure(parameters: &[&str], body: Expr) -> Expr {
    let parameter = |name: &&str| {
        Pat::Ident(PatIdent {
            attrs: Vec::new(),
            by_ref: None,
            mutability: None,
            ident: ident(name),
            subpat: None,
        })
    };
    Expr::Closure(ExprClosure {
        attrs: Vec::new(),
        lifetimes: None,
        modifiers: Default::default(),
        constness: None,
        asyncness: None,
        capture: None,
        inputs_begin: Default::default(),
        inputs: parameters
            .iter()
            .map(parameter)
            .collect::<Punctuated<_, _>>(),
        inputs_end: Default::default(),
        output: syn::ReturnType::Default,
        body: Box::new(body),
    })
}

/// `"text"`
pub(crate) fn text(text: &str) -> Expr {
    literal(Lit::Str(LitStr::new(text, Span::call_site())))
}

/// `r#"text"#`, for what is printed without its quotes: in a long text it costs much to escape each
/// character, and to undo that.
pub(crate) fn raw_text(text: &str) -> Expr {
    let raw: Result<Literal, _> = ["r#\"", text, "\"#"].concat().parse();
    // It does not parse where the text has the end of such a literal in it.
    raw.map_or_else(|_| self::text(text), |raw| literal(Lit::new(raw)))
}

/// A number in decimal, with `_` between groups of three digits where there are more than five.
pub(crate) fn int(value: i128) -> Expr {
    let digits = value.unsigned_abs().to_string();
    let grouped = if digits.len() > 5 {
        group(&digits, 3)
    } else {
        digits
    };
    let magnitude = literal(Lit::Int(LitInt::new(&grouped, Span::call_site())));
    if value >= 0 {
        return magnitude;
    }
    Expr::Unary(ExprUnary {
        attrs: Vec::new(),
        op: UnOp::Neg(Default::default()),
        expr: Box::new(magnitude),
    })
}

/// A number of bytes.
pub(crate) fn size(value: u64) -> Expr {
    int(value.into())
}

/// A number of 32 bits in hexadecimal.
pub(crate) fn hex(value: u32) -> Expr {
    let digits = group(&format!("{value:08x}"), 4);
    literal(Lit::Int(LitInt::new(
        &format!("0x{digits}"),
        Span::call_site(),
    )))
}

fn group(digits: &str, size: usize) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(size) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}

fn literal(lit: Lit) -> Expr {
    Expr::Lit(ExprLit {
        attrs: Vec::new(),
        lit,
    })
}

/// `expr;`
pub(crate) fn statement(expr: Expr) -> Stmt {
    Stmt::Expr(expr, Some(Default::default()))
}

/// The value of a block.
pub(crate) fn tail(expr: Expr) -> Stmt {
    Stmt::Expr(expr, None)
}

#[cfg(test)]
mod tests {
    use super::raw_text;
    use syn::{Expr, Lit};

    #[test]
    fn raw_texts_hold_any_text() {
        for text in [
            "",
            "a \"word\" \\",
            "ends: \"#",
            "\"# ends, r#\"",
            "a \r alone",
            "ä\n…",
        ] {
            let Expr::Lit(found) = raw_text(text) else {
                panic!("{text:?} is no literal");
            };
            assert!(
                matches!(&found.lit, Lit::Str(found) if found.value() == text),
                "{text:?}"
            );
        }
    }
}
