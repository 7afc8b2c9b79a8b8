//! Files that import each other, as users have them: a module for each, or all in one.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use rpcgen::{Config, compile, source::FileSystem, source::SourceMap};
use std::fs;
use tests::fresh_crate::FreshCrate;

const BUILD_RS: &str = r#"
    fn main() -> Result<(), rpcgen::Error> {
        let builder = rpcgen::Builder::new();
        // The file that both import, and that imports one of them, is not named.
        builder.compile(&["idl/tree.x", "idl/fruit.x"])?;
        let out_dir = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap()).join("proto");
        std::fs::create_dir_all(&out_dir).unwrap();
        builder.modules("crate::proto").out_dir(out_dir).compile(&["idl/tree.x"])
    }
"#;

const TREE_X: &str = "\
    %#include \"leaf-types.h\"\n\
    struct tree { leaf leaves<LEAVES_MAX>; tree *left; tree *right; };\n\
    struct twig { leaf end; };\n\
    program TREE { version V { leaves FALL(tree, name) = 1; } = 1; } = 0x20005680;\n";

const FRUIT_X: &str = "\
    %#include \"leaf-types.h\"\n\
    union fruit switch (color c) { case RED: leaf around; default: void; };\n";

const LEAF_X: &str = "\
    %#include \"tree.h\"\n\
    const LEAVES_MAX = 10;\n\
    enum color { GREEN, RED };\n\
    typedef string name<16>;\n\
    struct leaf { color c; name n; twig *grown; };\n\
    struct leaf_list { leaf here; leaf_list *next; };\n\
    typedef leaf_list *leaves;\n";

const LIB_RS: &str = r#"
    //! Modules of generated code.

    /// The stubs of `tree.x`.
    pub mod tree { rpc_runtime::include_stubs!("tree"); }
    /// The stubs of `leaf-types.x`.
    pub mod leaf_types { rpc_runtime::include_stubs!("leaf-types"); }
    /// The stubs of `fruit.x`.
    pub mod fruit { rpc_runtime::include_stubs!("fruit"); }
    /// The same in one file.
    pub mod inlined;

    /// The same in a module that each of them knows.
    pub mod proto {
        /// The stubs of `tree.x`.
        pub mod tree { rpc_runtime::include_stubs!("proto/tree"); }
        /// The stubs of `leaf-types.x`.
        pub mod leaf_types { rpc_runtime::include_stubs!("proto/leaf-types"); }
    }

    /// A service as users write it.
    pub struct Forest;

    impl tree::tree::v1::Service for Forest {
        async fn fall(
            &self,
            _: &rpc_runtime::Context,
            tree: tree::Tree,
            _: leaf_types::Name,
        ) -> rpc_runtime::ServiceResult<leaf_types::Leaves> {
            Ok(tree.leaves.into_iter().map(|here| leaf_types::LeafList { here }).collect())
        }
    }
"#;

#[test]
fn files_that_import_each_other_are_modules_side_by_side() {
    let krate = FreshCrate::new(env!("CARGO_TARGET_TMPDIR"), "imports");
    krate.write("build.rs", BUILD_RS);
    krate.write("idl/tree.x", TREE_X);
    krate.write("idl/leaf-types.x", LEAF_X);
    krate.write("idl/fruit.x", FRUIT_X);
    krate.write("src/lib.rs", LIB_RS);
    krate.write("src/inlined.rs", &inlined(&krate.path("idl/tree.x")));
    krate.cargo_is_content("check");

    let out_dir = krate.out_file("tree.rs").parent().unwrap().to_owned();
    let told = fs::read_to_string(out_dir.with_file_name("output")).unwrap();
    let mut told: Vec<&str> = told.lines().take(3).collect();
    told.sort_unstable();
    let expected = ["fruit", "leaf-types", "tree"];
    assert_eq!(
        told,
        expected.map(|name| format!("cargo::rerun-if-changed=idl/{name}.x"))
    );
}

/// The stubs of a file and of all that it imports.
fn inlined(path: &std::path::Path) -> String {
    let config = Config {
        inline: true,
        ..Config::default()
    };
    let mut sources = SourceMap::default();
    let bytes = fs::read(path).unwrap();
    let name = path.to_string_lossy().into_owned();
    let file = sources.add(name, bytes, None).unwrap();
    let outcome = compile(file, &mut sources, &FileSystem, &config);
    assert!(outcome.imports.is_empty(), "all is in one file");
    let rust = outcome.rust.unwrap();
    // It is the root of a module, where the documentation of a module stands.
    format!("//! Stubs.\n{rust}")
}
