//! Calls as a dispatcher accepts them, against a cache that is small.

use super::*;
use crate::{
    Answer, AuthFlavor, AuthSys, Call, CallHeader, Dispatcher, OpaqueAuth, Procedure, Program,
    VersionServer,
    datagram::CallToken,
    dispatch::{Arrival, Dispatched},
};
use proptest::prelude::*;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

type Cache = DuplicateRequestCache<BuildHasherDefault<DefaultHasher>>;

const PROGRAM: Program = Program::new("Test", 0x2000_0007);
const DEPOSIT: Procedure = PROGRAM.procedure(1, 1, "deposit");
const BALANCE: Procedure = PROGRAM.procedure(1, 2, "balance").idempotent();
const NOTE: Procedure = PROGRAM.procedure(1, 3, "note").maybe();

const SMALL: CacheLimits = CacheLimits {
    entries: 4,
    result_bytes: 100,
    age: Duration::from_secs(120),
};

fn cache(limits: CacheLimits) -> Cache {
    DuplicateRequestCache::new(limits, BuildHasherDefault::default())
}

fn dispatcher() -> Dispatcher {
    let dispatch = |_: Arc<()>, call: Call| Answer::future(async move { call.reply(|_| Ok(())) });
    let server = VersionServer::new(PROGRAM, 1, (), dispatch);
    let mut dispatcher = Dispatcher::new();
    let server = server.describes(&[BALANCE, NOTE]);
    dispatcher.register(server).unwrap();
    dispatcher
}

fn peer(port: u16) -> Peer {
    Peer::Udp(([10, 0, 0, 1], port).into())
}

/// A call as it may come.
#[derive(Debug, Clone)]
struct Copied {
    peer: Peer,
    xid: u32,
    procedure: Procedure,
    uid: Option<u32>,
    stamp: u32,
    arguments: u32,
}

const CALL: Copied = Copied {
    peer: Peer::Memory,
    xid: 1,
    procedure: DEPOSIT,
    uid: Some(1000),
    stamp: 0,
    arguments: 5,
};

/// What was said to a call, with the bytes of the answer.
#[derive(Debug, PartialEq, Eq)]
enum Admitted {
    Execute(Option<CallKey>),
    InProgress(CallKey),
    Answer(Option<Bytes>),
}

impl Copied {
    fn message(&self) -> Bytes {
        let credential = self.uid.map_or(Credential::None, |uid| {
            let stamp = self.stamp;
            Credential::Sys(AuthSys {
                stamp,
                uid,
                ..AuthSys::default()
            })
        });
        let mut encoder = xdr::Encoder::new();
        let credential = credential.to_opaque().unwrap();
        let header = CallHeader::new(Xid(self.xid), &self.procedure, credential);
        encoder.encode(&header).unwrap();
        encoder.encode(&self.arguments).unwrap();
        encoder.finish()
    }

    fn admit(&self, cache: &mut Cache, now: Instant) -> Admitted {
        let dispatcher = dispatcher();
        let Arrival::Call(call) = dispatcher.accept(&self.message(), self.peer, Instant::now())
        else {
            panic!("it is a call");
        };
        match cache.admit(now, &call) {
            Admission::Execute(key) => Admitted::Execute(key),
            Admission::InProgress(key) => Admitted::InProgress(key),
            Admission::Answer(reply) => Admitted::Answer(reply.map(|reply| reply.to_bytes())),
        }
    }

