//! Evaluates the conditions of `#if` and `#elif`, and macros that are numbers.
//!
//! All of the operators of C, on integers of 128 bits. There are no unsigned numbers: `-1 > 0u`
//! is false here.

use super::macros::Macros;
/// Levels of parentheses, prefix operators and `?:` in a condition; each takes a little stack.
const DEPTH_MAX: u32 = 64;

/// The value of a condition in which macros are expanded already, or what is wrong with it.
pub(super) fn evaluate(condition: &str, macros: &Macros) -> Result<bool, String> {
    let names = Names {
        // As in C: what is no macro is 0.
        value: &|_| Ok(0),
        is_defined: &|name| macros.is_defined(name),
    };
    whole(condition, names).map(|value| value != 0)
}

/// The value of an expression whose names have values; `None` where that is no number.
pub(super) fn constant(expression: &str, value: &dyn Fn(&str) -> Option<i128>) -> Option<i128> {
    let names = Names {
        value: &|name| value(name).ok_or(UNKNOWN),
        is_defined: &|_| false,
    };
    whole(expression, names).ok()
}

fn whole(expression: &str, names: Names<'_>) -> Result<i128, String> {
    let mut parser = Parser {
        rest: expression,
        names,
        depth: 0,
    };
    let value = parser.conditional()?;
    if !parser.peek().is_empty() {
        return Err(format!("expected an operator, found {}", parser.found()));
    }
    Ok(value?)
}

/// What names mean.
#[derive(Clone, Copy)]
struct Names<'a> {
    value: &'a dyn Fn(&str) -> Value,
    is_defined: &'a dyn Fn(&str) -> bool,
}

/// A number, or why there is none: a fault counts only where C would evaluate the operand, so
/// that `0 && 1 / 0` is 0.
type Value = Result<i128, &'static str>;

#[derive(Clone, Copy)]
struct Parser<'a> {
    rest: &'a str,
    names: Names<'a>,
    depth: u32,
}

impl<'a> Parser<'a> {
    /// `a ? b : c`, or anything simpler.
    fn conditional(&mut self) -> Result<Value, String> {
        let condition = self.binary(0)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let then = self.deeper(Self::conditional)?;
        if !self.eat(":") {
            return Err(format!("expected `:`, found {}", self.found()));
        }
        let otherwise = self.deeper(Self::conditional)?;
        Ok(match condition {
            Ok(0) => otherwise,
            Ok(_) => then,
            fault => fault,
        })
    }

    /// Operands joined by operators that bind at least as tight as `precedence_min`.
    fn binary(&mut self, precedence_min: u8) -> Result<Value, String> {
        let mut left = self.unary()?;
        while let Some(&(operator, precedence)) = self.operator()
            && precedence >= precedence_min
        {
            self.eat(operator);
            let right = self.binary(precedence + 1)?;
            left = apply(operator, left, right);
        }
        Ok(left)
    }

