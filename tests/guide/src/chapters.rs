//! The documents as documentation of this package, whose examples are its tests.

/// A module for each document.
macro_rules! chapters {
    ($($name:ident: $file:literal,)*) => {
        $(
            #[doc = include_str!(concat!("../../../", $file))]
            mod $name {}
        )*
    };
}

chapters! {
    readme: "README.md",
    first_interface: "docs/guide/first-interface.md",
    x_files: "docs/guide/x-files.md",
    services: "docs/guide/services.md",
    clients: "docs/guide/clients.md",
    transports: "docs/guide/transports.md",
    security: "docs/guide/security.md",
    observe: "docs/guide/observe.md",
    testing: "docs/guide/testing.md",
    production: "docs/guide/production.md",
    language: "docs/language.md",
}
