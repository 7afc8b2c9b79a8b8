// The settings that some inputs of tests have: those of `idl/` and `errors/`. The build script of
// the package `tests` compiles with the same.

use rpcgen::{
    Config,
    names::Names,
    resolve::Strings,
    settings::{Selector, Setting},
};

/// The settings for the file of this name.
pub(crate) fn config(input: &str) -> Config {
    let mut config = Config::default();
    let settings: Vec<(&str, Setting)> = match input {
        "names_preserved.x" | "names_preserved_program.x" | "E0309_preserved_names.x" => {
            config.names = Names::Preserve;
            vec![]
        }
        "client_trait.idl" => {
            (config.parts.client_trait, config.parts.server) = (true, false);
            vec![]
        }
        "crates.x" | "impls.x" | "impls_unions.x" => impls(),
        "impls_attributed.idl" => [impls(), vec![("level", Setting::OpenEnum)]].concat(),
        "open_enums.x" => vec![("*", Setting::OpenEnum)],
        "settings.x" => vec![
            ("*", derive("::core::cmp::PartialOrd")),
            ("sample.text", Setting::Strings(Strings::Utf8)),
            ("sample", attribute("#[non_exhaustive]")),
            ("sample.old", attribute("doc(hidden)")),
            ("level.HIGH", attribute("doc(alias = \"top\")")),
            ("link", Setting::KeepLinks),
        ],
        "borrowed.x" => vec![
            ("listing", Setting::Borrowed),
            ("entry.title", Setting::Strings(Strings::Utf8)),
            ("found", Setting::Borrowed),
            ("entry.name", attribute("doc(alias = \"file\")")),
        ],
        "borrowed_parts.x" | "borrowed_owned.x" | "E0309_twin.x" => vec![("*", Setting::Borrowed)],
        "settings_of_procedures.x" => vec![("PUT.name", Setting::Strings(Strings::Utf8))],
        "E0501_unmatched_selectors.x" => vec![
            ("colour", Setting::OpenEnum),
            ("point", Setting::OpenEnum),
            ("point.z", attribute("deprecated")),
            ("color", Setting::OpenEnum),
            ("point", Setting::Borrowed),
        ],
        _ => vec![],
    };
    for (selector, setting) in settings {
        config
            .types
            .add(selector.parse::<Selector>().expect("a selector"), setting);
    }
    if input == "crates.x" {
        config.crates.xdr = "crate::facade::codec".parse().expect("a path");
        config.crates.rpc_runtime = "crate::facade::calls".parse().expect("a path");
    }
    config
}

/// All impls for other crates.
fn impls() -> Vec<(&'static str, Setting)> {
    vec![("*", Setting::Serde), ("*", Setting::Arbitrary)]
}

fn derive(path: &str) -> Setting {
    Setting::derive(path).expect("a path")
}

fn attribute(text: &str) -> Setting {
    Setting::attribute(text).expect("an attribute")
}
