//! Takes the files that the documents show from where they stand there, and compiles those that
//! define interfaces.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "these modules are the library's, too"
)]

#[path = "src/book.rs"]
mod book;
#[path = "src/fenced.rs"]
mod fenced;

use std::{collections::BTreeMap, env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", book::docs().display());
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut files = BTreeMap::new();
    for chapter in book::chapters()? {
        let blocks = fenced::blocks(&fs::read_to_string(chapter)?);
        // A file that is shown again has grown.
        files.extend(blocks.iter().filter_map(fenced::Block::file));
    }
    let mut interfaces = vec![book::root().join("examples/calc/calc.idl")];
    for (name, text) in files {
        let file = out_dir.join("files").join(&name);
        fs::create_dir_all(file.parent().ok_or("no folder")?)?;
        // Cargo is told to look at interface files: one that stays the same keeps its time.
        if fs::read_to_string(&file).ok().as_ref() != Some(&text) {
            fs::write(&file, text)?;
        }
        if file.extension().is_some_and(|extension| extension != "rs") {
            interfaces.push(file);
        }
    }
    // The settings are those of the chapters.
    rpcgen::Builder::new()
        .extern_type("time_t", "u32")
        .borrowed("listing")
        .client_trait()
        .compile(&interfaces)?;
    Ok(())
}
