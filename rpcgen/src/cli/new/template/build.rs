//! Makes the stubs of `{{name}}.idl`.

fn main() -> Result<(), rpcgen::Error> {
    rpcgen::Builder::new().compile(&["{{name}}.idl"])
}
