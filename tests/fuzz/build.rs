//! Compiles the types that the fuzz targets `codec_…` decode.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    rpcgen::Builder::new()
        .arbitrary("*")
        .compile(&["../idl/fuzzed.x"])?;
    Ok(())
}
