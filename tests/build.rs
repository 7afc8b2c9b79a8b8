//! Compiles the interface files of the tests, and the inputs of rpcgen's stub snapshots.

#[path = "../rpcgen/tests/common/config.rs"]
mod config;

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// The inputs of the stub snapshots: what a snapshot shows is what compiles here.
const SNAPSHOT_INPUTS: &str = "../rpcgen/tests/idl";

fn main() -> Result<(), Box<dyn Error>> {
    rpcgen::Builder::new().client_trait().compile(&[
        "idl/interop.x",
        "idl/behaviour.idl",
        "idl/attributes.idl",
        "idl/vectors.x",
        "../examples/calc/calc.idl",
    ])?;
    rpcgen::Builder::new()
        .extern_type("size_t", "u64")
        .extern_module("crate::extern_names")
        .compile(&["idl/externs.x"])?;
    rpcgen::Builder::new()
        .arbitrary("*")
        .compile(&["idl/fuzzed.x"])?;
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    compile_snapshot_inputs(&out_dir)
}

/// Compiles each input into a folder of its own and lists them, a module each, in `snapshots.rs`.
fn compile_snapshot_inputs(out_dir: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SNAPSHOT_INPUTS}");
    let folder = out_dir.join("snapshots");
    fs::create_dir_all(&folder)?;
    let mut modules = String::new();
    let inputs = Path::new(SNAPSHOT_INPUTS);
    for input in [
        interface_files(inputs)?,
        interface_files(&inputs.join("import"))?,
    ]
    .concat()
    {
        let file = input.file_name().ok_or("no name")?.to_string_lossy();
        let config = config::config(&file);
        rpcgen::Builder::from(config)
            .out_dir(&folder)
            .compile(&[&input])?;
        let name = input.file_stem().ok_or("no name")?.to_string_lossy();
        let module = name.replace('-', "_");
        writeln!(
            modules,
            "/// The stubs of `{name}`.\npub mod {module} {{ ::core::include!(\"snapshots/{name}.rs\"); }}",
        )?;
    }
    fs::write(out_dir.join("snapshots.rs"), modules)?;
    Ok(())
}

/// The interface files directly in a folder, in the order of their names.
fn interface_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if matches!(path.extension().and_then(|e| e.to_str()), Some("x" | "idl")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
