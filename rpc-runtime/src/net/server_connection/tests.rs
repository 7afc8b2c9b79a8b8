//! A server's end of a connection over a transport that a script controls.

use super::*;
use crate::{
    Answer, Call, CallHeader, OpaqueAuth, Peer, Procedure, Program, Refusal, VersionServer, Xid,
    message::SUCCESS_HEADER_LEN,
};
use bytes::Bytes;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Semaphore, mpsc};

const PROGRAM: Program = Program::new("Test", 5);

/// A large result.
static LARGE: [u8; 256 << 10] = [7; 256 << 10];

/// Batches to receive, and those sent; what there is of a message is its xid.
#[derive(Default)]
struct Scripted {
    incoming: VecDeque<Vec<u32>>,
    batches: Vec<Vec<u32>>,
    reads: usize,
    is_blocked: bool,
    message_max: usize,
}

impl Transport for Scripted {
    fn poll_send(
        &mut self,
        _: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        if messages.is_empty() {
            return Poll::Ready(Ok(()));
        } else if self.is_blocked {
            return Poll::Pending;
        }
        let batch = messages.drain(..).filter_map(|message| message.xid());
        self.batches.push(batch.map(|xid| xid.0).collect());
        Poll::Ready(Ok(()))
    }

    /// A procedure number stands for the whole call, and is its xid too.
    fn poll_receive(
        &mut self,
        _: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        let Some(batch) = self.incoming.pop_front() else {
            return Poll::Pending;
        };
        self.reads += 1;
        let received = |&number| Received::new(Peer::Memory, call(number));
        messages.extend(batch.iter().map(received));
        Poll::Ready(Ok(batch.len()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn peer(&self) -> Peer {
        Peer::Memory
    }

    fn is_reliable(&self) -> bool {
        true
    }

    fn message_max(&self) -> usize {
        self.message_max
    }
}

fn call(number: u32) -> Bytes {
    let procedure = Procedure::new(PROGRAM, 1, number, "any");
    let mut encoder = xdr::Encoder::new();
    let header = CallHeader::new(Xid(number), &procedure, OpaqueAuth::NONE);
    encoder.encode(&header).unwrap();
    encoder.finish()
}

struct Service {
    gate: Arc<Semaphore>,
    begun: AtomicUsize,
}

/// Procedures below 10 answer at once, those below 20 wait for the gate, others have a result: of
/// a word, and from 30 on of 256 KiB.
fn dispatch(service: Arc<Service>, call: Call) -> Answer {
    match call.procedure() {
        0..10 => Answer::future(async move { call.reply(xdr::Encoder::void) }),
        10..20 => Answer::future(async move {
            service.begun.fetch_add(1, Ordering::Relaxed);
            let permit = service.gate.acquire().await;
            permit.map_err(|_| Refusal::SystemErr)?.forget();
            call.reply(xdr::Encoder::void)
        }),
        20..30 => Answer::future(async move { call.reply(|encoder| encoder.encode(&1_u32)) }),
        _ => Answer::future(async move {
            call.reply(|encoder| encoder.encode(&Bytes::from_static(&LARGE)))
        }),
    }
}

fn connection(incoming: &[&[u32]]) -> (Connection<Scripted>, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let service = Service {
        gate: Arc::clone(&gate),
        begun: AtomicUsize::new(0),
    };
    let mut dispatcher = Dispatcher::new();
    let server = VersionServer::new(PROGRAM, 1, service, dispatch);
    dispatcher.register(server).unwrap();
    let transport = Scripted {
        incoming: incoming.iter().map(|batch| batch.to_vec()).collect(),
        message_max: SUCCESS_HEADER_LEN,
        ..Scripted::default()
    };
    let limits = ServerLimits {
        calls_max: 2,
        ..ServerLimits::default()
    };
    let common = Common {
        dispatcher: Arc::new(dispatcher),
        cache: None,
        load: Arc::new(Load::new(&limits, mpsc::channel(1).0)),
        limits: Arc::new(limits),
        workers: Arc::new(Workers::new(1, 0, |work| work())),
        totals: Arc::default(),
        phase: watch::channel(Phase::Running).1,
    };
    let connection = Connection::new(transport, common);
    (connection, gate)
}

fn poll(connection: &mut Connection<Scripted>) -> Poll<io::Result<()>> {
    connection.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn all_calls_of_one_read_are_answered_with_one_write() {
    let (mut connection, _) = connection(&[&[1, 2, 3], &[4, 5]]);
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.batches, [vec![1, 2, 3], vec![4, 5]]);
}

#[tokio::test]
async fn call_that_waits_does_not_hold_up_the_others() {
    let (mut connection, gate) = connection(&[&[1, 10, 2]]);
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.batches, [[1, 2]]);
    gate.add_permits(1);
    connection.is_reading = false;
    let ended = poll_fn(|cx| connection.poll(cx)).await;
    assert!(ended.is_ok(), "once everything is answered");
    assert_eq!(connection.transport.batches, [vec![1, 2], vec![10]]);
}

#[tokio::test]
async fn nothing_is_read_while_too_many_calls_wait() {
    let (mut connection, gate) = connection(&[&[10, 11, 12, 1], &[2]]);
    assert!(poll(&mut connection).is_pending());
    assert_eq!((connection.transport.reads, connection.calls.len()), (1, 2));
    assert_eq!(connection.received.len(), 2);
    gate.add_permits(3);
    connection.is_reading = false;
    assert!(poll_fn(|cx| connection.poll(cx)).await.is_ok());
    let mut answered = connection.transport.batches.concat();
    answered.sort_unstable();
    assert_eq!(answered, [1, 10, 11, 12]);
}

#[tokio::test]
async fn nothing_is_read_while_the_peer_takes_no_replies() {
    let (mut connection, _) = connection(&[&[1], &[2]]);
    connection.transport.is_blocked = true;
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.reads, 1);
    connection.transport.is_blocked = false;
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.batches, [[1], [2]]);
}

