//! Calls and replies of one fragment and of many, with and without losses.

use std::time::Duration;

use bytes::BytesMut;
use rpc_runtime::datagram::{
    CallOptions, ClientSettings, Ended, ServerSettings,
    packet::{ACK_REQ, CLIENT_DATAGRAM_MIN, Header, PacketType},
};

use crate::pair::{DELAY, Pair, lose, message};

/// A13: a call and its reply are two packets; a DONE for many replies comes on top.
#[test]
fn a13_a_short_call_takes_two_packets() {
    let mut pair = Pair::new();
    for _ in 0..1000 {
        assert_eq!(pair.call(100), Ended::Reply(message(100)));
    }
    pair.settle();
    assert_eq!(pair.count(PacketType::Hello), 1);
    let packets = pair.sent.len() - 2;
    assert!(packets <= 2060, "{packets} packets");
    assert_eq!(pair.executed.len(), 1000);
}

#[test]
fn a_long_call_and_its_reply_arrive() {
    let mut pair = Pair::new();
    for len in [1, 1136, 1137, 50_000, 1 << 20, 2 << 20] {
        assert_eq!(pair.call(len), Ended::Reply(message(len)), "{len}");
    }
    let needed = 2 * (1 + 1 + 2 + 45 + 924 + 1847);
    let data = pair.count(PacketType::Req) + pair.count(PacketType::Resp);
    assert_eq!(data, needed, "nothing is sent twice");
    pair.settle();
    assert_eq!(pair.server.usage().reply_bytes, 0);
}

#[test]
fn lost_packets_are_sent_again_and_calls_executed_once() {
    let cases = [
        (PacketType::Hello, [0, 1]),
        (PacketType::HelloAck, [0, 1]),
        (PacketType::Req, [0, 1]),
        (PacketType::Resp, [0, 1]),
    ];
    for (packet_type, which) in cases {
        let mut pair = Pair::new();
        pair.fate = lose(packet_type, if which == [0, 1] { &[0, 1] } else { &[] });
        assert_eq!(
            pair.call(100),
            Ended::Reply(message(100)),
            "{packet_type:?}"
        );
        assert_eq!(pair.executed.len(), 1, "{packet_type:?}");
    }
}

#[test]
fn lost_fragments_are_sent_again() {
    for packet_type in [PacketType::Req, PacketType::Resp, PacketType::Ack] {
        let mut pair = Pair::new();
        pair.fate = lose(packet_type, &[0, 3, 9, 10, 11, 12, 40, 44, 46]);
        assert_eq!(
            pair.call(50_000),
            Ended::Reply(message(50_000)),
            "{packet_type:?}"
        );
        assert_eq!(pair.executed.len(), 1, "{packet_type:?}");
        let data = pair.count(PacketType::Req) + pair.count(PacketType::Resp);
        assert!(
            data <= 90 + 9 + 3,
            "{packet_type:?}: {data} for 90 fragments"
        );
    }
}

/// A call that takes its time is acknowledged once, unasked, and asked for after a second.
#[test]
fn a_slow_call_is_acknowledged_and_asked_for() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(10);
    assert_eq!(pair.call(100), Ended::Reply(message(100)));
    let at: Vec<u128> = pair
        .of(PacketType::Ping)
        .map(|sent| sent.at.as_millis())
        .collect();
    assert_eq!(pair.count(PacketType::Req), 1);
    assert_eq!(pair.count(PacketType::Working), 1 + at.len());
    assert_eq!(at.len(), 4, "after 1, 1.5, 2.25 and 3.375 seconds: {at:?}");
}

/// A11: endpoints that have nothing to do send nothing.
#[test]
fn a11_idle_endpoints_are_silent() {
    let mut pair = Pair::new();
    pair.call(100);
    pair.call(5000);
    pair.settle();
    let packets = pair.sent.len();
    pair.run(Duration::from_secs(7200));
    assert_eq!(pair.sent.len(), packets);
    assert_eq!(pair.client.next_timeout(), None);
    assert_eq!(pair.server.next_timeout(), None);
    assert_eq!(
        pair.server.usage().associations,
        0,
        "forgotten after T_keep"
    );
}

#[test]
fn an_answer_comes_after_one_round_trip() {
    let mut pair = Pair::new();
    pair.call(100);
    let before = pair.elapsed();
    pair.call(100);
    assert_eq!(pair.elapsed(), before + DELAY * 2);
}

#[test]
fn many_calls_share_a_client() {
    let settings = ClientSettings {
        activities: 16,
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(settings, ServerSettings::default());
    let ids: Vec<_> = (0..16).map(|n| pair.start(1 + n * 700)).collect();
    let refused = pair
        .client
        .start(pair.now, message(1), CallOptions::default());
    assert!(refused.is_err());
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(pair.end_of(id), Ended::Reply(message(1 + n * 700)));
    }
    pair.settle();
    assert_eq!(pair.count(PacketType::Done), 1, "one for all");
    assert_eq!(pair.executed.len(), 16);
}

/// A reply that the server keeps sending to a client that has it, because the DONE was lost.
#[test]
fn a_late_reply_is_answered_at_once() {
    let mut pair = Pair::new();
    pair.fate = lose(PacketType::Done, &[0]);
    pair.call(100);
    pair.settle();
    assert_eq!(pair.server.usage().reply_bytes, 100);
    let req = pair.of(PacketType::Req).next().unwrap().header;
    let again = Header {
        flags: ACK_REQ,
        ..req
    };
    let again = again.encode(&message(100), CLIENT_DATAGRAM_MIN, &mut BytesMut::new());
    pair.deliver_to_server(pair.address, &again);
    pair.settle();
    assert_eq!(pair.server.usage().reply_bytes, 0);
    assert_eq!(pair.count(PacketType::Done), 2);
    assert_eq!(pair.executed.len(), 1);
}

/// A long call that waits for its window holds up no short one.
#[test]
fn a_short_call_does_not_wait_behind_a_long_one() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.start(1 << 20);
    let before = pair.elapsed();
    assert_eq!(pair.call(100), Ended::Reply(message(100)));
    assert_eq!(pair.elapsed(), before + DELAY * 2);
}

/// Long replies of one client share its window, and none waits until it is asked for.
#[test]
fn long_replies_share_the_window() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.reply_len = Some(50_000);
    let ids: Vec<_> = (0..8).map(|_| pair.start(100)).collect();
    for id in ids {
        assert_eq!(pair.end_of(id), Ended::Reply(message(50_000)));
    }
    assert_eq!(pair.count(PacketType::Req), 9, "nothing is sent again");
    assert_eq!(pair.count(PacketType::Resp), 1 + 8 * 45);
}
