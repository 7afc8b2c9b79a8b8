//! Random values, as XDR has them on the wire, of the types of an interface.

use fastrand::Rng;
use rpcgen::model::{Bound, Model, Number, Shape, Struct, Type, TypeId, Union};

/// Bytes from which on everything that may be left out is: values stay small, and recursive types
/// come to an end.
const ENOUGH: usize = 600;

/// Elements that an array without a bound has at the most, and bytes of a string.
const LEN_MAX: u32 = 40;

/// One in so many arrays and strings is as long as it may be.
const FULL_ONE_IN: u32 = 16;

/// The longest of those.
const FULL_MAX: u32 = 2_048;

/// Which integers of four bytes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integers {
    /// All.
    All,
    /// Those that C can keep in a `char`, which is an integer like any other on the wire.
    Small,
}

/// Bytes of a random value of a type.
pub(crate) fn value(model: &Model, ty: TypeId, integers: Integers, random: &mut Rng) -> Vec<u8> {
    let mut value = Value {
        model,
        random,
        integers,
        bytes: Vec::new(),
    };
    value.named(ty);
    value.bytes
}

/// A value that is being made up.
struct Value<'a> {
    model: &'a Model,
    random: &'a mut Rng,
    integers: Integers,
    bytes: Vec<u8>,
}

