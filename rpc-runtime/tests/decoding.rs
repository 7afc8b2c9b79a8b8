//! What clients and servers accept as arguments and results, where they are told so.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use rpc_runtime::{
    AcceptStat, Answer, CallErrorKind, Caller, Client, Procedure, Program, Refusal, Server,
    ServerBuilder, VersionServer, memory,
};
use xdr::{Decode, Encoder, Error, Limits, Tolerance};

const PROGRAM: Program = Program::new("Test", 5);
const NOT: Procedure = Procedure::new(PROGRAM, 1, 1, "not");
const TWO: Procedure = Procedure::new(PROGRAM, 1, 2, "two");
const SUM: Procedure = Procedure::new(PROGRAM, 1, 3, "sum");
const NEST: Procedure = Procedure::new(PROGRAM, 1, 4, "nest");

type Nested = Vec<Vec<u32>>;

/// The program of `bool not(bool)`, of `bool two(void)`, which answers 2, of `int sum(array)` and
/// of `nested nest(unsigned)`.
fn service() -> VersionServer {
    VersionServer::new(PROGRAM, 1, (), |_, call| match call.procedure() {
        1 => Answer::future(async move {
            let flag = call.arguments(bool::decode)?;
            call.reply(|encoder| encoder.encode(&!flag))
        }),
        2 => Answer::future(async move { call.reply(|encoder| encoder.encode(&2)) }),
        3 => Answer::future(async move {
            let numbers = call.arguments(Vec::<u32>::decode)?;
            call.reply(|encoder| encoder.encode(&numbers.iter().sum::<u32>()))
        }),
        4 => Answer::future(async move {
            let number = call.arguments(u32::decode)?;
            call.reply(|encoder| encoder.encode(&vec![vec![number]]))
        }),
        _ => Answer::refuse(Refusal::ProcUnavail),
    })
}

/// A server, and a client of it.
async fn pair(set: fn(ServerBuilder) -> ServerBuilder) -> (Server, Client) {
    let (listener, connector) = memory::channel();
    let builder = set(Server::builder().service(service()).memory(listener));
    (builder.start().await.unwrap(), connector.connect())
}

async fn call<R: Decode + Send + 'static>(
    client: &Client,
    procedure: &Procedure,
    encode: impl FnOnce(&mut Encoder) -> Result<(), Error>,
) -> Result<R, String> {
    let outcome = client.call(procedure, encode, R::decode).await;
    outcome.map_err(|error| error.kind().to_string())
}

fn accepted<T>(stat: AcceptStat) -> Result<T, String> {
    Err(CallErrorKind::Accepted(stat).to_string())
}

/// What a call of `not` says that sends 2 for `TRUE`.
async fn not_two(client: &Client) -> Result<bool, String> {
    call(client, &NOT, |encoder| encoder.encode(&2)).await
}

#[tokio::test]
async fn server_refuses_a_bool_of_2_unless_told_to_take_it() {
    let (_server, client) = pair(|builder| builder).await;
    assert_eq!(not_two(&client).await, accepted(AcceptStat::GarbageArgs));
    let tolerance = Tolerance::default().any_bool();
    let tolerant = client.clone().with_tolerance(tolerance);
    assert_eq!(not_two(&tolerant).await, accepted(AcceptStat::GarbageArgs));

    let (_server, client) =
        pair(|builder| builder.tolerance(Tolerance::default().any_bool())).await;
    assert_eq!(not_two(&client).await, Ok(false));
    let trailing = call::<bool>(&client, &NOT, |encoder| encoder.encode(&[1, 0])).await;
    assert_eq!(trailing, accepted(AcceptStat::GarbageArgs));
}

#[tokio::test]
async fn client_refuses_a_bool_of_2_unless_told_to_take_it() {
    let (server, client) = pair(|builder| builder.tcp("127.0.0.1:0")).await;
    let two = async |client: &Client| call::<bool>(client, &TWO, Encoder::void).await;
    let error = two(&client).await.unwrap_err();
    assert!(error.contains("2 is not a bool"), "{error}");
    let tolerance = Tolerance::default().any_bool();
    let tolerant = client.clone().with_tolerance(tolerance);
    assert_eq!(two(&tolerant).await, Ok(true));
    assert!(two(&client).await.is_err(), "each clone for itself");
    let address = format!("tcp://{}", server.tcp_addr().unwrap());
    let built = Client::builder().tolerance(tolerance).connect(&address);
    assert_eq!(two(&built.await.unwrap()).await, Ok(true));
}

#[tokio::test]
async fn limits_hold_for_arguments_and_results() {
    let limits = Limits::default().memory(40);
    let (_server, client) = pair(|builder| builder.limits(Limits::default().memory(40))).await;
    let sum = async |len: usize| {
        call::<u32>(&client, &SUM, |encoder| encoder.encode(&vec![1_u32; len])).await
    };
    assert_eq!(sum(10).await, Ok(10));
    assert_eq!(sum(11).await, accepted(AcceptStat::GarbageArgs));

    let (server, client) = pair(|builder| builder.tcp("127.0.0.1:0")).await;
    let nest = async |client: &Client| {
        call::<Nested>(client, &NEST, |encoder| encoder.encode(&7_u32)).await
    };
    assert_eq!(nest(&client).await, Ok(vec![vec![7]]));
    let limited = client.clone().with_limits(limits.memory(27));
    let error = nest(&limited).await.unwrap_err();
    assert!(error.contains("27 bytes"), "{error}");
    let address = format!("tcp://{}", server.tcp_addr().unwrap());
    let built = Client::builder()
        .limits(limits.memory(28))
        .connect(&address);
    assert_eq!(nest(&built.await.unwrap()).await, Ok(vec![vec![7]]));
}

/// What is too deep to be read is not written either.
#[tokio::test]
async fn depth_holds_for_what_is_sent_too() {
    let (_server, client) = pair(|builder| builder.limits(Limits::default().depth(1))).await;
    let nested = call::<Nested>(&client, &NEST, |encoder| encoder.encode(&7_u32)).await;
    assert_eq!(nested, accepted(AcceptStat::SystemErr));
    let shallow = client.with_limits(Limits::default().depth(0));
    let sum = call::<u32>(&shallow, &SUM, |encoder| encoder.encode(&vec![1_u32])).await;
    assert!(sum.unwrap_err().contains("nested"));
}
