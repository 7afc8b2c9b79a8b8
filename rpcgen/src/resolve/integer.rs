//! The spellings of integer types, and the C typedef names that files use without defining them.

use crate::model::{Bound, Type};

/// The type of `unsigned long int` and the like: as wide as XDR has it, not as C has it. `None`
/// where the words contradict each other.
pub(super) fn from_words(words: &[String]) -> Option<Type> {
    let mut sizes: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_signed = take(&mut sizes, "signed");
    let is_unsigned = take(&mut sizes, "unsigned");
    // Last: `long int` is `long`.
    take(&mut sizes, "int");
    let is_wide = match sizes.as_slice() {
        [] | ["long" | "short" | "char"] => false,
        ["hyper"] | ["long", "long"] => true,
        _ => return None,
    };
    if sizes == ["char"] && words.iter().any(|word| word == "int") {
        return None;
    }
    match (is_wide, is_unsigned) {
        _ if is_signed && is_unsigned => None,
        (false, false) => Some(Type::Int),
        (false, true) => Some(Type::UnsignedInt),
        (true, false) => Some(Type::Hyper),
        (true, true) => Some(Type::UnsignedHyper),
    }
}

/// Takes a word out, once; tells whether it was there.
fn take(words: &mut Vec<&str>, wanted: &str) -> bool {
    let found = words.iter().position(|word| *word == wanted);
    found.map(|at| words.remove(at)).is_some()
}

/// A typedef name of C that has one meaning everywhere. A file's own definition comes first.
pub(super) fn from_name(name: &str) -> Option<Type> {
    // What this language calls a chunk of bytes.
    if name == "buffer_t" {
        return Some(Type::Opaque(None));
    }
    if name == "netobj" {
        return Some(Type::Opaque(Some(Bound {
            max: Some(NETOBJ_MAX),
            constant: None,
        })));
    }
    let (_, ty) = C_NAMES.iter().find(|(known, _)| *known == name)?;
    Some(ty.clone())
}

/// Typedef names of C for types of a fixed width.
pub(super) static C_NAMES: &[(&str, Type)] = &[
    ("int8_t", Type::Int),
    ("int16_t", Type::Int),
    ("int32_t", Type::Int),
    ("int8", Type::Int),
    ("int16", Type::Int),
    ("int32", Type::Int),
    ("u_char", Type::UnsignedInt),
    ("u_short", Type::UnsignedInt),
    ("u_int", Type::UnsignedInt),
    ("u_long", Type::UnsignedInt),
    ("uint8_t", Type::UnsignedInt),
    ("uint16_t", Type::UnsignedInt),
    ("uint32_t", Type::UnsignedInt),
    ("u_int8_t", Type::UnsignedInt),
    ("u_int16_t", Type::UnsignedInt),
    ("u_int32_t", Type::UnsignedInt),
    ("uint8", Type::UnsignedInt),
    ("uint16", Type::UnsignedInt),
    ("uint32", Type::UnsignedInt),
    ("uint", Type::UnsignedInt),
    ("ushort", Type::UnsignedInt),
    ("ulong", Type::UnsignedInt),
    ("rpcprog_t", Type::UnsignedInt),
    ("rpcvers_t", Type::UnsignedInt),
    ("rpcproc_t", Type::UnsignedInt),
    ("rpcport_t", Type::UnsignedInt),
    ("int64_t", Type::Hyper),
    ("int64", Type::Hyper),
    ("quad_t", Type::Hyper),
    ("longlong_t", Type::Hyper),
    ("uint64_t", Type::UnsignedHyper),
    ("uint64", Type::UnsignedHyper),
    ("u_int64_t", Type::UnsignedHyper),
    ("u_quad_t", Type::UnsignedHyper),
    ("u_longlong_t", Type::UnsignedHyper),
    ("bool_t", Type::Bool),
];

/// The bound of C's `netobj`, in bytes (`MAX_NETOBJ_SZ` of its runtime).
const NETOBJ_MAX: u32 = 1024;

/// Typedef names of C whose width differs between systems: what goes on the wire is a guess.
pub(super) fn is_unsized(name: &str) -> bool {
    matches!(
        name,
        "size_t" | "ssize_t" | "time_t" | "dev_t" | "uid_t" | "gid_t" | "off_t"
    )
}

/// Whether a spelling means `char`, which is a word on the wire and not a byte.
pub(super) fn is_char(words: &[String]) -> bool {
    words.iter().any(|word| word == "char")
}
