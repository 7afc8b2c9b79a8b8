//! Compiles the values of the codec comparison and the program of that of calls.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    rpcgen::Builder::new()
        .borrowed("listing")
        .compile(&["codec.x"])?;
    rpcgen::Builder::new().compile(&["bench.x"])?;
    Ok(())
}
