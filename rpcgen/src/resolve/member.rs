//! Values that travel together, and the counts among them: fields of a struct, parameters and
//! results of a procedure.
//!
//! An array carries its own length, so that a count beside it says nothing that is not known: it is
//! left out, on the wire and in Rust. A count that goes to the server while the array comes back
//! stays: it is a limit.

use super::{
    Resolver,
    attribute::{Attributes, Kind},
    declaration::Written,
};
use crate::{
    ast::{Argument, Attribute, Value},
    diagnostic::{Code, Diagnostic},
    model::{Check, Demand, Field, Type},
    source::Span,
};
use std::collections::HashMap;

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Direction {
    /// To the server, or wherever a struct goes.
    pub(super) sent: bool,
    /// Back from the server.
    pub(super) returned: bool,
}

impl Direction {
    pub(super) const SENT: Self = Self {
        sent: true,
        returned: false,
    };
    pub(super) const RETURNED: Self = Self {
        sent: false,
        returned: true,
    };
}

/// A value before it is known whether it travels.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) field: Field,
    pub(super) direction: Direction,
    attributes: Attributes<'a>,
    span: Span,
    is_pointer: bool,
    role: Role,
}

/// What a value is to the arrays beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Value,
    /// It says no more than the length of the array at this place.
    Elided {
        array: usize,
        by: Span,
    },
    /// No array may be longer.
    Limit {
        by: Span,
    },
}

impl<'a> Member<'a> {
    pub(super) fn new(
        field: Field,
        written: Written<'_>,
        attributes: Attributes<'a>,
        direction: Direction,
    ) -> Self {
        Self {
            field,
            direction,
            attributes,
            span: written.span,
            is_pointer: written.pointer.is_some(),
            role: Role::Value,
        }
    }
}

/// What travels, and what the lengths in it must be.
#[derive(Debug, Default)]
pub(super) struct Linked {
    pub(super) parameters: Vec<Field>,
    pub(super) parameter_checks: Vec<Check>,
    pub(super) results: Vec<Field>,
    pub(super) result_checks: Vec<Check>,
}

/// A rule between two members.
struct Link {
    array: usize,
    other: usize,
    kind: LinkKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LinkKind {
    SameLength,
    AtMost,
}

impl Resolver<'_> {
    /// Finds the counts of arrays, and leaves out what need not travel.
    pub(super) fn link(&mut self, mut members: Vec<Member<'_>>) -> Linked {
        let mut links = Vec::new();
        let names: HashMap<String, usize> = members
            .iter()
            .enumerate()
            .map(|(index, member)| (member.field.name.idl.clone(), index))
            .collect();
        for array in 0..members.len() {
            self.link_array(array, &names, &mut members, &mut links);
        }
        self.move_ranges(&mut members);
        linked(members, &links)
    }

