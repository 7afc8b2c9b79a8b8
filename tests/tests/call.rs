//! The same calls over every transport: each test below is run once over each.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use rpc_runtime::{
    AcceptStat, AuthStat, CallError, CallErrorKind, Caller, Client, Outcome, Procedure, Program,
    RejectStat, Server, memory,
};
use tests::{
    behaviour,
    behaviour_service::{Behaviour, Gate},
    interop_service::{Interop, everything, figures, pattern, reversed},
    interop_stubs::interop,
};
use xdr::{Encoder, ErrorKind};

/// Bytes of an argument that TCP carries in many segments, and UDP not at all.
const LARGE: usize = 300_000;

/// A server with three services, and a client of it.
struct World {
    server: Server,
    client: Client,
    gate: Arc<Gate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Memory,
    Tcp,
    Unix,
    Udp,
}

impl World {
    async fn over(transport: Transport) -> Self {
        let behaviour = Behaviour::default();
        let gate = Arc::clone(&behaviour.gate);
        Self::with(transport, behaviour::v1::Server::new(behaviour), gate).await
    }

    async fn blocking(transport: Transport) -> Self {
        let behaviour = Behaviour::default();
        let gate = Arc::clone(&behaviour.gate);
        Self::with(transport, behaviour::v1::Server::blocking(behaviour), gate).await
    }

    async fn with(transport: Transport, behaviour: behaviour::v1::Server, gate: Arc<Gate>) -> Self {
        let name = unique_name();
        let socket = std::env::temp_dir().join(&name);
        let server = Server::builder()
            .service(behaviour)
            .service(interop::v1::Server::new(Interop))
            .service(interop::v3::Server::new(Interop))
            .memory(memory::listen(&name).unwrap())
            .tcp("127.0.0.1:0")
            .unix(&socket)
            .udp("127.0.0.1:0")
            .start()
            .await
            .unwrap();
        let address = match transport {
            Transport::Memory => format!("memory:{name}"),
            Transport::Tcp => format!("tcp://{}", server.tcp_addr().unwrap()),
            Transport::Unix => format!("unix:{}", socket.display()),
            Transport::Udp => format!("udp://{}", server.udp_addr().unwrap()),
        };
        let client = Client::connect(&address).await.unwrap();
        Self {
            server,
            client,
            gate,
        }
    }

    fn behaviour(&self) -> behaviour::v1::Client {
        behaviour::v1::Client::new(self.client.clone())
    }

    fn interop(&self) -> interop::v1::Client {
        interop::v1::Client::new(self.client.clone())
    }

    /// A call as no stub makes it.
    async fn call(
        &self,
        (program, version, procedure): (u32, u32, u32),
        arguments: &[i32],
    ) -> Result<(), CallError> {
        let program = Program::new("HandMade", program);
        let procedure = Procedure::new(program, version, procedure, "call");
        let encode = |encoder: &mut Encoder| {
            let mut each = arguments.iter();
            each.try_for_each(|argument| encoder.encode(argument))
        };
        let call = self.client.call(&procedure, encode, xdr::Decode::decode);
        call.await
    }

    async fn end(self) {
        drop(self.client);
        assert!(self.server.shutdown().await.all_answered);
    }
}

/// A name that no other server of any test has.
fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("rpc-call-{}-{number}", std::process::id())
}

/// Makes a test of each function for each transport.
macro_rules! over_each_transport {
    ($($test:ident)*) => {
        over_each_transport! { over_memory, Memory: $($test)* }
        over_each_transport! { over_tcp, Tcp: $($test)* }
        over_each_transport! { over_unix, Unix: $($test)* }
        over_each_transport! { over_udp, Udp: $($test)* }
    };
    ($name:ident, $transport:ident: $($test:ident)*) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(super::Transport::$transport).await;
                }
            )*
        }
    };
}

over_each_transport! {
    plain_calls
    every_type_there_and_back
    null_procedure
    unknown_program_version_and_procedure
    garbage_arguments
    arguments_that_cannot_be_encoded
    refusals_of_a_service
    panics_hurt_nobody_else
    many_calls_in_flight_end_out_of_order
    two_programs_and_two_versions
    blocking_service
    shutdown_answers_what_was_received
    large_arguments_and_results
}

