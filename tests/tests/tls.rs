//! TLS (RFC 9289) with the `ssl` of Python, which is OpenSSL: as our client's server, and as our
//! server's client.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rpc_runtime::{
    Client, Server,
    tls::{ClientTls, ServerTls},
};
use tests::{interop_service::Interop, interop_stubs::interop, process::Running};

/// A certificate that stands for itself, and its key: texts, and files for Python.
struct Identity {
    certificate: String,
    key: String,
    certificate_file: PathBuf,
    key_file: PathBuf,
}

impl Identity {
    fn new(folder: &str, name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([name.to_owned()]).unwrap();
        let identity = Self {
            certificate: cert.pem(),
            key: signing_key.serialize_pem(),
            certificate_file: folder.join(format!("{name}.pem")),
            key_file: folder.join(format!("{name}.key.pem")),
        };
        fs::write(&identity.certificate_file, &identity.certificate).unwrap();
        fs::write(&identity.key_file, &identity.key).unwrap();
        identity
    }
}

/// Python with a script of `tests/python`.
fn python(script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let mut python = Command::new("python3");
    python.arg("-u").arg(folder.join(script));
    python
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs python3: cargo xtask test"]
async fn python_calls_ours() {
    let server = Identity::new("python_calls_ours", "server.example");
    let client = Identity::new("python_calls_ours", "client.example");
    let tls = ServerTls::from_pem(server.certificate.as_bytes(), server.key.as_bytes()).unwrap();
    let tls = tls.require_client_certificates(client.certificate.as_bytes());
    let running = Server::builder()
        .service(interop::v1::Server::new(Interop))
        .tls("127.0.0.1:0", tls.unwrap().alpn_required(true))
        .start()
        .await
        .unwrap();
    let mut python = python("tls_client.py");
    python.arg(running.tls_addr().unwrap().port().to_string());
    python.args([
        &server.certificate_file,
        &client.certificate_file,
        &client.key_file,
    ]);
    let mut python = Running::start(&mut python);
    assert_eq!(python.line("within"), "TLSv1.3 sunrpc");
    assert_eq!(python.line("sum"), "42");
    assert_eq!(python.line("ended"), "");
    assert!(running.shutdown().await.all_answered);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs python3: cargo xtask test"]
async fn ours_calls_python() {
    let server = Identity::new("ours_calls_python", "server.example");
    let client = Identity::new("ours_calls_python", "client.example");
    let mut python = python("tls_server.py");
    python.args([
        &server.certificate_file,
        &server.key_file,
        &client.certificate_file,
    ]);
    let mut python = Running::start(&mut python);
    let address = format!("tls://127.0.0.1:{}", python.line("port"));
    let tls = ClientTls::from_pem(server.certificate.as_bytes()).unwrap();
    let tls = tls.server_name("server.example").unwrap();
    let tls = tls.with_certificate(client.certificate.as_bytes(), client.key.as_bytes());
    let tls = tls.unwrap().alpn_required(true);
    let connected = Client::builder().tls(tls).connect(&address).await.unwrap();
    assert_eq!(python.line("within"), "TLSv1.3 sunrpc client.example");
    let calls = interop::v1::Client::new(connected);
    assert_eq!(calls.add(40, 2).await.unwrap(), 42);
    assert_eq!(calls.add(-1, -1).await.unwrap(), -2);
    drop(calls);
    // Python takes an end that was not said within TLS for an error.
    assert_eq!(python.line("ended"), "");
}
