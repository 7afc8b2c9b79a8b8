//! How many bytes a value takes on the wire: the fewest, the most, and whether always the same.

use super::analysis::known;
use crate::model::{Bound, Field, Number, Shape, Type, TypeDef, TypeId, WireSize};

/// Bytes up to which a value is read and written in one run. A run is put together on the stack and
/// copied from there: more of them cost more than a check for each part.
const FIXED_MAX: u64 = 512;

/// The size of what is not known to have one.
pub(super) const UNKNOWN: WireSize = WireSize {
    min: 0,
    max: None,
    is_fixed: false,
};

const EMPTY: WireSize = fixed(0);

const fn fixed(size: u64) -> WireSize {
    WireSize {
        min: size,
        max: Some(size),
        is_fixed: true,
    }
}

fn variable(min: u64, max: Option<u64>) -> WireSize {
    within(min, max, false)
}

/// Finds the sizes of all types.
pub(super) fn measure(types: &mut [TypeDef], by_value: &[usize], order: &[usize]) {
    // What a type contains by value is found first, whatever else it has to do with it.
    set_all(types, by_value);
    // The most is known behind all that is contained, in arrays too; what contains itself has no
    // bound, and is never found to have one: some type on the way is not known when it is needed.
    set_all(types, order);
}

fn set_all(types: &mut [TypeDef], order: &[usize]) {
    for &id in order {
        let Some(def) = types.get(id) else { continue };
        let size = shape_size(types, &def.shape);
        if let Some(def) = types.get_mut(id) {
            def.wire_size = size;
        }
    }
}

fn shape_size(types: &[TypeDef], shape: &Shape) -> WireSize {
    match shape {
        Shape::Enum(shape) if shape.is_open => variable(4, Some(4)),
        Shape::Enum(_) => fixed(4),
        Shape::Alias(ty) => wire_size(types, ty),
        Shape::Struct(shape) => fields_wire_size(types, &shape.fields),
        Shape::Union(shape) => {
            let arms = shape.arms.iter().map(|arm| &arm.field);
            let size = |field: &Option<Field>| match field {
                Some(field) => wire_size(types, &field.ty),
                None => EMPTY,
            };
            let carried = arms.chain(&shape.default).map(size).reduce(either);
            let discriminant = wire_size(types, &shape.discriminant.ty);
            let size = both(discriminant, carried.unwrap_or(EMPTY));
            variable(size.min, size.max)
        }
    }
}

/// The size of values that travel together.
#[must_use]
pub fn fields_wire_size(types: &[TypeDef], fields: &[Field]) -> WireSize {
    let sizes = fields.iter().map(|field| wire_size(types, &field.ty));
    let all = sizes.fold(EMPTY, both);
    WireSize {
        is_fixed: all.is_fixed && !fields.is_empty(),
        ..all
    }
}

/// The size of a value.
#[must_use]
pub fn wire_size(types: &[TypeDef], ty: &Type) -> WireSize {
    let named = |id: TypeId| types.get(id.0).map_or(UNKNOWN, |def| def.wire_size);
    match ty {
        Type::Int | Type::UnsignedInt | Type::Float | Type::Bool => fixed(4),
        Type::Hyper | Type::UnsignedHyper | Type::Double => fixed(8),
        Type::Quadruple => fixed(16),
        Type::FixedOpaque(len) => {
            let max = len.known().map(|len| padded(len.into()));
            within(padded(known(len)), max, max.is_some())
        }
        Type::FixedArray {
            element,
            len,
            boxed,
        } => {
            let size = elements(wire_size(types, element), len);
            WireSize {
                is_fixed: size.is_fixed && !boxed,
                ..size
            }
        }
        Type::Opaque(bound) | Type::String { max: bound, .. } => {
            let max = most(bound.as_ref()).map(padded);
            variable(4, max.and_then(|max| max.checked_add(4)))
        }
        Type::Array(element, bound) => {
            let of_all = || most(bound.as_ref())?.checked_mul(wire_size(types, element).max?);
            variable(4, of_all().and_then(|max| max.checked_add(4)))
        }
        Type::Optional { value, .. } => {
            let max = wire_size(types, value).max;
            variable(4, max.and_then(|max| max.checked_add(4)))
        }
        // Its own constants are not known here.
        Type::Extern(_) => UNKNOWN,
        Type::List { node, nonempty } => {
            let first = if *nonempty { named(*node).min } else { 0 };
            variable(first.saturating_add(4), None)
        }
        Type::Ranged { value, .. } => {
            let size = wire_size(types, value);
            variable(size.min, size.max)
        }
        Type::Named(id) => named(*id),
        Type::Boxed(id) => {
            let size = named(*id);
            variable(size.min, size.max)
        }
    }
}

/// So many elements of a size.
fn elements(size: WireSize, len: &Number<u32>) -> WireSize {
    let min = size.min.saturating_mul(known(len));
    let max = || size.max?.checked_mul(len.known()?.into());
    within(min, max(), size.is_fixed && len.known().is_some())
}

/// One value behind another.
fn both(one: WireSize, other: WireSize) -> WireSize {
    let min = one.min.saturating_add(other.min);
    let max = || one.max?.checked_add(other.max?);
    within(min, max(), one.is_fixed && other.is_fixed)
}

/// One value or another.
fn either(one: WireSize, other: WireSize) -> WireSize {
    let max = || Some(one.max?.max(other.max?));
    variable(one.min.min(other.min), max())
}

/// A size, within what constants of generated code and runs can be.
fn within(min: u64, max: Option<u64>, is_fixed: bool) -> WireSize {
    WireSize {
        min: min.min(u32::MAX.into()),
        max: max.filter(|&max| max <= u32::MAX.into()),
        is_fixed: is_fixed && min <= FIXED_MAX,
    }
}

/// The most bytes or elements, if that is known.
fn most(bound: Option<&Bound>) -> Option<u64> {
    bound?.max.map(u64::from)
}

fn padded(size: u64) -> u64 {
    size.next_multiple_of(4)
}
