//! The end-to-end argument: a file is copied over RPC, and the ends compare what is on their disks.
//!
//! Checksums on the way do not show that a copy is right: blocks may be written to the wrong
//! place, or not at all. Only the ends can tell, so at the end the receiver reads the file back
//! and both compare their checksums.
//!
//! `cargo run -p examples --bin copy` copies a file to a server that it starts, kills the server in
//! the middle, starts it again, and goes on. `--serve` and `--copy` do it between two machines.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

mod folder;

use std::{
    env,
    error::Error,
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use clap::Parser;
use rpc_runtime::{Client, Server};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

rpc_runtime::include_stubs!("copy");

/// Bytes of each block.
const BLOCK_LEN: usize = 64 << 10;

/// Copies a file and verifies it end to end.
#[derive(Debug, Parser)]
struct Arguments {
    /// Serve on this address until Ctrl-C
    #[arg(long, value_name = "HOST:PORT")]
    serve: Option<String>,

    /// Where the server keeps its files
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    into: PathBuf,

    /// Copy this file
    #[arg(long, value_name = "FILE", requires = "to", conflicts_with = "serve")]
    copy: Option<PathBuf>,

    /// The server: tcp://HOST:PORT
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("copy: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    match (arguments.serve, arguments.copy, arguments.to) {
        (Some(address), ..) => serve(&address, arguments.into).await,
        (None, Some(file), Some(to)) => {
            let store = store::v1::Client::new(Client::connect(&to).await?);
            Copy::new(&file, store)?.run(|_| Ok(())).await
        }
        _ => demonstrate().await,
    }
}

async fn serve(address: &str, folder: PathBuf) -> Result<(), Box<dyn Error>> {
    let service = store::v1::Server::blocking(folder::Folder::new(folder));
    let server = Server::builder()
        .service(service)
        .tcp(address)
        .start()
        .await?;
    let address = server.tcp_addr().ok_or("the server has no socket")?;
    println!("tcp://{address}");
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}

/// Copies a file of this process to a server of its own, which dies in the middle.
async fn demonstrate() -> Result<(), Box<dyn Error>> {
    let folder = env::temp_dir().join(format!("copy-{}", std::process::id()));
    fs::create_dir_all(folder.join("received"))?;
    let file = folder.join("file");
    let mut random = fastrand::Rng::with_seed(1);
    let mut content = vec![0; 40 * BLOCK_LEN + 123];
    random.fill(&mut content);
    fs::write(&file, content)?;
    let outcome = copy_and_kill(&folder, &file).await;
    fs::remove_dir_all(&folder)?;
    outcome
}

async fn copy_and_kill(folder: &Path, file: &Path) -> Result<(), Box<dyn Error>> {
    let received = folder.join("received");
    let (server, address) = spawn("127.0.0.1:0", &received).await?;
    println!("server: {address}");
    let client = Client::connect(&address).await?;
    let (killed, mut kill) = tokio::sync::mpsc::channel::<()>(1);
    let mut servers = Some(server);
    let copying = Copy::new(file, store::v1::Client::new(client))?.run(|block| {
        if block == 20 {
            println!("20 blocks are there: the server is killed");
            killed.try_send(()).map_err(io::Error::other)?;
        }
        Ok(())
    });
    let restarting = async {
        kill.recv().await.ok_or("the copy has ended")?;
        if let Some(mut server) = servers.take() {
            server.kill().await?;
        }
        let host = address.trim_start_matches("tcp://");
        let (server, address) = spawn(host, &received).await?;
        println!("server: {address} again");
        Ok::<Child, Box<dyn Error>>(server)
    };
    let ((), mut server) = tokio::try_join!(copying, restarting)?;
    server.kill().await?;
    Ok(())
}

/// Starts this program as a server; gives the address that it says.
async fn spawn(address: &str, folder: &Path) -> Result<(Child, String), Box<dyn Error>> {
    let mut server = Command::new(env::current_exe()?)
        .args(["--serve", address, "--into"])
        .arg(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = server.stdout.take().ok_or("no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    Ok((server, line.ok_or("the server did not start")?))
}

/// A copy that is being made.
struct Copy {
    file: fs::File,
    name: String,
    digest: u32,
    store: store::v1::Client,
}

impl Copy {
    fn new(path: &Path, store: store::v1::Client) -> Result<Self, Box<dyn Error>> {
        let name = path.file_name().and_then(|name| name.to_str());
        Ok(Self {
            name: name.ok_or("the file has no name")?.to_owned(),
            digest: folder::digest(path)?,
            file: fs::File::open(path)?,
            store,
        })
    }

    /// Copies what is not there yet, and verifies; if that fails, copies all of it once.
    async fn run(
        mut self,
        mut progress: impl FnMut(u64) -> io::Result<()>,
    ) -> Result<(), Box<dyn Error>> {
        let there = self.store.length(self.name.as_str()).await?;
        self.send_from(u64::try_from(there)?, &mut progress).await?;
        if !self.is_verified().await? {
            println!("what is there is not this file: once more, from the start");
            self.send_from(0, &mut progress).await?;
            if !self.is_verified().await? {
                return Err("the copy differs".into());
            }
        }
        println!(
            "verified: both ends have CRC-32C {:08x} on their disks",
            self.digest
        );
        Ok(())
    }

    async fn send_from(
        &mut self,
        start: u64,
        progress: &mut impl FnMut(u64) -> io::Result<()>,
    ) -> Result<(), Box<dyn Error>> {
        let mut offset = self.file.seek(SeekFrom::Start(start))?;
        let mut block = vec![0; BLOCK_LEN];
        for number in 1.. {
            let len = read_block(&mut self.file, &mut block)?;
            let bytes = block.get(..len).unwrap_or_default().to_vec();
            if bytes.is_empty() {
                break;
            }
            let at = i64::try_from(offset)?;
            self.store.write(self.name.as_str(), at, bytes).await?;
            offset += u64::try_from(len)?;
            progress(number)?;
        }
        println!("sent the bytes from {start} to {offset}");
        Ok(())
    }

    async fn is_verified(&self) -> Result<bool, Box<dyn Error>> {
        let digest = self.store.digest(self.name.as_str()).await?;
        Ok(digest == self.digest)
    }
}

/// Fills the block as far as the file goes.
fn read_block(file: &mut fs::File, block: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while let Some(rest) = block.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            count => len += count,
        }
    }
    Ok(len)
}
