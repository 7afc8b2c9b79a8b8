//! Compiles the interface files of the examples.

fn main() -> Result<(), rpcgen::Error> {
    rpcgen::Builder::new().compile(&["calc/calc.idl", "copy/copy.idl"])
}
