use std::{
    collections::VecDeque,
    io,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use rpc_runtime::{
    Caller, Client, Dispatcher, Message, Peer, Received, Server, Transport, VersionServer,
    dispatch::Dispatched, memory,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    common::{self, ADD, Calc, CalcClient, PROGRAM},
    traced::{Seen, Trace},
};

/// A server that knows the name of a procedure and logs, and a client of it.
async fn start() -> (Server, CalcClient) {
    let dispatch = |service, call: rpc_runtime::Call| {
        tracing::info!("dispatched");
        common::dispatch(service, call)
    };
    let service = VersionServer::new(PROGRAM, 1, Calc::default(), dispatch).describes(&[ADD]);
    let server = Server::builder().service(service).tcp("127.0.0.1:0");
    let server = server.start().await.unwrap();
    let address = format!("tcp://{}", server.tcp_addr().unwrap());
    (server, CalcClient(Client::connect(&address).await.unwrap()))
}

fn only(mut spans: Vec<Seen>) -> Seen {
    assert_eq!(spans.len(), 1, "{spans:#?}");
    spans.remove(0)
}

fn assert_fields(seen: &Seen, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(seen.fields.get(name), *value, "{name} of {seen:#?}");
    }
}

#[tokio::test]
async fn a_call_that_succeeds_is_a_span_on_both_sides() {
    let (trace, _guard) = Trace::begin();
    let (server, client) = start().await;
    assert_eq!(client.add(40, 2).await.unwrap(), 42);
    let common = [
        ("otel.name", "Calc.v1/add"),
        ("otel.status_code", ""),
        ("rpc.system.name", "onc_rpc"),
        ("rpc.method", "Calc.v1/add"),
        ("rpc.response.status_code", "SUCCESS"),
        ("onc_rpc.program.name", "Calc"),
        ("onc_rpc.version", "1"),
        ("onc_rpc.procedure.name", "add"),
        ("onc_rpc.procedure.number", "1"),
        ("network.transport", "tcp"),
        ("error.type", ""),
    ];
    let (called, executed) = (only(trace.calls("client")), only(trace.calls("server")));
    for seen in [&called, &executed] {
        assert_fields(seen, &common);
        assert!(seen.is_closed);
    }
    let port = server.tcp_addr().unwrap().port().to_string();
    assert_eq!(called.target, "rpc_runtime::client");
    assert_fields(
        &called,
        &[("server.address", "127.0.0.1"), ("server.port", &port)],
    );
    assert_eq!(called.fields.get("rpc_runtime.outcome"), "executed");
    assert_eq!(executed.target, "rpc_runtime::server");
    assert_eq!(executed.fields.get("client.address"), "127.0.0.1");
    assert_eq!(
        executed.fields.get("rpc_runtime.xid"),
        called.fields.get("rpc_runtime.xid")
    );
    assert_eq!(
        executed.events,
        ["dispatched"],
        "the service runs in the span"
    );
}

#[tokio::test]
async fn refusals_name_their_status() {
    let (trace, _guard) = Trace::begin();
    let (_server, client) = start().await;
    client.whoami().await.unwrap_err();
    let expected = [
        ("otel.status_code", "ERROR"),
        ("rpc.response.status_code", "AUTH_ERROR"),
        ("error.type", "AUTH_ERROR"),
    ];
    let (called, executed) = (only(trace.calls("client")), only(trace.calls("server")));
    assert_fields(&called, &expected);
    assert_fields(&executed, &expected);
    assert_eq!(called.fields.get("otel.name"), "Calc.v1/whoami");
    assert_eq!(called.fields.get("rpc_runtime.outcome"), "not_executed");
    // The server was told the name of another procedure only.
    let unknown = [("otel.name", "_OTHER"), ("onc_rpc.procedure.number", "5")];
    assert_fields(&executed, &unknown);
    assert_eq!(executed.fields.get("onc_rpc.procedure.name"), "");
}