#[tokio::test]
async fn reply_that_the_transport_cannot_carry() {
    let (mut connection, _) = connection(&[&[20]]);
    connection.transport.is_blocked = true;
    assert!(poll(&mut connection).is_pending());
    let reply = connection.outgoing[0].to_bytes();
    assert_eq!(reply, system_err(Xid(20), Peer::Memory).to_bytes());
}

/// Its bytes were not copied on their way from the service to the transport.
#[tokio::test]
async fn large_result_is_handed_over_as_it_is() {
    let (mut connection, _) = connection(&[&[30]]);
    connection.transport.is_blocked = true;
    connection.transport.message_max = usize::MAX;
    assert!(poll(&mut connection).is_pending());
    let parts: Vec<&Bytes> = connection.outgoing[0].parts().collect();
    let [head, large] = parts[..] else {
        panic!("{} parts", parts.len());
    };
    assert_eq!(head.len(), SUCCESS_HEADER_LEN + 4);
    assert_eq!(large.as_ptr_range(), LARGE.as_ptr_range());
}

#[tokio::test]
async fn busy_connection_lets_others_run() {
    let batches: Vec<&[u32]> = vec![&[1]; 2 * TURNS_MAX];
    let (mut connection, _) = connection(&batches);
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.reads, TURNS_MAX);
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.reads, 2 * TURNS_MAX);
}

#[tokio::test]
async fn busy_connection_lets_others_run_between_the_calls_of_one_read() {
    let calls: Vec<u32> = vec![1; 3 * CALLS_PER_POLL];
    let (mut connection, _) = connection(&[&calls, &[2]]);
    for polls in 1..=3 {
        assert!(poll(&mut connection).is_pending());
        let answered = connection.transport.batches.concat().len();
        assert_eq!(answered, polls * CALLS_PER_POLL);
    }
    assert_eq!(connection.transport.reads, 1);
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.batches.last(), Some(&vec![2]));
}

#[tokio::test]
async fn calls_wait_while_many_bytes_of_replies_do() {
    let (mut connection, _) = connection(&[&[30; 20]]);
    connection.transport.message_max = usize::MAX;
    connection.transport.is_blocked = true;
    for _ in 0..3 {
        assert!(poll(&mut connection).is_pending());
        assert_eq!(connection.outgoing.len(), REPLIES_MAX / LARGE.len());
    }
    connection.transport.is_blocked = false;
    connection.is_reading = false;
    assert!(poll(&mut connection).is_ready(), "all are answered");
    let batches = connection.transport.batches.iter().map(Vec::len);
    assert_eq!(batches.collect::<Vec<_>>(), [4; 5]);
}

#[tokio::test]
async fn call_that_is_cancelled_before_its_service_has_it_is_not_begun() {
    let (mut connection, _) = connection(&[]);
    let token = |seq| CallToken {
        client_id: 1,
        activity: 2,
        seq,
    };
    for seq in [3, 4] {
        let peer = Peer::Reliable {
            address: ([127, 0, 0, 1], 9).into(),
            call: Some(token(seq)),
        };
        connection.received.push_back(Received::new(peer, call(1)));
    }
    connection.account.received(2);
    connection.cancel(token(4));
    connection.cancel(token(5));
    assert!(poll(&mut connection).is_pending());
    assert_eq!(connection.transport.batches, [[1]]);
}
