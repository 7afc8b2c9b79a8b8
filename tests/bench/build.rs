//! Compiles the five values of the codec comparison.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    rpcgen::Builder::new()
        .borrowed("listing")
        .compile(&["codec.x"])?;
    Ok(())
}
