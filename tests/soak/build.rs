//! Compiles the interface of the soak.

fn main() -> Result<(), rpcgen::Error> {
    rpcgen::Builder::new().compile(&["soak.idl"])
}
