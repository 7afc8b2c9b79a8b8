use std::{collections::BTreeMap, time::Duration};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use rpc_runtime::{Caller, Client, Server, VersionServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    common::{self, ADD, Calc, CalcClient, PROGRAM, WHOAMI},
    traced::alone,
    traces::Lossy,
};

/// What was measured: `name{label=value,…}` and the value, or how many values a histogram has.
type Measured = BTreeMap<String, i64>;

/// Runs a test with a recorder of its own, on a clock that moves when all wait.
fn measured(is_paused: bool, test: impl AsyncFnOnce()) -> Measured {
    let _alone = alone();
    let recorder = DebuggingRecorder::new();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder
        .enable_all()
        .start_paused(is_paused)
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(test());
        drop(runtime);
    });
    let mut measured = Measured::new();
    for (key, _, description, value) in recorder.snapshotter().snapshot().into_vec() {
        let key = key.key();
        assert!(description.is_some(), "{key} is described");
        let labels: Vec<String> = key
            .labels()
            .filter(|label| label.key() != "rpc.system.name")
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        #[expect(clippy::cast_possible_truncation, reason = "a gauge counts here")]
        let value = match value {
            DebugValue::Counter(count) => i64::try_from(count).unwrap(),
            DebugValue::Gauge(value) => value.into_inner() as i64,
            DebugValue::Histogram(values) => i64::try_from(values.len()).unwrap(),
        };
        measured.insert(format!("{}{{{}}}", key.name(), labels.join(",")), value);
    }
    measured
}

async fn start() -> (Server, CalcClient) {
    let service = VersionServer::new(PROGRAM, 1, Calc::default(), common::dispatch);
    let service = service.describes(&[ADD, WHOAMI]);
    let server = Server::builder().service(service).tcp("127.0.0.1:0");
    let server = server.start().await.unwrap();
    let address = format!("tcp://{}", server.tcp_addr().unwrap());
    (server, CalcClient(Client::connect(&address).await.unwrap()))
}

const OF_ADD: &str = "rpc.method=Calc.v1/add,onc_rpc.program.name=Calc,onc_rpc.version=1,\
    onc_rpc.procedure.name=add";

fn assert_measured(measured: &Measured, expected: &[(String, i64)]) {
    for (name, value) in expected {
        assert_eq!(measured.get(name), Some(value), "{name} in {measured:#?}");
    }
}

#[test]
fn calls_and_bytes_on_both_sides() {
    let measured = measured(false, async || {
        let (server, client) = start().await;
        for _ in 0..3 {
            client.add(40, 2).await.unwrap();
        }
        drop(client);
        server.shutdown().await;
    });
    for (side, to, from) in [
        ("client", "transmit", "receive"),
        ("server", "receive", "transmit"),
    ] {
        let io = |direction| {
            format!("rpc.{side}.io{{network.transport=tcp,network.io.direction={direction}}}")
        };
        let expected = [
            (format!("rpc.{side}.call.started{{{OF_ADD}}}"), 3),
            (
                format!("rpc.{side}.call.ended{{{OF_ADD},rpc_runtime.outcome=executed}}"),
                3,
            ),
            (format!("rpc.{side}.call.duration{{{OF_ADD}}}"), 3),
            (io(to), 3 * (40 + 8)),
            (io(from), 3 * (24 + 4)),
            (
                format!("rpc.{side}.connections{{network.transport=tcp}}"),
                0,
            ),
        ];
        assert_measured(&measured, &expected);
    }
}

#[test]
fn refusals_by_their_kind_and_no_name_from_the_wire() {
    let measured = measured(false, async || {
        let (server, client) = start().await;
        client.whoami().await.unwrap_err();
        client.panic(1).await.unwrap_err();
        for number in 100..110 {
            let missing = PROGRAM.procedure(1, number, "missing");
            let call = client.0.call(&missing, xdr::Encoder::void, |_| Ok(()));
            call.await.unwrap_err();
        }
        let newer = PROGRAM.procedure(2, 1, "newer");
        let call = client.0.call(&newer, xdr::Encoder::void, |_| Ok(()));
        call.await.unwrap_err();
        let null = PROGRAM.procedure(1, 0, "null");
        let call = client.0.call(&null, xdr::Encoder::void, |_| Ok(()));
        call.await.unwrap();
        let mut stranger = TcpStream::connect(server.tcp_addr().unwrap())
            .await
            .unwrap();
        stranger.write_all(b"\x80\0\0\x04GET ").await.unwrap();
        stranger.read_to_end(&mut Vec::new()).await.unwrap();
    });
    let of = |method, name| {
        format!(
            "rpc.method={method},onc_rpc.program.name=Calc,onc_rpc.version=1,\
            onc_rpc.procedure.name={name}"
        )
    };
    let (whoami, unknown) = (of("Calc.v1/whoami", "whoami"), of("_OTHER", "unknown"));
    let (null, panic) = (of("Calc.v1/NULL", "NULL"), of("Calc.v1/panic", "panic"));
    let refused = "rpc_runtime.outcome=not_executed,error.type";
    let expected = [
        // How it ended is counted on another thread, which has no recorder here.
        (format!("rpc.server.call.started{{{whoami}}}"), 1),
        (
            format!("rpc.client.call.ended{{{whoami},{refused}=AUTH_ERROR}}"),
            1,
        ),
        (
            format!("rpc.client.call.duration{{{whoami},error.type=AUTH_ERROR}}"),
            1,
        ),
        (
            format!(
                "rpc.client.call.ended{{{panic},rpc_runtime.outcome=unknown,error.type=SYSTEM_ERR}}"
            ),
            1,
        ),
        (
            format!(
                "rpc.server.call.ended{{{unknown},rpc_runtime.outcome=unknown,error.type=SYSTEM_ERR}}"
            ),
            1,
        ),
        (
            format!("rpc.server.call.ended{{{unknown},{refused}=PROC_UNAVAIL}}"),
            10,
        ),
        (
            format!("rpc.server.call.ended{{{null},rpc_runtime.outcome=executed}}"),
            1,
        ),
        (
            "rpc.server.refusals{rpc.response.status_code=PROG_MISMATCH,network.transport=tcp}"
                .into(),
            1,
        ),
        ("rpc.server.dropped{network.transport=tcp}".into(), 1),
    ];
    assert_measured(&measured, &expected);
}

#[test]
fn lost_connections() {
    let measured = measured(false, async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let client = CalcClient(Client::connect(&address).await.unwrap());
        let lose = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 40]).await.unwrap();
        };
        let (result, ()) = tokio::join!(client.add(1, 2), lose);
        result.unwrap_err();
    });
    let lost = "rpc_runtime.outcome=unknown,error.type=connection_lost";
    let expected = [
        (format!("rpc.client.call.ended{{{OF_ADD},{lost}}}"), 1),
        (
            "rpc.client.connections.lost{network.transport=tcp}".into(),
            1,
        ),
    ];
    assert_measured(&measured, &expected);
}

#[test]
fn retransmissions() {
    let measured = measured(true, async || {
        let client = Client::new(Lossy::new(2)).with_deadline(Duration::from_secs(60));
        assert_eq!(CalcClient(client).add(1, 2).await.unwrap(), 3);
    });
    let out = "rpc.client.io{network.transport=udp,network.io.direction=transmit}";
    let expected = [
        (
            "rpc.client.retransmissions{network.transport=udp}".into(),
            2,
        ),
        (out.into(), 3 * (40 + 8)),
        (format!("rpc.client.call.started{{{OF_ADD}}}"), 1),
    ];
    assert_measured(&measured, &expected);
}