#[tokio::test]
async fn what_reaches_no_service_is_an_event() {
    let (trace, _guard) = Trace::begin();
    let (server, client) = start().await;
    let newer = PROGRAM.procedure(2, 1, "newer");
    let call = client.0.call(&newer, xdr::Encoder::void, |_| Ok(()));
    call.await.unwrap_err();
    assert_eq!(
        only(trace.calls("client")).fields.get("error.type"),
        "PROG_MISMATCH"
    );
    assert!(trace.calls("server").is_empty());
    let refused = trace.outside("a call reaches no service");
    assert_eq!(refused[0].get("status"), "PROG_MISMATCH");
    assert!(refused[0].get("peer").starts_with("tcp://127.0.0.1:"));

    let mut stranger = TcpStream::connect(server.tcp_addr().unwrap())
        .await
        .unwrap();
    stranger.write_all(b"\x80\0\0\x04GET ").await.unwrap();
    stranger.read_to_end(&mut Vec::new()).await.unwrap();
    let dropped = trace.outside("a message is no call");
    assert_eq!((dropped.len(), dropped[0].get("count")), (1, "1"));
    assert!(dropped[0].get("error").contains("malformed"));
}

#[tokio::test]
async fn a_lost_connection_ends_the_span_with_what_is_known() {
    let (trace, _guard) = Trace::begin();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let client = CalcClient(Client::connect(&address).await.unwrap());
    let lose = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 40]).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.add(1, 2), lose);
    result.unwrap_err();
    let called = only(trace.calls("client"));
    let expected = [
        ("error.type", "connection_lost"),
        ("rpc.response.status_code", ""),
        ("rpc_runtime.outcome", "unknown"),
    ];
    assert_fields(&called, &expected);
    assert!(
        called
            .fields
            .get("otel.status_description")
            .contains("perhaps executed")
    );
    assert_eq!(called.events, ["the connection is lost"]);
    assert_eq!(trace.outside("the connection is lost").len(), 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_was_cancelled() {
    let (trace, _guard) = Trace::begin();
    let (listener, connector) = memory::channel();
    let calc = Calc::default();
    let server = Server::builder().service(common::server(calc.clone()));
    let _server = server.memory(listener).start().await.unwrap();
    let client = CalcClient(connector.connect());
    tokio::select! {
        _ = client.wait(1) => {}
        () = calc.gate.wait_for(1) => {}
    }
    let called = only(trace.calls("client"));
    assert_fields(
        &called,
        &[("error.type", "cancelled"), ("network.transport", "memory")],
    );
    assert!(called.is_closed);
}

/// A connection to a server within it, which loses the first messages.
pub(crate) struct Lossy {
    pub(crate) lost: usize,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) replies: VecDeque<Received>,
}

impl Lossy {
    pub(crate) fn new(lost: usize) -> Self {
        let mut dispatcher = Dispatcher::new();
        dispatcher
            .register(common::server(Calc::default()))
            .unwrap();
        Self {
            lost,
            dispatcher,
            replies: VecDeque::new(),
        }
    }
}

impl Transport for Lossy {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        while let Some(message) = messages.pop_front() {
            if self.lost > 0 {
                self.lost -= 1;
                continue;
            }
            let Dispatched::Execution(execution) =
                self.dispatcher
                    .dispatch(&message.to_bytes(), self.peer(), Instant::now())
            else {
                panic!("the call is refused");
            };
            let Poll::Ready(reply) = std::pin::pin!(execution).as_mut().poll(cx) else {
                panic!("the service waits");
            };
            let reply = reply.unwrap().to_bytes();
            self.replies.push_back(Received::new(self.peer(), reply));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(
        &mut self,
        _: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        messages.append(&mut self.replies);
        match messages.len() {
            0 => Poll::Pending,
            count => Poll::Ready(Ok(count)),
        }
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn peer(&self) -> Peer {
        Peer::Udp(([127, 0, 0, 1], 9).into())
    }

    fn is_reliable(&self) -> bool {
        false
    }

    fn message_max(&self) -> usize {
        1000
    }
}

#[tokio::test(start_paused = true)]
async fn retransmissions_are_events_in_the_span() {
    let (trace, _guard) = Trace::begin();
    let client = Client::new(Lossy::new(2)).with_deadline(Duration::from_secs(60));
    assert_eq!(CalcClient(client).add(1, 2).await.unwrap(), 3);
    let called = only(trace.calls("client"));
    assert_eq!(called.events, ["the call is sent again"; 2]);
    assert_eq!(called.fields.get("rpc.response.status_code"), "SUCCESS");
}
