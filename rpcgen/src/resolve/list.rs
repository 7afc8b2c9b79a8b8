//! Linked lists: a struct that ends in optional-data of itself is the node of one, and where the
//! file uses the node, the model has a list. Bytes on the wire are the same; memory is an array,
//! and neither decoding nor dropping a long list is a recursion.

use crate::model::{Shape, Struct, Type, TypeDef, TypeId};

/// Finds list nodes, takes their last field away, and makes lists of their uses.
///
/// `keeps_links` tells of which nodes, by their names, this is not wanted.
pub(super) fn find_lists(
    mut types: Vec<TypeDef>,
    keeps_links: &mut dyn FnMut(&str) -> bool,
) -> Vec<TypeDef> {
    let nodes: Vec<bool> = (0..types.len())
        .map(|index| {
            let name = types.get(index).map(|def| def.name.idl.as_str());
            is_node(&types, TypeId(index)) && !name.is_some_and(&mut *keeps_links)
        })
        .collect();
    for (def, is_node) in types.iter_mut().zip(&nodes) {
        if let Shape::Struct(structure) = &mut def.shape
            && *is_node
        {
            structure.next = structure.fields.pop().map(|field| field.name.idl);
        }
    }
    let is_node = |id: TypeId| nodes.get(id.0).copied().unwrap_or_default();
    for ty in types.iter_mut().flat_map(|def| def.shape.types_mut()) {
        use_lists(ty, &is_node);
    }
    types
}

/// Makes lists of the nodes in a type.
pub(super) fn use_lists(ty: &mut Type, is_node: &impl Fn(TypeId) -> bool) {
    match ty {
        Type::Named(node) if is_node(*node) => {
            *ty = Type::List {
                node: *node,
                nonempty: true,
            }
        }
        Type::Optional { value, .. } => match **value {
            Type::Named(node) if is_node(node) => {
                *ty = Type::List {
                    node,
                    nonempty: false,
                }
            }
            _ => use_lists(value, is_node),
        },
        Type::FixedArray { element: inner, .. }
        | Type::Ranged { value: inner, .. }
        | Type::Array(inner, _) => use_lists(inner, is_node),
        _ => {}
    }
}

fn is_node(types: &[TypeDef], id: TypeId) -> bool {
    let Some(Shape::Struct(Struct { fields, .. })) = types.get(id.0).map(|def| &def.shape) else {
        return false;
    };
    let Some((next, others)) = fields.split_last() else {
        return false;
    };
    is_optional(types, &next.ty, id)
        && !others.iter().any(|field| is_optional(types, &field.ty, id))
}

/// Whether a type is optional-data of a struct, perhaps through typedefs.
fn is_optional(types: &[TypeDef], ty: &Type, id: TypeId) -> bool {
    match unalias(types, ty) {
        Type::Optional { value, .. } => *unalias(types, value) == Type::Named(id),
        _ => false,
    }
}

fn unalias<'a>(types: &'a [TypeDef], mut ty: &'a Type) -> &'a Type {
    // Typedefs that define each other are a fault that is reported elsewhere.
    for _ in 0..types.len() {
        match ty {
            Type::Named(id) => match types.get(id.0).map(|def| &def.shape) {
                Some(Shape::Alias(aliased)) => ty = aliased,
                _ => break,
            },
            _ => break,
        }
    }
    ty
}
