//! Compiles the interface for tonic.

fn main() -> std::io::Result<()> {
    tonic_prost_build::configure()
        .bytes(".")
        .compile_protos(&["../schema/bench.proto"], &["../schema"])
}
