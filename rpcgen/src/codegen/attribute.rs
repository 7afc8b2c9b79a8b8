//! Attributes of generated items beside their documentation.

use super::{Context, syntax};
use crate::{
    model::{Name, Traits},
    names::{self, Names},
};
use syn::{Attribute, Meta, Path, parse_quote};

/// The derives of a type: those that it can have, and those that the settings ask for.
pub(super) fn derives(traits: Traits, further: &[String]) -> Attribute {
    let mut own = vec!["Debug", "Clone"];
    if traits.copy {
        own.push("Copy");
    }
    own.push("PartialEq");
    if traits.eq_hash {
        own.extend(["Eq", "Hash"]);
    }
    if traits.default {
        own.push("Default");
    }
    let further = further.iter().map(String::as_str);
    let further = further.filter(|path| !own.contains(path));
    let further = further.filter_map(|path| syn::parse_str::<Path>(path).ok());
    let own = own.iter().map(|name| syntax::path(&[name]));
    let paths = own.chain(further);
    parse_quote!(#[derive(#(#paths),*)])
}

/// The attributes that the settings ask for.
pub(super) fn further(name: &Name) -> Vec<Attribute> {
    let metas = name.attributes.iter();
    let metas = metas.filter_map(|text| syn::parse_str::<Meta>(text).ok());
    metas.map(|meta| parse_quote!(#[#meta])).collect()
}

impl Context<'_> {
    /// The exception for a type whose name, or that of a variant, has the spelling of the interface
    /// file.
    pub(super) fn allow_type_names<'n>(
        &self,
        mut names: impl Iterator<Item = &'n Name>,
    ) -> Option<Attribute> {
        let is_foreign = |name: &Name| names::type_name(&name.rust) != name.rust;
        (self.names == Names::Preserve && names.any(is_foreign)).then(|| {
            parse_quote! {
                #[allow(
                    non_camel_case_types,
                    clippy::upper_case_acronyms,
                    reason = "IDL spelling"
                )]
            }
        })
    }

    /// As [`allow_type_names`](Self::allow_type_names), for fields.
    pub(super) fn allow_value_names<'n>(
        &self,
        mut names: impl Iterator<Item = &'n Name>,
    ) -> Option<Attribute> {
        let is_foreign = |name: &Name| names::value_name(&name.rust) != name.rust;
        (self.names == Names::Preserve && names.any(is_foreign))
            .then(|| parse_quote!(#[allow(non_snake_case, reason = "IDL spelling")]))
    }

    /// As [`allow_type_names`](Self::allow_type_names), for constants.
    pub(super) fn allow_constant_names<'n>(
        &self,
        mut names: impl Iterator<Item = &'n Name>,
    ) -> Option<Attribute> {
        let is_foreign = |name: &Name| names::constant_name(&name.rust) != name.rust;
        (self.names == Names::Preserve && names.any(is_foreign))
            .then(|| parse_quote!(#[allow(non_upper_case_globals, reason = "IDL spelling")]))
    }
}
