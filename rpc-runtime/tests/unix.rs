//! Unix sockets: their files, their permissions, and who is at the other end. And the names of
//! servers within a process.
#![cfg(all(unix, feature = "net"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{
    fs, io,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use common::{Calc, CalcClient, PROGRAM, server};
use rpc_runtime::{
    Answer, CallErrorKind, Caller, Client, Outcome, Peer, Procedure, Server, ServerBuilder,
    StartError, VersionServer, memory,
};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rpc-unix-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn builder(path: &Path) -> ServerBuilder {
    Server::builder()
        .service(server(Calc::default()))
        .unix(path)
}

async fn connect(path: &Path) -> CalcClient {
    let address = format!("unix:{}", path.display());
    CalcClient(Client::connect(&address).await.unwrap())
}

#[tokio::test]
async fn file_is_removed_at_the_end() {
    let folder = Folder::new("end");
    let server = builder(&folder.socket()).start().await.unwrap();
    assert_eq!(connect(&folder.socket()).await.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
    assert!(!folder.socket().exists());
}

#[tokio::test]
async fn file_of_a_dead_server_is_replaced() {
    let folder = Folder::new("dead");
    // Dropped, it leaves its file.
    drop(UnixListener::bind(folder.socket()).unwrap());
    assert!(folder.socket().exists());
    let server = builder(&folder.socket()).start().await.unwrap();
    assert_eq!(connect(&folder.socket()).await.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

fn is_in_use(started: Result<Server, StartError>) -> bool {
    match started {
        Err(StartError::Listen { error, .. }) => error.kind() == io::ErrorKind::AddrInUse,
        _ => false,
    }
}

#[tokio::test]
async fn file_of_a_server_that_lives_is_left_alone() {
    let folder = Folder::new("alive");
    let first = builder(&folder.socket()).start().await.unwrap();
    assert!(is_in_use(builder(&folder.socket()).start().await));
    assert_eq!(connect(&folder.socket()).await.add(1, 2).await.unwrap(), 3);
    first.shutdown().await;
}

#[tokio::test]
async fn file_that_is_no_socket_is_left_alone() {
    let folder = Folder::new("file");
    fs::write(folder.socket(), "precious").unwrap();
    assert!(is_in_use(builder(&folder.socket()).start().await));
    assert_eq!(fs::read(folder.socket()).unwrap(), b"precious");
}

#[tokio::test]
async fn file_that_took_the_place_of_its_own_is_left_alone() {
    let folder = Folder::new("other");
    let first = builder(&folder.socket()).start().await.unwrap();
    fs::rename(folder.socket(), folder.0.join("away")).unwrap();
    let second = builder(&folder.socket()).start().await.unwrap();
    first.shutdown().await;
    assert_eq!(connect(&folder.socket()).await.add(1, 2).await.unwrap(), 3);
    second.shutdown().await;
    assert!(!folder.socket().exists());
}

#[tokio::test]
async fn file_has_the_permissions_that_were_set() {
    for mode in [0o600, 0o660] {
        let folder = Folder::new(&format!("mode-{mode}"));
        let server = builder(&folder.socket()).unix_mode(mode).start().await;
        let metadata = fs::metadata(folder.socket()).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
        server.unwrap().shutdown().await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn name_that_is_no_file() {
    let name = format!("@rpc-unix-{}", std::process::id());
    let server = builder(Path::new(&name)).start().await.unwrap();
    assert!(!Path::new(&name).exists());
    assert!(is_in_use(builder(Path::new(&name)).start().await));
    assert_eq!(connect(Path::new(&name)).await.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

/// A service whose procedure 1 gives the user and the process that called it.
fn who_calls() -> VersionServer {
    VersionServer::new(PROGRAM, 1, (), |_: Arc<()>, call| {
        Answer::future(async move {
            let Peer::Unix(credentials) = call.context().peer() else {
                panic!("it came over another transport");
            };
            call.reply(|encoder| {
                encoder.encode(&credentials.uid)?;
                encoder.encode(&credentials.pid.unwrap_or_default())
            })
        })
    })
}

#[tokio::test]
async fn service_learns_who_calls() {
    let folder = Folder::new("who");
    let server = Server::builder()
        .service(who_calls())
        .unix(folder.socket())
        .start()
        .await
        .unwrap();
    let client = connect(&folder.socket()).await.0;
    let procedure = Procedure::new(PROGRAM, 1, 1, "who_calls");
    let who = client.call(&procedure, xdr::Encoder::void, |decoder| {
        Ok((decoder.decode::<u32>()?, decoder.decode::<i32>()?))
    });
    let (uid, pid) = who.await.unwrap();
    // The owner of a file that this process made is its user.
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&folder.0).unwrap());
    assert_eq!(uid, owner);
    assert_eq!(pid, i32::try_from(std::process::id()).unwrap());
    server.shutdown().await;
}

#[tokio::test]
async fn client_connects_to_the_next_server_at_the_socket() {
    let folder = Folder::new("again");
    let first = builder(&folder.socket()).start().await.unwrap();
    let client = connect(&folder.socket()).await;
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    first.shutdown().await;
    let second = builder(&folder.socket()).start().await.unwrap();
    // The connection that was lost ends before the call is sent, or it is not executed.
    match client.add(2, 3).await {
        Ok(sum) => assert_eq!(sum, 5),
        Err(error) => assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}"),
    }
    assert_eq!(client.add(3, 4).await.unwrap(), 7);
    second.shutdown().await;
}

#[tokio::test]
async fn nobody_listens() {
    let folder = Folder::new("nobody");
    let address = format!("unix:{}", folder.socket().display());
    let error = Client::connect(&address).await.unwrap_err();
    assert_eq!(error.address(), address);
    assert_eq!(error.io_error().unwrap().kind(), io::ErrorKind::NotFound);
    let error = Client::connect("memory:nobody").await.unwrap_err();
    let kind = error.io_error().unwrap().kind();
    assert_eq!(kind, io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn name_within_the_process() {
    let listener = memory::listen("calc").unwrap();
    let error = memory::listen("calc").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is a listener at memory:calc already"
    );
    let server = Server::builder().service(server(Calc::default()));
    let server = server.memory(listener).start().await.unwrap();
    let client = CalcClient(Client::connect("memory:calc").await.unwrap());
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
    let error = client.add(1, 2).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert!(Client::connect("memory:calc").await.is_err());
    drop(memory::listen("calc").unwrap());
}
