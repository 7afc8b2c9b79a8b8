//! What words and literals stand for.

use crate::ast::{PlainType, Prefix};

pub(super) fn plain_type(word: &str) -> PlainType {
    match word {
        "float" => PlainType::Float,
        "double" => PlainType::Double,
        "quadruple" => PlainType::Quadruple,
        "bool" => PlainType::Bool,
        "opaque" => PlainType::Opaque,
        _ => PlainType::String,
    }
}

pub(super) fn prefix(word: &str) -> Prefix {
    match word {
        "struct" => Prefix::Struct,
        "enum" => Prefix::Enum,
        _ => Prefix::Union,
    }
}

/// The value of a literal: `0x` is hexadecimal, another leading zero octal, as in C.
pub(super) fn number(literal: &str) -> Result<i128, String> {
    let (sign, digits) = literal
        .strip_prefix('-')
        .map_or((1, literal), |digits| (-1, digits));
    let (base, name, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, "hexadecimal", &digits[2..]),
        [b'0', _, ..] => (8, "octal", &digits[1..]),
        _ => (10, "decimal", digits),
    };
    if let Some(digit) = digits.chars().find(|digit| !digit.is_digit(base)) {
        let octal = if base == 8 {
            ", as one with a leading zero is"
        } else {
            ""
        };
        return Err(format!(
            "`{digit}` is not a digit of an {name} number{octal}"
        ));
    }
    let value = i128::from_str_radix(digits, base).map(|value| sign * value);
    value
        .ok()
        .filter(|value| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(value))
        .ok_or_else(|| format!("`{literal}` does not fit into 64 bits"))
}

/// The number of the character in a literal such as `'a'` or `'\n'`.
pub(super) fn character(literal: &str) -> i128 {
    let inner = literal.trim_start_matches('\'');
    let (is_escaped, inner) = match inner.strip_prefix('\\') {
        Some(inner) => (true, inner),
        None => (false, inner),
    };
    let byte = inner.bytes().next().unwrap_or_default();
    let byte = match byte {
        b'0' if is_escaped => 0,
        b'n' if is_escaped => b'\n',
        b'r' if is_escaped => b'\r',
        b't' if is_escaped => b'\t',
        other => other,
    };
    i128::from(byte)
}