    /// Enters a call that has to be new.
    fn enter(&self, cache: &mut Cache, now: Instant) -> CallKey {
        match self.admit(cache, now) {
            Admitted::Execute(Some(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    /// Enters a call that has to be new, and completes it.
    fn execute(&self, cache: &mut Cache, now: Instant, result: &[u8]) {
        let key = self.enter(cache, now);
        cache.complete(now, key, Some(&message(&success(self.xid, result))));
    }
}

fn message(bytes: &Bytes) -> Message {
    Message::new(CALL.peer, bytes.clone())
}

fn failed(xid: Xid) -> Bytes {
    system_err(xid, CALL.peer).to_bytes()
}

fn success(xid: u32, result: &[u8]) -> Bytes {
    let header: &[u8] = &ReplyHeader::success(Xid(xid));
    [header, result].concat().into()
}

#[test]
fn copy_of_a_call_is_answered_by_the_first_ones_result() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let key = CALL.enter(&mut cache, now);
    assert_eq!(
        CALL.admit(&mut cache, now),
        Admitted::InProgress(key),
        "not begun again"
    );
    assert!(cache.answer(&key).is_none());
    let reply = success(1, b"done");
    cache.complete(now, key, Some(&message(&reply)));
    let again = Admitted::Answer(Some(reply.clone()));
    assert_eq!(CALL.admit(&mut cache, now), again);
    let answer = cache.answer(&key).flatten();
    assert_eq!(answer.map(|answer| answer.to_bytes()), Some(reply));
    let counters = cache.counters();
    assert_eq!((counters.entered, counters.in_progress), (1, 1));
    assert_eq!(counters.answered_again, 1);
}

#[test]
fn what_differs_is_another_call() {
    let (mut cache, now) = (cache(CacheLimits::UDP), Instant::now());
    let calls = [
        CALL,
        Copied { xid: 2, ..CALL },
        Copied {
            peer: peer(1),
            ..CALL
        },
        Copied {
            peer: peer(2),
            ..CALL
        },
        Copied {
            peer: Peer::Tcp(([10, 0, 0, 1], 2).into()),
            ..CALL
        },
        Copied {
            uid: Some(1001),
            ..CALL
        },
        Copied { uid: None, ..CALL },
        Copied {
            procedure: PROGRAM.procedure(1, 9, "other"),
            ..CALL
        },
        Copied {
            arguments: 6,
            ..CALL
        },
    ];
    for call in &calls {
        call.execute(&mut cache, now, b"done");
    }
    assert_eq!(cache.len(), calls.len());
}

#[test]
fn credential_of_a_copy_may_have_another_stamp() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let key = CALL.enter(&mut cache, now);
    let copy = Copied { stamp: 99, ..CALL };
    assert_eq!(copy.admit(&mut cache, now), Admitted::InProgress(key));
}

#[test]
fn header_is_made_anew() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let key = CALL.enter(&mut cache, now);
    // As a reply with a verifier looks, which belongs to this one copy.
    let mut encoder = xdr::Encoder::new();
    let body = ReplyBody::Accepted {
        verifier: OpaqueAuth {
            flavor: AuthFlavor::RPCSEC_GSS,
            body: Bytes::from_static(b"checksum"),
        },
        stat: AcceptStat::Success,
    };
    let xid = Xid(1);
    encoder.encode(&ReplyHeader { xid, body }).unwrap();
    encoder.encode(&7_u32).unwrap();
    cache.complete(now, key, Some(&message(&encoder.finish())));
    let anew = success(1, &7_u32.to_be_bytes());
    assert_eq!(CALL.admit(&mut cache, now), Admitted::Answer(Some(anew)));
}

#[test]
fn refusals_and_silence_are_repeated() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let refusals = [
        ReplyHeader::accepted(Xid(1), AcceptStat::GarbageArgs),
        ReplyHeader::denied(Xid(2), RejectStat::AuthError(crate::AuthStat::TooWeak)),
    ];
    for header in refusals {
        let call = Copied {
            xid: header.xid.0,
            ..CALL
        };
        let key = call.enter(&mut cache, now);
        let reply = encoded(CALL.peer, &header);
        cache.complete(now, key, Some(&reply));
        let again = Admitted::Answer(Some(reply.to_bytes()));
        assert_eq!(call.admit(&mut cache, now), again);
    }
    let silent = Copied {
        procedure: NOTE,
        ..CALL
    };
    let key = silent.enter(&mut cache, now);
    cache.complete(now, key, None);
    assert_eq!(silent.admit(&mut cache, now), Admitted::Answer(None));
}

#[test]
fn calls_by_reliable_datagrams_are_left_out() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let token = CallToken {
        client_id: 1,
        activity: 0,
        seq: 1,
    };
    let call = Copied {
        peer: Peer::Reliable {
            address: ([10, 0, 0, 1], 700).into(),
            call: Some(token),
        },
        ..CALL
    };
    assert_eq!(call.admit(&mut cache, now), Admitted::Execute(None));
    assert!(cache.is_empty(), "there is room for those that need it");
}

