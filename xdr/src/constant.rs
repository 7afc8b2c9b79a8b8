//! Constants that generated code takes from outside of its interface file, as the types that it
//! needs.
//!
//! Each is an `i64` where it is defined. A function of this module turns it into the type of its
//! place while the crate is compiled; a value that does not fit does not compile.
//!
//! ```
//! const MAX: u32 = xdr::constant::unsigned_int(255);
//! assert_eq!(MAX, 255);
//! ```
//!
//! ```compile_fail
//! const MAX: u32 = xdr::constant::unsigned_int(-1);
//! ```

/// An `int`: an enumerator, or a case of a union.
///
/// # Panics
///
/// Where the value is not in the range of `i32`: in a constant, an error of the compiler.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked, and `TryFrom` is no function of constants"
)]
pub const fn int(value: i64) -> i32 {
    assert!(
        value >= i32::MIN as i64 && value <= i32::MAX as i64,
        "the constant is not in the range of an int"
    );
    value as i32
}

/// An `unsigned int`: a bound, a case of a union, the number of a program.
///
/// # Panics
///
/// Where the value is not in the range of `u32`: in a constant, an error of the compiler.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked, and `TryFrom` is no function of constants"
)]
pub const fn unsigned_int(value: i64) -> u32 {
    assert!(
        value >= 0 && value <= u32::MAX as i64,
        "the constant is not in the range of an unsigned int"
    );
    value as u32
}

/// A `hyper`: a case of a union.
#[must_use]
pub const fn hyper(value: i64) -> i64 {
    value
}

/// An `unsigned hyper`: a case of a union.
///
/// # Panics
///
/// Where the value is negative: in a constant, an error of the compiler.
#[must_use]
pub const fn unsigned_hyper(value: i64) -> u64 {
    assert!(value >= 0, "the constant is negative");
    value.cast_unsigned()
}

/// The length of an array.
///
/// # Panics
///
/// Where the value is not in the range of `u32`, as lengths are on the wire: in a constant, an
/// error of the compiler.
#[must_use]
pub const fn length(value: i64) -> usize {
    unsigned_int(value) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_edges_are_what_they_were() {
        assert_eq!(int(-0x8000_0000), i32::MIN);
        assert_eq!(int(0x7fff_ffff), i32::MAX);
        assert_eq!(unsigned_int(0), 0);
        assert_eq!(unsigned_int(0xffff_ffff), u32::MAX);
        assert_eq!(hyper(i64::MIN), i64::MIN);
        assert_eq!(unsigned_hyper(i64::MAX), i64::MAX.cast_unsigned());
        assert_eq!(length(16), 16);
    }

    #[test]
    #[should_panic(expected = "range of an int")]
    fn what_is_too_large_is_no_int() {
        let _ = int(0x8000_0000);
    }

    #[test]
    #[should_panic(expected = "range of an unsigned int")]
    fn what_is_negative_is_no_length() {
        let _ = length(-1);
    }

    #[test]
    #[should_panic(expected = "negative")]
    fn what_is_negative_is_no_unsigned_hyper() {
        let _ = unsigned_hyper(-1);
    }
}
