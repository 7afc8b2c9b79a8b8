//! Stacks of tower layers around clients and services, and what callers are told of their errors.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{
    future::{Ready, ready},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use common::{ADD, Calc, WAIT};
use rpc_runtime::{
    AcceptStat, AuthStat, AuthSys, Call, CallErrorKind, CallResult, Caller, Client, Credential,
    Outcome, RejectStat, Server, ServiceError, memory,
    tower::{BoxError, Caller as TowerCaller, Request, Response},
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, layer::layer_fn};
use xdr::Decode;

/// A client of a server within the process, and what its calls of `wait` wait for.
async fn start() -> (Client, Calc, Server) {
    let calc = Calc::default();
    let (listener, connector) = memory::channel();
    let server = Server::builder().service(common::server(calc.clone()));
    let server = server.memory(listener).start().await.unwrap();
    (connector.connect(), calc, server)
}

async fn add(
    caller: &impl Caller<Call<i32> = rpc_runtime::tower::Calling<i32>>,
) -> CallResult<i32> {
    let arguments = |encoder: &mut xdr::Encoder| {
        encoder.encode(&40)?;
        encoder.encode(&2)
    };
    caller.call(&ADD, arguments, i32::decode).await
}

async fn wait(
    caller: &impl Caller<Call<i32> = rpc_runtime::tower::Calling<i32>>,
) -> CallResult<i32> {
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&7);
    caller.call(&WAIT, arguments, i32::decode).await
}

#[tokio::test]
async fn generated_clients_call_through_layers() {
    let (client, _, _server) = start().await;
    let stack = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .timeout(Duration::from_secs(60))
        .service(client);
    let caller = TowerCaller::new(stack);
    for _ in 0..3 {
        assert_eq!(add(&caller).await.unwrap(), 42);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_took_too_long_may_have_been_executed() {
    let (client, calc, _server) = start().await;
    let stack = ServiceBuilder::new()
        .timeout(Duration::from_secs(1))
        .service(client);
    let error = wait(&TowerCaller::new(stack)).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(
        error.to_string(),
        "call of Calc.v1.wait: request timed out (perhaps executed)"
    );
    assert_eq!(calc.gate.begun.available_permits(), 1, "it was");
}

#[tokio::test]
async fn a_call_that_no_client_has_seen_was_not_executed() {
    let (client, calc, _server) = start().await;
    let stack = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .service(client);
    let caller = TowerCaller::new(stack);
    let first = tokio::spawn({
        let caller = caller.clone();
        async move { wait(&caller).await }
    });
    calc.gate.wait_for(1).await;
    let error = add(&caller).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Layer(_)), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    calc.gate.open();
    assert_eq!(first.await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn calls_wait_until_the_stack_is_ready() {
    let (client, calc, _server) = start().await;
    let stack = ServiceBuilder::new().concurrency_limit(1).service(client);
    let caller = TowerCaller::new(stack);
    let first = tokio::spawn({
        let caller = caller.clone();
        async move { wait(&caller).await }
    });
    calc.gate.wait_for(1).await;
    let mut second = Box::pin(add(&caller));
    assert!(futures_are_pending(&mut second).await);
    calc.gate.open();
    first.await.unwrap().unwrap();
    assert_eq!(second.await.unwrap(), 42);
}

/// Whether a future still waits after others had their turn.
async fn futures_are_pending<F: Future + Unpin>(future: &mut F) -> bool {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[tokio::test]
async fn errors_of_the_client_stay_what_they_are() {
    let (client, _, _server) = start().await;
    let stack = ServiceBuilder::new()
        .timeout(Duration::from_secs(60))
        .service(client);
    let caller = TowerCaller::new(stack);
    let missing = common::PROGRAM.procedure(1, 99, "missing");
    let call = caller.call(&missing, xdr::Encoder::void, |_| Ok(()));
    let error = call.await.unwrap_err();
    let unavailable = CallErrorKind::Accepted(AcceptStat::ProcUnavail);
    assert_eq!(error.kind().to_string(), unavailable.to_string());
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    assert!(error.xid().is_some());
}

/// Calls twice, and gives what the second attempt gives.
#[derive(Clone)]
struct Twice<S>(S);

impl<S> Service<Request> for Twice<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (first, again) = (self.0.call(request.clone()), self.0.clone());
        Box::pin(async move {
            let _ = first.await;
            again.oneshot(request).await
        })
    }
}

#[tokio::test]
async fn the_outcome_is_that_of_all_attempts() {
    let (client, service, server) = start().await;
    let caller = TowerCaller::new(Twice(client));
    let end = async {
        service.gate.wait_for(1).await;
        // The first attempt is under way; the second finds no server.
        drop(server);
    };
    let (result, ()) = tokio::join!(wait(&caller), end);
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::Unknown, "the first was executed");

    let (client, _, _server) = start().await;
    let caller = TowerCaller::new(Twice(client));
    let missing = common::PROGRAM.procedure(1, 98, "missing");
    let call = caller.call(&missing, xdr::Encoder::void, |_| Ok(()));
    assert_eq!(call.await.unwrap_err().outcome(), Outcome::NotExecuted);
}

#[tokio::test]
async fn requests_carry_deadline_and_credential() {
    let (client, _, _server) = start().await;
    let caller = TowerCaller::new(client);
    let hasty = caller.clone().with_deadline(Duration::ZERO);
    let error = wait(&hasty).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
    let me = Credential::Sys(AuthSys {
        stamp: 0,
        machine_name: "here".into(),
        uid: 1000,
        gid: 1000,
        gids: vec![],
    });
    let caller = caller.with_credential(&me).unwrap();
    let call = caller.call(&common::WHOAMI, xdr::Encoder::void, u32_result);
    assert_eq!(call.await.unwrap(), 1000);
}

fn u32_result(decoder: &mut xdr::Decoder<'_>) -> xdr::Result<u32> {
    decoder.decode()
}

#[tokio::test]
async fn large_arguments_and_results_pass_as_they_are() {
    let (client, _, _server) = start().await;
    let caller = TowerCaller::new(client);
    let large = Bytes::from(vec![7; 100_001]);
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&large);
    let echo = caller.call(&common::ECHO, arguments, Decode::decode);
    let echoed: Bytes = echo.await.unwrap();
    assert_eq!(echoed, large);
}

