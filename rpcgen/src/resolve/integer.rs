//! The spellings of integer types, and the C typedef names that files use without defining them.

use crate::model::{Bound, Type};

/// The type of `unsigned long int` and the like: as wide as XDR has it, not as C has it.
pub(super) fn from_words(words: &[String]) -> Type {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let longs = words.iter().filter(|word| *word == "long").count();
    let wide = has("hyper") || longs > 1;
    match (wide, has("unsigned")) {
        (false, false) => Type::Int,
        (false, true) => Type::UnsignedInt,
        (true, false) => Type::Hyper,
        (true, true) => Type::UnsignedHyper,
    }
}

/// A typedef name of C that has one meaning everywhere. A file's own definition comes first.
pub(super) fn from_name(name: &str) -> Option<Type> {
    Some(match name {
        "int8_t" | "int16_t" | "int32_t" => Type::Int,
        "u_char" | "u_short" | "u_int" | "u_long" | "uint8_t" | "uint16_t" | "uint32_t"
        | "u_int8_t" | "u_int16_t" | "u_int32_t" | "uint" | "ushort" | "ulong" | "rpcprog_t"
        | "rpcvers_t" | "rpcproc_t" | "rpcport_t" => Type::UnsignedInt,
        "int64_t" | "quad_t" | "longlong_t" => Type::Hyper,
        "uint64_t" | "u_int64_t" | "u_quad_t" | "u_longlong_t" => Type::UnsignedHyper,
        "bool_t" => Type::Bool,
        "netobj" => Type::Opaque(Some(Bound {
            max: NETOBJ_MAX,
            constant: None,
        })),
        _ => return None,
    })
}

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
