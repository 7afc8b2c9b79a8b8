//! An interface with attributes, and C programs made of what `rpcgen export` prints of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use rpc_runtime::{CallErrorKind, Client, Server};
use rpcgen::{
    Config, analyse,
    diagnostic::Diagnostics,
    export::export,
    source::{FileSystem, SourceMap},
};
use tests::{
    attributes_service::Attributes,
    attributes_stubs::{State, attributes::v1},
    process::{self, Running},
};
use xdr::ErrorKind;

/// The folder with the C programs, built once for all tests.
fn c_programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = super::empty_folder("exported");
        fs::write(folder.join("attributes.x"), exported()).unwrap();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
        super::generate(&folder, "attributes");
        for (program, part) in [
            ("attributes_server", "attributes_svcm.c"),
            ("attributes_client", "attributes_clnt.c"),
        ] {
            let source = format!("{program}.c");
            fs::copy(sources.join(&source), folder.join(&source)).unwrap();
            super::link(&folder, program, &[&source, part, "attributes_xdr.c"]);
        }
        folder
    })
}

/// The `.x` of `idl/attributes.idl`.
fn exported() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("idl/attributes.idl");
    let mut sources = SourceMap::default();
    let text = fs::read(&path).unwrap();
    let file = sources
        .add("attributes.idl".to_owned(), text, None)
        .unwrap();
    let mut diagnostics = Diagnostics::default();
    let config = Config::default();
    let model = analyse(file, &mut sources, &FileSystem, &config, &mut diagnostics);
    export(&model.unwrap())
}

const TRANSCRIPT: &str = "divide: 3, rest 2\n\
    divide: refused, 17 by 0, code 0\n\
    divide: raised 5, state 2\n\
    swap: 2 1\n\
    scalar: 32\n\
    scalar: RPC: Server can't decode arguments\n\
    read: 7, 300 bytes, the last is 48\n\
    greet: hello, C\n\
    greet: hello, hello, C\n\
    percent: RPC: Server can't decode arguments\n\
    noted: RPC: Success, 6\n";

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn exported_c_client_calls_our_server() {
    let program = c_programs().join("attributes_client");
    let server = Server::builder()
        .service(v1::Server::new(Attributes::default()))
        .tcp("127.0.0.1:0");
    let server = server.start().await.unwrap();
    let port = server.tcp_addr().unwrap().port().to_string();
    let printed =
        tokio::task::spawn_blocking(move || process::run(Command::new(program).arg(port)));
    assert_eq!(printed.await.unwrap(), TRANSCRIPT);
    assert!(server.shutdown().await.all_answered);
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn our_client_calls_exported_c_server() {
    let mut server = Running::start(&mut Command::new(c_programs().join("attributes_server")));
    let port = server.line("tcp");
    let client = Client::connect(&format!("tcp://127.0.0.1:{port}"))
        .await
        .unwrap();
    let client = v1::Client::new(client);
    let divided = client.divide(17, 5).await.unwrap().unwrap();
    assert_eq!((divided.result, divided.rest), (3, 2));
    let error = client.divide(17, 0).await.unwrap().unwrap_err();
    assert!(matches!(error, v1::DivideError::Refused(refused) if refused.why == "17 by 0"));
    let error = client.divide(0, 0).await.unwrap().unwrap_err();
    assert_eq!(error, v1::DivideError::State(State::Busy));
    let swapped = client.swap(1, 2).await.unwrap();
    assert_eq!((swapped.a, swapped.b), (2, 1));
    assert_eq!(client.scalar(&[1, 2, 3], &[4, 5, 6]).await.unwrap(), 32);
    let read = client.read(7, 300).await.unwrap();
    assert_eq!((read.result, read.data.len(), read.data[299]), (7, 300, 48));
    assert_eq!(client.greet("Rust", None).await.unwrap(), "hello, Rust");
    assert_eq!(
        client.greet("Rust", Some(2)).await.unwrap(),
        "hello, hello, Rust"
    );
    // What the C server gives, our types do not allow.
    for (error, expected) in [
        (
            client.read(-1, 3).await.unwrap_err(),
            ErrorKind::TooLong { len: 4, max: 3 },
        ),
        (
            client.percent(99).await.unwrap_err(),
            ErrorKind::OutOfRange {
                value: 101,
                min: 0,
                max: 100,
            },
        ),
    ] {
        let CallErrorKind::Decode(fault) = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(fault.kind(), expected);
    }
    // The replies that it sends to notes hurt nobody.
    for value in 1..=3 {
        client.note(value).await.unwrap();
    }
    assert_eq!(client.noted().await.unwrap(), 6);
}