/// A server whose version of the program has a layer around it, and a client of it.
async fn layered<L>(layer: &L, calc: Calc) -> (common::CalcClient, Server)
where
    L: Layer<rpc_runtime::tower::VersionService>,
    L::Service: Service<Call, Response = rpc_runtime::Reply> + Clone + Send + 'static,
    <L::Service as Service<Call>>::Error: Into<BoxError>,
    <L::Service as Service<Call>>::Future: Send,
{
    let (listener, connector) = memory::channel();
    let server = Server::builder().service(common::server(calc).layer(layer));
    let server = server.memory(listener).start().await.unwrap();
    (common::CalcClient(connector.connect()), server)
}

#[tokio::test]
async fn a_server_sheds_load() {
    let calc = Calc::default();
    let stack = ServiceBuilder::new().load_shed().concurrency_limit(1);
    let (client, _server) = layered(&stack.into_inner(), calc.clone()).await;
    assert_eq!(client.add(40, 2).await.unwrap(), 42);
    assert_eq!(
        client.large(10).await.unwrap().len(),
        10,
        "a service that blocks"
    );
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.wait(7).await }
    });
    calc.gate.wait_for(1).await;
    let error = client.add(1, 2).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        CallErrorKind::Accepted(AcceptStat::SystemErr)
    ));
    calc.gate.open();
    assert_eq!(first.await.unwrap().unwrap(), 7);
    assert_eq!(client.add(40, 2).await.unwrap(), 42);
}

/// Lets nobody in.
#[derive(Clone)]
struct Closed;

impl Service<Call> for Closed {
    type Response = rpc_runtime::Reply;
    type Error = ServiceError;
    type Future = Ready<Result<rpc_runtime::Reply, ServiceError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ServiceError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Call) -> Self::Future {
        ready(Err(ServiceError::auth(AuthStat::TooWeak)))
    }
}

#[tokio::test]
async fn a_layer_refuses_as_a_service_does() {
    let (client, _server) = layered(&layer_fn(|_| Closed), Calc::default()).await;
    let error = client.add(1, 2).await.unwrap_err();
    let too_weak = RejectStat::AuthError(AuthStat::TooWeak);
    assert!(matches!(error.kind(), CallErrorKind::Denied(stat) if *stat == too_weak));
}

#[tokio::test]
async fn a_service_that_panics_within_layers_fails_alone() {
    let stack = ServiceBuilder::new().concurrency_limit(4);
    let (client, _server) = layered(&stack.into_inner(), Calc::default()).await;
    for how in [0, 1, 2] {
        let error = client.panic(how).await.unwrap_err();
        assert!(matches!(
            error.kind(),
            CallErrorKind::Accepted(AcceptStat::SystemErr)
        ));
    }
    client.large(u32::MAX).await.unwrap_err();
    assert_eq!(client.add(40, 2).await.unwrap(), 42);
}
