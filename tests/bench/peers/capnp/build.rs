//! Compiles the interface for Cap'n Proto.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    capnpc::CompilerCommand::new()
        .src_prefix("../schema")
        .file("../schema/bench.capnp")
        .run()?;
    Ok(())
}
