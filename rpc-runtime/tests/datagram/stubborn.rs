//! Ends that never give in: what they answer ends no call late, and takes no more than its share.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rpc_runtime::{
    Outcome,
    datagram::{
        CallOptions, Ended, Reason, RejectCode,
        packet::{CLIENT_DATAGRAM_MIN, FragmentSize, Geometry, Header, PacketType, Reject, echo},
    },
};

use crate::pair::{DELAY, Pair, Sent, Way, message};

fn encode(header: &Header, body: &[u8], len_min: usize) -> Bytes {
    header.encode(body, len_min, &mut BytesMut::new())
}

/// Answers each packet of a call, from the last one on that was answered, at once.
fn answer_each(
    pair: &mut Pair,
    answered: &mut usize,
    template: &Header,
    mut answer: impl FnMut(Header) -> Bytes,
) {
    let asked: Vec<Sent> = pair.sent[*answered..].to_vec();
    *answered = pair.sent.len();
    for sent in asked.iter().filter(|sent| sent.way == Way::ToServer) {
        let datagram = answer(Header {
            activity: sent.header.activity,
            seq: sent.header.seq,
            tok: echo(sent.header.pn, Duration::ZERO),
            ..*template
        });
        pair.deliver_to_client(&datagram);
    }
}

/// Begins a call, of which nothing arrives, and runs until its end, which has to come soon after its
/// deadline, while each of its packets is answered like this.
fn end_of_answered(answer: impl Fn(Header) -> Bytes) -> (Pair, Ended) {
    let mut pair = Pair::new();
    pair.call(1);
    let template = pair.of(PacketType::Resp).next().unwrap().header;
    pair.fate = Box::new(|_| false);
    let deadline = pair.now + Duration::from_secs(1);
    let mut answered = pair.sent.len();
    let id = pair.start_with(100, CallOptions::default().deadline(Some(deadline)));
    while pair.ended.len() < 2 {
        pair.run(DELAY);
        answer_each(&mut pair, &mut answered, &template, &answer);
        assert!(pair.elapsed() < Duration::from_secs(2), "{id} goes on");
        assert!(pair.sent.len() < 1000, "a storm");
    }
    let ended = pair.end_of(id);
    (pair, ended)
}

/// The end of a call of which only the deadline is known.
fn assert_is_given_up(ended: &Ended) {
    let Ended::Failed(failure) = ended else {
        panic!("a reply from nowhere");
    };
    let end = (failure.reason(), failure.outcome());
    assert_eq!(end, (Reason::DeadlineExceeded, Outcome::Unknown));
}

/// A path whose address changes with each packet, for instance: the cookie is never right.
#[test]
fn a_call_ends_after_its_deadline_though_no_cookie_is_right() {
    let (pair, ended) = end_of_answered(|header| {
        let reject = Reject {
            offending_epoch: header.epoch,
            fresh_cookie: 7,
            arg: 0,
        };
        let header = Header {
            packet_type: PacketType::Reject,
            code: RejectCode::Cookie as u8,
            geometry: Geometry::NONE,
            ..header
        };
        encode(&header, &reject.to_bytes(), 0)
    });
    assert_is_given_up(&ended);
    assert_eq!(pair.count(PacketType::Cancel), 3);
}

/// A server whose memory has changed sends a reply that is never whole.
#[test]
fn replies_with_a_wrong_checksum_bring_no_storm_and_end_with_the_deadline() {
    let (pair, ended) = end_of_answered(|header| {
        let geometry = Geometry {
            size: FragmentSize::Any,
            nfrag: 1,
            msg_len: 8,
            msg_crc: 1,
        };
        encode(&Header { geometry, ..header }, &[0; 8], 0)
    });
    assert_is_given_up(&ended);
    assert!(pair.count(PacketType::Ping) < 100);
}

/// A client that begins messages and ends none: timers are no place to fill.
#[test]
fn a9_messages_that_are_begun_leave_no_timers_behind() {
    let mut pair = Pair::new();
    pair.call(8);
    let template = pair.of(PacketType::Req).next().unwrap().header;
    for number in 2..2000 {
        pair.now += Duration::from_millis(1);
        let header = Header {
            seq: number,
            pn: 10 + number,
            geometry: Geometry {
                size: FragmentSize::Any,
                nfrag: 2,
                msg_len: 1200,
                msg_crc: number,
            },
            ..template
        };
        let datagram = encode(&header, &[0; 1136], CLIENT_DATAGRAM_MIN);
        pair.deliver_to_server(pair.address, &datagram);
    }
    let mut timeouts = 0;
    while let Some(due) = pair.server.next_timeout() {
        pair.server.expire(due);
        timeouts += 1;
    }
    assert!(timeouts < 10, "{timeouts} timers for one client");
    assert_eq!(pair.server.usage().reassembly_bytes, 0);
    assert_eq!(pair.server.usage().associations, 0);
}

/// A18: a server that drains waits for no rest of a message, and says that it is not executed.
#[test]
fn a18_a_draining_server_refuses_what_has_not_come_whole() {
    let mut pair = Pair::new();
    pair.call(1);
    let id = pair.start(100_000);
    pair.run(DELAY * 3);
    pair.server.drain(pair.now);
    let Ended::Failed(failure) = pair.end_of(id) else {
        panic!("executed by a server that takes no calls any more");
    };
    let end = (failure.reason(), failure.outcome());
    assert_eq!(end, (Reason::Draining, Outcome::NotExecuted));
    pair.settle();
    assert!(pair.server.is_drained(pair.now));
    assert_eq!(pair.executed.len(), 1);
    assert_eq!(pair.server.usage().reassembly_bytes, 0);
}

/// A client that begins call after call and waits for none: it gets its share of a slow service.
#[test]
fn a9_calls_that_nobody_waits_for_leave_room_for_other_clients() {
    let mut pair = Pair::new();
    pair.call(8);
    let template = pair.of(PacketType::Req).next().unwrap().header;
    pair.service = Duration::from_secs(3600);
    for number in 2..1000 {
        let header = Header {
            seq: number,
            pn: 10 + number,
            ..template
        };
        let datagram = encode(&header, &message(8), CLIENT_DATAGRAM_MIN);
        pair.deliver_to_server(pair.address, &datagram);
    }
    assert_eq!(pair.server.usage().running, 256);
    assert_eq!(pair.server.counters().rejects, 998 - 256);
}

/// The length of a message is looked at whenever it begins, also under a number that is known.
#[test]
fn h16_a_message_that_begins_again_is_no_longer_than_allowed() {
    let mut pair = Pair::new();
    pair.call(8);
    let template = pair.of(PacketType::Req).next().unwrap().header;
    for (nfrag, msg_len) in [(1, 8), (3000, 3000 * 1136)] {
        let geometry = Geometry {
            size: FragmentSize::Any,
            nfrag,
            msg_len,
            msg_crc: 1,
        };
        let header = Header {
            seq: 2,
            pn: 10,
            geometry,
            ..template
        };
        let body = message(geometry.range(0).len());
        let datagram = encode(&header, &body, CLIENT_DATAGRAM_MIN);
        pair.deliver_to_server(pair.address, &datagram);
    }
    assert_eq!(pair.server.counters().bad_messages, 1);
    assert_eq!(pair.server.usage().reassembly_bytes, 0);
}