async fn plain_calls(transport: Transport) {
    let world = World::over(transport).await;
    let interop = world.interop();
    assert_eq!(interop.add(40, 2).await.unwrap(), 42);
    assert_eq!(interop.add(i32::MIN, 0).await.unwrap(), i32::MIN);
    interop.nothing().await.unwrap();
    assert_eq!(interop.reverse(Bytes::new()).await.unwrap(), Bytes::new());
    assert_eq!(&*interop.reverse("abc").await.unwrap(), b"cba");
    world.end().await;
}

async fn every_type_there_and_back(transport: Transport) {
    let world = World::over(transport).await;
    for figure in figures() {
        let value = everything(figure);
        assert_eq!(world.interop().echo(&value).await.unwrap(), value);
    }
    world.end().await;
}

async fn null_procedure(transport: Transport) {
    let world = World::over(transport).await;
    let program = interop::PROGRAM.number();
    for version in [1, 3] {
        world.call((program, version, 0), &[]).await.unwrap();
    }
    world.end().await;
}

/// A call that the server accepted and did not execute.
fn assert_refused(error: &CallError, stat: AcceptStat, transport: Transport) {
    let CallErrorKind::Accepted(found) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(*found, stat);
    assert!(error.xid().is_some() && error.peer().is_some());
    assert_not_executed(error, transport);
}

/// The server refused the call, and the client knows what that means.
fn assert_not_executed(error: &CallError, transport: Transport) {
    // On a busy machine a call over UDP may be sent twice, and one refusal then says less.
    let sent_again = transport == Transport::Udp && error.outcome() == Outcome::Unknown;
    assert!(
        sent_again || error.outcome() == Outcome::NotExecuted,
        "{error}"
    );
}

async fn unknown_program_version_and_procedure(transport: Transport) {
    let world = World::over(transport).await;
    let program = interop::PROGRAM.number();
    let error = world.call((program + 1, 1, 0), &[]).await.unwrap_err();
    assert_refused(&error, AcceptStat::ProgUnavail, transport);
    for version in [0, 2, 4, u32::MAX] {
        let error = world.call((program, version, 0), &[]).await.unwrap_err();
        assert_refused(
            &error,
            AcceptStat::ProgMismatch { low: 1, high: 3 },
            transport,
        );
    }
    for procedure in [6, u32::MAX] {
        let error = world.call((program, 1, procedure), &[]).await.unwrap_err();
        assert_refused(&error, AcceptStat::ProcUnavail, transport);
    }
    world.end().await;
}

async fn garbage_arguments(transport: Transport) {
    let world = World::over(transport).await;
    let program = interop::PROGRAM.number();
    let (add, echo, nothing) = ((program, 1, 1), (program, 1, 2), (program, 1, 4));
    let calls: [(_, &[i32]); 5] = [
        (add, &[]),
        (add, &[1]),
        (add, &[1, 2, 3]),
        // The flag of `everything` is neither true nor false.
        (echo, &[7; 40]),
        (nothing, &[1]),
    ];
    for (procedure, arguments) in calls {
        let error = world.call(procedure, arguments).await.unwrap_err();
        assert_refused(&error, AcceptStat::GarbageArgs, transport);
    }
    world.end().await;
}

async fn arguments_that_cannot_be_encoded(transport: Transport) {
    let world = World::over(transport).await;
    let interop = interop::v3::Client::new(world.client.clone());
    let error = interop.greet("x".repeat(33)).await.unwrap_err();
    let CallErrorKind::Encode(fault) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(fault.kind(), ErrorKind::TooLong { len: 33, max: 32 });
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    world.end().await;
}

fn assert_system_err(error: &CallError) {
    let kind = error.kind();
    let is_system_err = matches!(kind, CallErrorKind::Accepted(AcceptStat::SystemErr));
    assert!(is_system_err, "{error}");
    // The service may have done half of its work.
    assert_eq!(error.outcome(), Outcome::Unknown);
}

async fn refusals_of_a_service(transport: Transport) {
    let world = World::over(transport).await;
    assert_system_err(&world.behaviour().fail().await.unwrap_err());
    let error = world.behaviour().forbid().await.unwrap_err();
    let CallErrorKind::Denied(stat) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(*stat, RejectStat::AuthError(AuthStat::TooWeak));
    assert_not_executed(&error, transport);
    world.end().await;
}

async fn panics_hurt_nobody_else(transport: Transport) {
    let world = World::over(transport).await;
    for (value, later) in [(2, false), (1, true)] {
        let behaviour = world.behaviour();
        let waiting = tokio::spawn(async move { behaviour.wait(value).await });
        world.gate.wait_for(1).await;
        assert_system_err(&world.behaviour().panic(later).await.unwrap_err());
        assert_eq!(world.behaviour().add(1, 2).await.unwrap(), 3);
        world.gate.open_from(value);
        let waited = waiting.await.unwrap().unwrap();
        assert_eq!(waited, value.cast_signed(), "it was in flight");
    }
    world.end().await;
}

