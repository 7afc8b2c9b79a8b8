//! What can be said of the value of a constant by itself.

use crate::{
    ast::Ident,
    diagnostic::{Code, Diagnostic, Diagnostics},
    model::{ConstantValue, ExternConstant},
    source::Span,
};

/// The number of an enumerator: `0xFFFFFFFF` is what some write for -1.
pub(super) fn signed(written: i128, span: Span, diagnostics: &mut Diagnostics) -> i128 {
    let number = match u32::try_from(written) {
        Ok(number) => i128::from(number.cast_signed()),
        Err(_) => written,
    };
    if number != written {
        let message = format!("an enum is a signed integer: {written} is {number}");
        let fault = Diagnostic::new(Code::EnumeratorWraps, span, message);
        diagnostics.push(fault.help("the four bytes on the wire are the same"));
    }
    number
}

/// A value plus a number.
pub(super) fn plus(
    value: ConstantValue,
    add: i128,
    name: &Ident,
    diagnostics: &mut Diagnostics,
) -> Option<ConstantValue> {
    match value {
        ConstantValue::Integer(number) => Some(ConstantValue::Integer(number + add)),
        ConstantValue::Extern(constant) => Some(ConstantValue::Extern(ExternConstant {
            plus: constant.plus + add,
            ..constant
        })),
        ConstantValue::Text(_) if add == 0 => Some(value),
        ConstantValue::Text(_) => {
            let message = format!("`{}` follows a text, which has no successor", name.name);
            diagnostics.push(Diagnostic::new(Code::WrongKind, name.span, message));
            None
        }
    }
}

/// The constants that the language itself has (RFC 4506 §4.4).
pub(super) fn builtin(name: &str) -> Option<ConstantValue> {
    match name {
        "FALSE" => Some(ConstantValue::Integer(0)),
        "TRUE" => Some(ConstantValue::Integer(1)),
        _ => None,
    }
}