impl Value<'_> {
    fn word(&mut self, word: u32) {
        self.bytes.extend(word.to_be_bytes());
    }

    fn random_word(&mut self) {
        // Numbers near the ends and near zero are more likely to be treated wrongly.
        let word = match self.random.u8(..8) {
            _ if self.integers == Integers::Small => self.random.u32(..0x80),
            0 => 0,
            1 => u32::MAX,
            2 => 1 << 31,
            3 => self.random.u32(..16),
            _ => self.random.u32(..),
        };
        self.word(word);
    }

    fn flag(&mut self) -> bool {
        let flag = self.bytes.len() < ENOUGH && self.random.bool();
        self.word(u32::from(flag));
        flag
    }

    fn named(&mut self, id: TypeId) {
        match &self.model.type_def(id).shape {
            Shape::Alias(ty) => self.value(ty),
            Shape::Enum(it) => {
                let at = self.random.usize(..it.enumerators.len());
                self.word(known(&it.enumerators[at].value).cast_unsigned());
            }
            Shape::Struct(it) => self.fields(it),
            Shape::Union(it) => self.union(it),
        }
    }

    fn fields(&mut self, it: &Struct) {
        for field in &it.fields {
            self.value(&field.ty);
        }
    }

    fn value(&mut self, ty: &Type) {
        match ty {
            Type::Int | Type::UnsignedInt | Type::Float => self.random_word(),
            Type::Hyper | Type::UnsignedHyper | Type::Double => self.words(2),
            Type::Quadruple => self.words(4),
            Type::Bool => {
                let word = self.random.u32(..2);
                self.word(word);
            }
            Type::Extern(path) => panic!("{path} is not in the interface file"),
            Type::FixedOpaque(len) => self.opaque(known(len), 0),
            Type::Opaque(max) => {
                let len = self.counted(max.as_ref(), 1);
                self.opaque(len, 0);
            }
            // C ends a string at the first zero.
            Type::String { max, .. } => {
                let len = self.counted(max.as_ref(), 1);
                self.opaque(len, 1);
            }
            Type::FixedArray { element, len, .. } => {
                (0..known(len)).for_each(|_| self.value(element));
            }
            Type::Array(element, max) => {
                let len = self.counted(max.as_ref(), 16);
                (0..len).for_each(|_| self.value(element));
            }
            Type::Optional { value, .. } => {
                if self.flag() {
                    self.value(value);
                }
            }
            Type::List { node, nonempty } => {
                let mut more = *nonempty || self.flag();
                while more {
                    self.named(*node);
                    more = self.flag();
                }
            }
            // C has no ranges, so no file here has one.
            Type::Ranged { value, .. } => self.value(value),
            Type::Named(id) | Type::Boxed(id) => self.named(*id),
        }
    }

    fn words(&mut self, count: usize) {
        (0..count).for_each(|_| self.random_word());
    }

    /// Bytes from `low` on, and their padding.
    fn opaque(&mut self, len: u32, low: u8) {
        for _ in 0..len {
            let byte = self.random.u8(low..);
            self.bytes.push(byte);
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// A length below the bound, on the wire, for elements of about so many bytes.
    fn counted(&mut self, bound: Option<&Bound>, size: u32) -> u32 {
        let max = bound.map_or(LEN_MAX, |bound| bound.max.unwrap());
        let len = if self.bytes.len() >= ENOUGH {
            0
        } else if self.random.u32(..FULL_ONE_IN) == 0 && max <= FULL_MAX / size {
            max
        } else {
            self.random.u32(..=max.min(LEN_MAX))
        };
        self.word(len);
        len
    }

    fn union(&mut self, it: &Union) {
        let has_default = it.default.is_some() && !it.is_exhaustive;
        let at = self
            .random
            .usize(..it.arms.len() + usize::from(has_default));
        let (discriminant, field) = if let Some(arm) = it.arms.get(at) {
            (known(&arm.label.number()), arm.field.as_ref())
        } else {
            let field = it.default.as_ref().and_then(Option::as_ref);
            (self.other_discriminant(it), field)
        };
        match self.model.unalias(&it.discriminant.ty) {
            Type::Hyper | Type::UnsignedHyper => self.bytes.extend(last(discriminant, 8)),
            _ => self.bytes.extend(last(discriminant, 4)),
        }
        if let Some(field) = field {
            self.value(&field.ty);
        }
    }

    /// A discriminant that no arm has.
    fn other_discriminant(&mut self, it: &Union) -> i128 {
        let numbers: Vec<i128> = match self.model.unalias(&it.discriminant.ty) {
            Type::Named(id) => match &self.model.type_def(*id).shape {
                Shape::Enum(it) => {
                    let values = it.enumerators.iter();
                    values.map(|one| known(&one.value).into()).collect()
                }
                _ => panic!("{} is no discriminant", it.discriminant.name.idl),
            },
            Type::Bool => vec![0, 1],
            // Few enough, so that it does not matter whether the type has a sign.
            _ => (0..1000).collect(),
        };
        let has_arm = |number| {
            let mut arms = it.arms.iter();
            arms.any(|arm| known(&arm.label.number()) == number)
        };
        let mut others = numbers;
        others.retain(|number| !has_arm(*number));
        others[self.random.usize(..others.len())]
    }
}

/// The last bytes of a number: what the wire has of it.
fn last(number: i128, bytes: usize) -> Vec<u8> {
    number.to_be_bytes()[16 - bytes..].to_vec()
}

/// Bytes with an accident: a byte or a word of them is another one, or some are missing.
pub(crate) fn accident(bytes: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let words = bytes.len() / 4;
    match random.u8(..4) {
        0 => {
            let at = random.usize(..bytes.len());
            bytes[at] ^= 1 << random.u8(..8);
        }
        1 => bytes.truncate(random.usize(..words) * 4),
        2 => bytes.extend([0; 4]),
        _ => {
            let at = random.usize(..words) * 4;
            bytes[at..at + 4].copy_from_slice(&random.u32(..8).to_be_bytes());
        }
    }
    bytes
}

#[test]
fn numbers_keep_their_bits_on_the_wire() {
    assert_eq!(last(-2, 4), [0xff, 0xff, 0xff, 0xfe]);
    assert_eq!(last(0xffff_fffe, 4), [0xff, 0xff, 0xff, 0xfe]);
    assert_eq!(last(1, 8), [0, 0, 0, 0, 0, 0, 0, 1]);
}

/// A number of a file that defines all its names.
fn known<T: Copy>(number: &Number<T>) -> T {
    number.known().unwrap()
}