    fn operator(&mut self) -> Option<&'static (&'static str, u8)> {
        let rest = self.peek();
        OPERATORS
            .iter()
            .find(|(operator, _)| rest.starts_with(operator))
    }

    fn unary(&mut self) -> Result<Value, String> {
        if self.eat("!") {
            let value = self.deeper(Self::unary)?;
            return Ok(value.map(|value| i128::from(value == 0)));
        }
        if self.eat("~") {
            return Ok(self.deeper(Self::unary)?.map(|value| !value));
        }
        if self.eat("-") {
            let value = self.deeper(Self::unary)?;
            return Ok(value.and_then(|value| value.checked_neg().ok_or(OVERFLOW)));
        }
        if self.eat("+") {
            return self.deeper(Self::unary);
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Value, String> {
        if self.eat("(") {
            let value = self.deeper(Self::conditional)?;
            return self.closed().map(|()| value);
        }
        let word = self.word();
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return number(word).map(Ok);
        }
        match word {
            "" => Err(format!(
                "expected a number or a name, found {}",
                self.found()
            )),
            "defined" => self.defined().map(|defined| Ok(i128::from(defined))),
            name => Ok((self.names.value)(name)),
        }
    }

    /// What follows `defined`: a name, or a name in parentheses.
    fn defined(&mut self) -> Result<bool, String> {
        let parenthesis = self.eat("(");
        let name = self.word();
        if name.is_empty() {
            return Err(format!(
                "expected a name behind `defined`, found {}",
                self.found()
            ));
        }
        if parenthesis {
            self.closed()?;
        }
        Ok((self.names.is_defined)(name))
    }

    fn closed(&mut self) -> Result<(), String> {
        if self.eat(")") {
            Ok(())
        } else {
            Err(format!("expected `)`, found {}", self.found()))
        }
    }

    /// Goes one level down.
    fn deeper(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Value, String>,
    ) -> Result<Value, String> {
        if self.depth == DEPTH_MAX {
            return Err(format!(
                "the condition is nested more than {DEPTH_MAX} deep"
            ));
        }
        self.depth += 1;
        let value = parse(self);
        self.depth -= 1;
        value
    }

    fn peek(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.peek().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A name or a number; empty where there is none.
    fn word(&mut self) -> &'a str {
        let rest = self.peek();
        let end = rest.find(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_');
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        word
    }

    /// What comes next, for a message.
    fn found(mut self) -> String {
        match self.peek().chars().next() {
            None => "its end".to_owned(),
            Some(first) => match self.word() {
                "" => format!("`{first}`"),
                word => format!("`{}`", super::shown(word)),
            },
        }
    }
}

/// The binary operators and how tight they bind; one that begins with another stands before it.
const OPERATORS: &[(&str, u8)] = &[
    ("||", 1),
    ("&&", 2),
    ("|", 3),
    ("^", 4),
    ("&", 5),
    ("==", 6),
    ("!=", 6),
    ("<<", 8),
    (">>", 8),
    ("<=", 7),
    (">=", 7),
    ("<", 7),
    (">", 7),
    ("+", 9),
    ("-", 9),
    ("*", 10),
    ("/", 10),
    ("%", 10),
];

const UNKNOWN: &str = "a name has no value";
const OVERFLOW: &str = "a value does not fit in 128 bits";
const DIVISION_BY_ZERO: &str = "division by zero";
const BAD_SHIFT: &str = "a value is shifted by less than 0 or more than 126 bits";

fn apply(operator: &str, left: Value, right: Value) -> Value {
    let left = left?;
    match operator {
        "||" if left != 0 => return Ok(1),
        "&&" if left == 0 => return Ok(0),
        _ => {}
    }
    let right = right?;
    match operator {
        "||" | "&&" => Ok(i128::from(right != 0)),
        "|" => Ok(left | right),
        "^" => Ok(left ^ right),
        "&" => Ok(left & right),
        "==" => Ok(i128::from(left == right)),
        "!=" => Ok(i128::from(left != right)),
        "<=" => Ok(i128::from(left <= right)),
        ">=" => Ok(i128::from(left >= right)),
        "<" => Ok(i128::from(left < right)),
        ">" => Ok(i128::from(left > right)),
        _ => arithmetic(operator, left, right),
    }
}

fn arithmetic(operator: &str, left: i128, right: i128) -> Value {
    let value = match operator {
        "/" | "%" if right == 0 => return Err(DIVISION_BY_ZERO),
        "/" => left.checked_div(right),
        "%" => left.checked_rem(right),
        "<<" => left.checked_mul(power_of_two(right)?),
        // Rounds down, as shifting the bits does.
        ">>" => Some(left.div_euclid(power_of_two(right)?)),
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        _ => left.checked_mul(right),
    };
    value.ok_or(OVERFLOW)
}

fn power_of_two(exponent: i128) -> Value {
    match u32::try_from(exponent) {
        Ok(bits @ 0..=126) => Ok(1 << bits),
        _ => Err(BAD_SHIFT),
    }
}

/// The value of a number as C writes it: decimal, octal or hexadecimal, perhaps with a suffix.
fn number(word: &str) -> Result<i128, String> {
    let digits = word.trim_end_matches(['u', 'U', 'l', 'L']);
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let value = match hexadecimal {
        Some(digits) => i128::from_str_radix(digits, 16),
        None if digits.starts_with('0') => i128::from_str_radix(digits, 8),
        None => digits.parse(),
    };
    value.map_err(|_| format!("`{}` is not a number", super::shown(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str) -> Result<bool, String> {
        let mut macros = Macros::default();
        macros.define("ONE", "1", None);
        evaluate(condition, &macros)
    }

    #[test]
    fn operators_bind_as_in_c() {
        for condition in [
            "1 + 2 * 3 == 7",
            "(1 + 2) * 3 == 9",
            "10 - 3 - 2 == 5",
            "100 / 10 / 5 == 2",
            "7 % 4 == 3 && -7 / 2 == -3 && -7 % 2 == -1",
            "1 << 2 + 1 == 8",
            "-5 >> 1 == -3 && 1 << 126 > 0",
            "(1 | 2 ^ 3 & 1) == (1 | (2 ^ (3 & 1)))",
            "1 || 0 && 0",
            "!0 && ~0 == -1 && - -1 == 1 && + +1",
            "0 ? 0 : 1 ? 1 : 0",
            "(1 ? 2 : 3) == 2",
            "0x1F == 31 && 0X1fUL == 31 && 010 == 8 && 10ull == 10 && 0 == 0u",
            "1<2 && 2>1 && 1<=1 && 1>=1 && 1!=2",
            "defined ONE && defined(ONE) && !defined( TWO ) && !defined TWO",
            "!unknown",
            "5 & 6 == 6",
        ] {
            assert_eq!(holds(condition), Ok(true), "{condition}");
        }
    }

    #[test]
    fn operands_that_do_not_count_may_be_faulty() {
        assert_eq!(holds("0 && 1 / 0"), Ok(false));
        assert_eq!(holds("1 || 1 % 0"), Ok(true));
        assert_eq!(holds("1 ? 1 : 1 << 999"), Ok(true));
        assert_eq!(holds("0 ? 1 / 0 : 0"), Ok(false));
    }

    #[test]
    fn faults() {
        let max = i128::MAX;
        for (condition, fault) in [
            ("", "expected a number or a name, found its end"),
            ("1 +", "expected a number or a name, found its end"),
            ("1 2", "expected an operator, found `2`"),
            ("(1", "expected `)`, found its end"),
            ("1 ? 2", "expected `:`, found its end"),
            ("defined", "expected a name behind `defined`, found its end"),
            ("defined(ONE", "expected `)`, found its end"),
            ("\"a\"", "expected a number or a name, found `\"`"),
            ("1 = 1", "expected an operator, found `=`"),
            ("09", "`09` is not a number"),
            ("0x", "`0x` is not a number"),
            ("1 / 0", DIVISION_BY_ZERO),
            ("1 % (1 - 1)", DIVISION_BY_ZERO),
            ("1 << 127", BAD_SHIFT),
            ("1 >> -1", BAD_SHIFT),
            ("2 << 126", OVERFLOW),
            (&format!("{max} + 1"), OVERFLOW),
            (&format!("{max} * 2"), OVERFLOW),
            (&format!("-{max} - 2"), OVERFLOW),
            (&format!("-(-{max} - 1)"), OVERFLOW),
            (&format!("(-{max} - 1) / -1"), OVERFLOW),
            (&format!("(-{max} - 1) % -1"), OVERFLOW),
        ] {
            assert_eq!(holds(condition), Err(fault.to_owned()), "{condition}");
        }
    }

    #[test]
    fn depth_is_limited_and_length_is_not() {
        let too_deep = Err("the condition is nested more than 64 deep".to_owned());
        let nested = |depth| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(holds(&nested(64)), Ok(true));
        assert_eq!(holds(&nested(65)), too_deep);
        assert_eq!(holds(&"!".repeat(100_000)), too_deep);
        assert_eq!(holds(&"1?1:".repeat(100_000)), too_deep);
        assert_eq!(holds(&format!("{}1", "0 || ".repeat(100_000))), Ok(true));
    }
}
