//! Compiles the values of the codec comparison and the program of that of calls.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    rpcgen::Builder::new().compile(&["codec.x", "bench.x"])?;
    Ok(())
}