async fn many_calls_in_flight_end_out_of_order(transport: Transport) {
    const CALLS: u32 = 200;
    let world = World::over(transport).await;
    let mut calls = Vec::new();
    for value in 0..CALLS {
        let behaviour = world.behaviour();
        calls.push(tokio::spawn(async move { behaviour.wait(value).await }));
    }
    world.gate.wait_for(CALLS).await;
    // The last one ends while all before it still wait, and so on to the first.
    for (value, call) in (0..CALLS).zip(calls).rev() {
        world.gate.open_from(value);
        assert_eq!(call.await.unwrap().unwrap(), value.cast_signed());
    }
    world.end().await;
}

async fn two_programs_and_two_versions(transport: Transport) {
    let world = World::over(transport).await;
    let v3 = interop::v3::Client::new(world.client.clone());
    let (sum, sum_v3, other, greeting) = tokio::join!(
        async { world.interop().add(1, 2).await.unwrap() },
        v3.add(1, 2, 3),
        async { world.behaviour().add(20, 30).await.unwrap() },
        v3.greet("world"),
    );
    assert_eq!((sum, sum_v3.unwrap(), other), (3, 6, 50));
    assert_eq!(greeting.unwrap().as_bytes(), b"hello, world");
    world.end().await;
}

async fn blocking_service(transport: Transport) {
    let world = World::blocking(transport).await;
    let behaviour = world.behaviour();
    let both = async { tokio::join!(behaviour.wait(1), behaviour.wait(2)) };
    let open = async {
        // Both block a thread at once, and yet the server answers.
        world.gate.wait_for(2).await;
        assert_eq!(behaviour.add(1, 2).await.unwrap(), 3);
        world.gate.open_from(0);
    };
    let ((first, second), ()) = tokio::join!(both, open);
    assert_eq!((first.unwrap(), second.unwrap()), (1, 2));
    assert_system_err(&behaviour.panic(false).await.unwrap_err());
    assert_system_err(&behaviour.fail().await.unwrap_err());
    assert_eq!(behaviour.add(1, 2).await.unwrap(), 3);
    world.end().await;
}

async fn shutdown_answers_what_was_received(transport: Transport) {
    let World {
        server,
        client,
        gate,
    } = World::over(transport).await;
    let calls: Vec<_> = (0..10)
        .map(|value| {
            let behaviour = behaviour::v1::Client::new(client.clone());
            tokio::spawn(async move { behaviour.wait(value).await })
        })
        .collect();
    gate.wait_for(10).await;
    let shutdown = tokio::spawn(server.shutdown());
    // The server has begun to shut down, and still waits for its services.
    tokio::task::yield_now().await;
    gate.open_from(0);
    for (value, call) in (0..).zip(calls) {
        assert_eq!(call.await.unwrap().unwrap(), value);
    }
    drop(client);
    assert!(shutdown.await.unwrap().all_answered);
}

async fn large_arguments_and_results(transport: Transport) {
    let world = World::over(transport).await;
    let argument = pattern(LARGE);
    let result = world.interop().reverse(argument.clone()).await;
    if transport == Transport::Udp {
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::TooLarge { .. }));
        assert_eq!(error.outcome(), Outcome::NotExecuted);
        // A result that no datagram carries: the service did its work, and cannot say so.
        let len = u32::try_from(LARGE).unwrap();
        assert_system_err(&world.behaviour().bytes(len).await.unwrap_err());
        let argument = pattern(60_000);
        let result = world.interop().reverse(argument.clone()).await;
        assert_eq!(result.unwrap(), reversed(&argument));
    } else {
        assert_eq!(result.unwrap(), reversed(&argument));
    }
    world.end().await;
}

/// The clock stands still but for what the test waits for, so that 30 seconds take no time.
#[tokio::test(start_paused = true)]
async fn deadline_of_a_call_that_nobody_answers() {
    let world = World::over(Transport::Memory).await;
    let client = world.client.clone().with_deadline(Duration::from_secs(30));
    let begin = tokio::time::Instant::now();
    let error = behaviour::v1::Client::new(client).wait(1).await;
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(begin.elapsed().as_secs(), 30);
    world.gate.open_from(0);
    world.end().await;
}