#[test]
fn idempotent_procedures_and_procedure_0_are_left_out() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let call = Copied {
        procedure: BALANCE,
        ..CALL
    };
    for _ in 0..2 {
        assert_eq!(call.admit(&mut cache, now), Admitted::Execute(None));
    }
    let null = Copied {
        procedure: PROGRAM.procedure(1, 0, "null"),
        ..CALL
    };
    let dispatcher = dispatcher();
    let arrival = dispatcher.accept(&null.message(), CALL.peer, Instant::now());
    assert!(matches!(arrival, Arrival::Other(Dispatched::Reply(_))));
    assert!(cache.is_empty());
}

#[test]
fn calls_in_progress_are_never_evicted() {
    let (mut cache, mut now) = (cache(SMALL), Instant::now());
    let keys = [1, 2, 3, 4].map(|xid| Copied { xid, ..CALL }.enter(&mut cache, now));
    now += 2 * SMALL.age;
    let fifth = Copied { xid: 5, ..CALL };
    let refusal = Admitted::Answer(Some(failed(Xid(5))));
    assert_eq!(fifth.admit(&mut cache, now), refusal, "not executed");
    let silent = Copied {
        procedure: NOTE,
        ..fifth.clone()
    };
    assert_eq!(silent.admit(&mut cache, now), Admitted::Answer(None));
    cache.complete(now, keys[2], Some(&message(&success(3, b""))));
    // The one that was answered makes room, and is forgotten.
    fifth.enter(&mut cache, now);
    let third = Copied { xid: 3, ..CALL };
    assert!(matches!(third.admit(&mut cache, now), Admitted::Answer(_)));
    let counters = cache.counters();
    assert_eq!((counters.refused, counters.evicted), (3, 1));
}

#[test]
fn entries_last_as_long_as_they_should() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let key = CALL.enter(&mut cache, now);
    let answered = now + Duration::from_secs(1000);
    cache.complete(answered, key, Some(&message(&success(1, b"done"))));
    let last = answered + SMALL.age.mul_f32(0.999);
    assert!(matches!(CALL.admit(&mut cache, last), Admitted::Answer(_)));
    CALL.enter(&mut cache, answered + SMALL.age);
    assert_eq!((cache.len(), cache.result_bytes()), (1, 0));
}

#[test]
fn results_that_take_too_much_leave_tombstones() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let tombstone = |xid| Admitted::Answer(Some(failed(Xid(xid))));
    CALL.execute(&mut cache, now, &[1; 101]);
    assert_eq!(CALL.admit(&mut cache, now), tombstone(1), "too large");
    for xid in 2..=4 {
        Copied { xid, ..CALL }.execute(&mut cache, now, &[1; 50]);
    }
    assert_eq!((cache.len(), cache.result_bytes()), (4, 100));
    let second = Copied { xid: 2, ..CALL };
    assert_eq!(second.admit(&mut cache, now), tombstone(2), "the oldest");
    let fourth = Copied { xid: 4, ..CALL };
    let reply = Admitted::Answer(Some(success(4, &[1; 50])));
    assert_eq!(fourth.admit(&mut cache, now), reply);
    assert_eq!(cache.counters().results_dropped, 2);
    assert_eq!(cache.counters().evicted, 0);
}

#[test]
fn result_in_several_chunks() {
    let (mut cache, now) = (cache(SMALL), Instant::now());
    let key = CALL.enter(&mut cache, now);
    let mut reply = message(&success(1, b"do"));
    reply.push(Bytes::from_static(b"ne"));
    cache.complete(now, key, Some(&reply));
    let again = Admitted::Answer(Some(success(1, b"done")));
    assert_eq!(CALL.admit(&mut cache, now), again);
}