    fn link_array(
        &mut self,
        array: usize,
        names: &HashMap<String, usize>,
        members: &mut [Member<'_>],
        links: &mut Vec<Link>,
    ) {
        let Some(member) = members.get(array) else {
            return;
        };
        let size = member.attributes.get(Kind::SizeIs);
        let length = member.attributes.get(Kind::LengthIs);
        let direction = member.direction;
        if let Some(attribute) = length {
            self.elide(array, attribute, names, members, links);
        }
        let Some(attribute) = size else { return };
        let Some(index) = self.count(attribute, names, members) else {
            return;
        };
        let Some(count) = members.get(index).map(|count| count.direction) else {
            return;
        };
        let fits = match length {
            None if count == direction => {
                return self.elide(array, attribute, names, members, links);
            }
            None => direction.returned && count == Direction::SENT,
            Some(_) => count.sent || !direction.sent,
        };
        if fits {
            self.limit(array, index, attribute, members, links);
        } else {
            self.other_way(index, attribute, members);
        }
    }

    fn other_way(&mut self, count: usize, attribute: &Attribute, members: &[Member<'_>]) {
        let Some(count) = members.get(count) else {
            return;
        };
        let message = format!("`{}` goes another way than the array", count.field.name.idl);
        let fault = Diagnostic::new(Code::BadCount, attribute.span, message);
        self.diagnostics.push(
            fault
                .also(count.span, "the count")
                .help("give both the same of `in`, `out` and `in, out`")
                .help("the size of an array that comes back may be `in`: it is a limit then"),
        );
    }

    /// Leaves a count out.
    fn elide(
        &mut self,
        array: usize,
        attribute: &Attribute,
        names: &HashMap<String, usize>,
        members: &mut [Member<'_>],
        links: &mut Vec<Link>,
    ) {
        let Some(index) = self.count(attribute, names, members) else {
            return;
        };
        let direction = members.get(array).map(|array| array.direction);
        let Some(count) = members.get_mut(index) else {
            return;
        };
        if direction != Some(count.direction) {
            return self.other_way(index, attribute, members);
        }
        match count.role {
            Role::Value => {
                count.role = Role::Elided {
                    array,
                    by: attribute.span,
                };
            }
            Role::Elided { array: first, .. } => links.push(Link {
                array,
                other: first,
                kind: LinkKind::SameLength,
            }),
            Role::Limit { by } => self.two_roles(index, attribute.span, by, members),
        }
    }

    /// Makes a count the limit of an array.
    fn limit(
        &mut self,
        array: usize,
        index: usize,
        attribute: &Attribute,
        members: &mut [Member<'_>],
        links: &mut Vec<Link>,
    ) {
        let Some(count) = members.get_mut(index) else {
            return;
        };
        match count.role {
            // `size_is` and `length_is` name one count.
            Role::Elided { array: own, .. } if own == array => return,
            Role::Elided { by, .. } => return self.two_roles(index, attribute.span, by, members),
            Role::Value | Role::Limit { .. } => {
                count.role = Role::Limit { by: attribute.span };
            }
        }
        links.push(Link {
            array,
            other: index,
            kind: LinkKind::AtMost,
        });
    }

    fn two_roles(&mut self, count: usize, span: Span, first: Span, members: &[Member<'_>]) {
        let name = members.get(count).map(|count| &count.field.name.idl);
        let message = format!(
            "`{}` is the length of one array and the limit of another",
            name.map_or("", String::as_str)
        );
        let fault = Diagnostic::new(Code::BadCount, span, message);
        self.diagnostics.push(
            fault
                .also(first, "the other")
                .help("give each a count of its own"),
        );
    }

    /// The member that an attribute names, if it can count.
    fn count(
        &mut self,
        attribute: &Attribute,
        names: &HashMap<String, usize>,
        members: &[Member<'_>],
    ) -> Option<usize> {
        let Argument { pointer, value } = attribute.arguments.first()?;
        let Value::Name(name) = value else {
            return None;
        };
        let index = *names.get(&name.name)?;
        let count = members.get(index)?;
        let text = &name.name;
        let fault = if !self.is_count(&count.field.ty) {
            let message = format!("`{text}` is no `int` or `unsigned int`");
            Diagnostic::new(Code::BadCount, name.span, message).help("a length has 32 bits in XDR")
        } else if count.is_pointer && pointer.is_none() {
            let message = format!("`{text}` is a pointer to a count");
            Diagnostic::new(Code::BadCount, name.span, message).help(format!("write `*{text}`"))
        } else if pointer.is_some() && !count.is_pointer {
            let message = format!("`{text}` is no pointer");
            Diagnostic::new(Code::BadCount, name.span, message)
                .help(format!("write `{text}`, without the `*`"))
        } else {
            return Some(index);
        };
        self.diagnostics.push(fault.also(count.span, "the count"));
        None
    }

    fn is_count(&mut self, ty: &Type) -> bool {
        match ty {
            Type::Int | Type::UnsignedInt => true,
            Type::Ranged { value, .. } => self.is_count(value),
            Type::Named(id) => match self.behind(*id) {
                Some(super::attributed::Behind::Type(ty)) => self.is_count(&ty),
                _ => false,
            },
            _ => false,
        }
    }

    /// The range of a count that is left out is that of its array's length.
    fn move_ranges(&mut self, members: &mut [Member<'_>]) {
        for index in 0..members.len() {
            let Some(count) = members.get(index) else {
                continue;
            };
            let (Role::Elided { array, .. }, Type::Ranged { min, max, .. }, Some(range)) = (
                count.role,
                &count.field.ty,
                count.attributes.get(Kind::Range),
            ) else {
                continue;
            };
            let range_of_length = (*min, *max);
            let Some(array) = members.get_mut(array) else {
                continue;
            };
            if let Some(ty) = self.limited(array.field.ty.clone(), range_of_length, range) {
                array.field.ty = ty;
            }
        }
    }
}

/// The members that travel, with the rules between them by their new places.
fn linked(members: Vec<Member<'_>>, links: &[Link]) -> Linked {
    let mut found = Linked::default();
    let mut places: Vec<(Option<usize>, Option<usize>)> = Vec::new();
    for member in members {
        if matches!(member.role, Role::Elided { .. }) {
            places.push((None, None));
            continue;
        }
        let sent = push_if(member.direction.sent, &mut found.parameters, &member.field);
        let returned = push_if(member.direction.returned, &mut found.results, &member.field);
        places.push((sent, returned));
    }
    for link in links {
        let (Some(array), Some(other)) = (places.get(link.array), places.get(link.other)) else {
            continue;
        };
        let is_limit = link.kind == LinkKind::AtMost;
        if let (Some(array), Some(other)) = (array.0, other.0) {
            let demand = if is_limit {
                Demand::AtMost(other)
            } else {
                Demand::SameLength(other)
            };
            found.parameter_checks.push(Check { array, demand });
        }
        let demand = match *other {
            (Some(sent), _) if is_limit => Some(Demand::AtMostParameter(sent)),
            (_, Some(returned)) if is_limit => Some(Demand::AtMost(returned)),
            (_, Some(returned)) => Some(Demand::SameLength(returned)),
            (_, None) => None,
        };
        if let (Some(array), Some(demand)) = (array.1, demand) {
            found.result_checks.push(Check { array, demand });
        }
    }
    found
}

/// Adds a field to a list if it belongs there, and gives its place.
fn push_if(belongs: bool, list: &mut Vec<Field>, field: &Field) -> Option<usize> {
    if !belongs {
        return None;
    }
    list.push(field.clone());
    Some(list.len() - 1)
}