#[test]
fn results_beyond_a_datagram_are_not_kept() {
    let (mut cache, now) = (cache(CacheLimits::TCP), Instant::now());
    CALL.execute(&mut cache, now, &vec![1; RESULT_MAX]);
    assert_eq!(cache.result_bytes(), RESULT_MAX);
    Copied { xid: 2, ..CALL }.execute(&mut cache, now, &vec![1; RESULT_MAX + 1]);
    assert_eq!(cache.result_bytes(), RESULT_MAX);
}

/// What happens to a cache.
#[derive(Debug, Clone)]
enum Event {
    Call { xid: u32, uid: u32 },
    Complete { pick: usize, len: usize },
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..7_u32, 0..2_u32).prop_map(|(xid, uid)| Event::Call { xid, uid }),
        3 => (0..8_usize, 0..60_usize).prop_map(|(pick, len)| Event::Complete { pick, len }),
        1 => (0..90_u64).prop_map(Event::Pass),
    ]
}

/// The same promises, kept by searching a list.
#[derive(Debug, Default)]
struct Reference {
    /// In the order in which they were entered.
    running: Vec<(Copied, CallKey)>,
    /// In the order in which they were answered, each with its result if it still has one.
    answered: Vec<(Instant, Copied, Option<Vec<u8>>)>,
}

fn is_same(one: &Copied, other: &Copied) -> bool {
    (one.xid, one.uid) == (other.xid, other.uid)
}

impl Reference {
    fn call(&mut self, cache: &mut Cache, now: Instant, call: Copied) {
        let admission = call.admit(cache, now);
        self.answered.retain(|(at, ..)| now - *at < SMALL.age);
        let xid = Xid(call.xid);
        if let Some((_, key)) = self.running.iter().find(|(other, _)| is_same(other, &call)) {
            assert_eq!(admission, Admitted::InProgress(*key));
            return;
        }
        let mut answered = self.answered.iter();
        if let Some((_, _, result)) = answered.find(|(_, other, _)| is_same(other, &call)) {
            let result = result.as_ref();
            let reply = result.map_or_else(|| failed(xid), |result| success(xid.0, result));
            assert_eq!(admission, Admitted::Answer(Some(reply)));
            return;
        }
        if self.running.len() == SMALL.entries {
            assert_eq!(admission, Admitted::Answer(Some(failed(xid))));
            return;
        }
        if self.running.len() + self.answered.len() == SMALL.entries {
            self.answered.remove(0);
        }
        match admission {
            Admitted::Execute(Some(key)) => self.running.push((call, key)),
            other => panic!("{other:?}"),
        }
    }

    fn complete(&mut self, cache: &mut Cache, now: Instant, pick: usize, len: usize) {
        if self.running.is_empty() {
            return;
        }
        let (call, key) = self.running.remove(pick % self.running.len());
        let result = vec![7; len];
        cache.complete(now, key, Some(&message(&success(call.xid, &result))));
        self.answered.push((now, call, Some(result)));
        let mut oldest = 0;
        while self.result_bytes() > SMALL.result_bytes {
            self.answered[oldest].2.take_if(|result| !result.is_empty());
            oldest += 1;
        }
    }

    fn result_bytes(&self) -> usize {
        let results = self
            .answered
            .iter()
            .filter_map(|(_, _, result)| result.as_ref());
        results.map(Vec::len).sum()
    }
}

proptest! {
    #[test]
    fn is_what_a_list_would_be(events in prop::collection::vec(event(), 1..200)) {
        let (mut cache, mut now) = (cache(SMALL), Instant::now());
        let mut reference = Reference::default();
        for event in events {
            match event {
                Event::Call { xid, uid } => {
                    let call = Copied { xid, uid: Some(uid), ..CALL };
                    reference.call(&mut cache, now, call);
                }
                Event::Complete { pick, len } => {
                    reference.complete(&mut cache, now, pick, len);
                }
                Event::Pass(seconds) => now += Duration::from_secs(seconds),
            }
            assert!(cache.len() <= SMALL.entries);
            assert!(cache.result_bytes() <= SMALL.result_bytes);
        }
        // A call forgets what is old.
        now += SMALL.age;
        reference.answered.clear();
        let call = Copied { xid: 99, ..CALL };
        reference.call(&mut cache, now, call);
        assert_eq!(cache.result_bytes(), 0);
    }
}
