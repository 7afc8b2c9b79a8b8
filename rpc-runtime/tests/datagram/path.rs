//! The path between client and server: addresses that change, servers that fall silent, longer
//! datagrams.

use std::{net::IpAddr, time::Duration};

use rpc_runtime::{
    UdpPath,
    datagram::{
        CallOptions, ClientSettings, Ended, ServerSettings,
        packet::{FragmentSize, PacketType},
    },
};

use crate::pair::{Pair, Way, address, message};

#[test]
fn a_client_whose_address_changes_is_found_by_its_cookie() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(3);
    let id = pair.start(100);
    pair.run(Duration::from_millis(500));
    pair.address = address(701);
    assert_eq!(pair.end_of(id), Ended::Reply(message(100)));
    assert_eq!(pair.server.counters().migrated, 1);
    assert_eq!(
        pair.count(PacketType::Reject),
        1,
        "for want of a cookie for the new address"
    );
    assert_eq!(pair.executed.len(), 1);
}

/// The network may keep a packet until the client is elsewhere.
#[test]
fn an_old_packet_does_not_take_the_client_back_to_its_old_address() {
    let mut pair = Pair::new();
    pair.call(1);
    let old = pair.of(PacketType::Req).last().unwrap().datagram.clone();
    pair.address = address(701);
    assert_eq!(pair.call(2), Ended::Reply(message(2)));
    pair.deliver_to_server(address(700), &old);
    assert_eq!(pair.server.counters().migrated, 1);
    let rejects = pair.count(PacketType::Reject);
    assert_eq!(pair.call(3), Ended::Reply(message(3)));
    assert_eq!(pair.count(PacketType::Reject), rejects);
}

/// A16: each packet of a flight is refused, and the client reacts to one of the refusals.
#[test]
fn a16_one_reaction_to_a_flight() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.address = address(701);
    let before = pair.count(PacketType::Req);
    assert_eq!(pair.call(50_000), Ended::Reply(message(50_000)));
    assert_eq!(pair.count(PacketType::Reject), 10);
    assert_eq!(pair.client.counters().ignored_by_flight_rule, 9);
    assert_eq!(pair.count(PacketType::Req) - before, 45 + 10);
}

/// The peer rule: one call asks for all while the server is silent.
#[test]
fn one_call_asks_while_the_server_is_silent() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(60);
    let ids: Vec<_> = (0..20).map(|_| pair.start(100)).collect();
    pair.run(Duration::from_secs(5));
    let pings = pair.count(PacketType::Ping);
    pair.fate = Box::new(|_| false);
    pair.run(Duration::from_secs(20));
    let asked = pair.count(PacketType::Ping) - pings;
    assert!(
        (20..=100).contains(&asked),
        "{asked} PINGs in twenty seconds"
    );
    pair.fate = Box::new(|_| true);
    for id in ids {
        assert_eq!(pair.end_of(id), Ended::Reply(message(100)));
    }
    assert_eq!(pair.executed.len(), 20);
}

/// A call that begins while the server is silent waits, and was not sent if it never speaks.
#[test]
fn calls_that_begin_while_the_server_is_silent_wait_for_a_sign_of_it() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.fate = Box::new(|_| false);
    let first = pair.start(100);
    pair.run(Duration::from_secs(5));
    let requests = pair.count(PacketType::Req);
    let later = pair.start(200);
    assert_eq!(pair.count(PacketType::Req), requests);
    pair.fate = Box::new(|_| true);
    assert_eq!(pair.end_of(later), Ended::Reply(message(200)));
    assert_eq!(pair.end_of(first), Ended::Reply(message(100)));
}

#[test]
fn the_clock_of_the_server_is_asked_for_after_an_hour() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.run(Duration::from_secs(3500));
    pair.call(1);
    assert_eq!(pair.count(PacketType::Hello), 1);
    pair.run(Duration::from_secs(3700));
    assert_eq!(pair.call(9), Ended::Reply(message(9)));
    assert_eq!(pair.count(PacketType::Hello), 2);
}

/// F20: 2^16 slots of cookies are 73 hours.
#[test]
fn a_server_may_be_up_for_longer_than_slots_have_numbers() {
    let mut pair = Pair::new();
    pair.run(Duration::from_secs(4 * 65_536 - 2));
    assert_eq!(pair.call(9), Ended::Reply(message(9)));
    pair.run(Duration::from_secs(4));
    pair.address = address(701);
    assert_eq!(pair.call(9), Ended::Reply(message(9)));
}

/// A12: an answer to an earlier question does not bind.
#[test]
fn an_old_answer_to_a_hello_does_not_bind() {
    let mut pair = Pair::new();
    pair.call(1);
    let old = pair
        .of(PacketType::HelloAck)
        .next()
        .unwrap()
        .datagram
        .clone();
    let stale = pair.client.counters().stale;
    pair.deliver_to_client(&old);
    assert_eq!(pair.client.counters().stale, stale + 1);
    // While it asks anew, too.
    pair.run(Duration::from_secs(3700));
    pair.fate = Box::new(|_| false);
    let id = pair.start(5);
    pair.deliver_to_client(&old);
    assert_eq!(pair.client.counters().stale, stale + 2);
    pair.fate = Box::new(|_| true);
    assert_eq!(pair.end_of(id), Ended::Reply(message(5)));
}

fn jumbo() -> ClientSettings {
    ClientSettings {
        fragment_size_max: FragmentSize::Jumbo,
        ..ClientSettings::default()
    }
}

#[test]
fn longer_datagrams_are_used_where_the_path_carries_them() {
    let mut pair = Pair::with(jumbo(), ServerSettings::default());
    pair.fate = Box::new(|sent| sent.datagram.len() <= 1500);
    pair.call(1);
    pair.run(Duration::from_secs(10));
    let probes: Vec<usize> = pair
        .of(PacketType::Probe)
        .map(|sent| sent.datagram.len())
        .collect();
    assert_eq!(probes, [1448, 8952, 8952, 8952], "three losses are enough");
    assert_eq!(pair.call(100_000), Ended::Reply(message(100_000)));
    let longest = pair
        .sent
        .iter()
        .filter(|sent| sent.header.packet_type.has_fragment());
    assert_eq!(longest.map(|sent| sent.datagram.len()).max(), Some(1448));
    let replies = pair
        .of(PacketType::Resp)
        .filter(|sent| sent.datagram.len() == 1448);
    assert_eq!(replies.count(), 72, "the way back is tried too");
}

/// Three losses of full-size packets in a row: new calls have short ones.
#[test]
fn a_path_that_does_not_carry_longer_datagrams_any_more_is_noticed() {
    let mut pair = Pair::with(jumbo(), ServerSettings::default());
    pair.call(1);
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.call(20_000), Ended::Reply(message(20_000)));
    assert_eq!(
        pair.of(PacketType::Req)
            .last()
            .unwrap()
            .header
            .geometry
            .size,
        FragmentSize::Jumbo
    );
    pair.fate = Box::new(|sent| sent.datagram.len() <= 1500);
    let id = pair.start(20_000);
    assert!(matches!(pair.end_of(id), Ended::Failed(_)));
    assert_eq!(pair.call(20_000), Ended::Reply(message(20_000)));
    assert_eq!(
        pair.of(PacketType::Req)
            .last()
            .unwrap()
            .header
            .geometry
            .size,
        FragmentSize::Any
    );
}

/// A16: at half of all packets lost, no more than four times the packets that are needed.
#[test]
fn a16_packets_at_high_loss() {
    for (percent, factor_max) in [(30, 30), (50, 40)] {
        let mut pair = Pair::new();
        pair.call(1);
        let before = pair.sent.len();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        pair.fate = Box::new(move |_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 20) % 100 >= percent
        });
        for _ in 0..300 {
            assert_eq!(pair.call(100), Ended::Reply(message(100)));
        }
        let packets = pair.sent.len() - before;
        assert!(
            packets * 10 <= 600 * factor_max,
            "{packets} packets at {percent} %"
        );
        assert_eq!(pair.executed.len(), 301, "each once");
        let to_server = pair.sent.iter().filter(|sent| sent.way == Way::ToServer);
        assert!(to_server.count() < packets, "both ends send");
    }
}

/// The server has acknowledged a part of a call, waits for the rest for too long, and drops it.
#[test]
fn a_part_that_the_server_has_dropped_is_sent_again() {
    let server = ServerSettings {
        reassembly: Duration::from_secs(1),
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(ClientSettings::default(), server);
    pair.call(1);
    let lost_until = pair.elapsed() + Duration::from_secs(3);
    pair.fate = Box::new(move |sent| {
        let is_last = sent.header.packet_type == PacketType::Req && sent.header.frag == 7;
        !is_last || sent.at > lost_until
    });
    assert_eq!(pair.call(9000), Ended::Reply(message(9000)));
    assert!(pair.elapsed() > lost_until);
    assert_eq!(pair.executed.len(), 2);
}

/// A server with several addresses answers from the one that the client knows.
#[test]
fn answers_go_the_way_that_packets_came() {
    let Pair {
        now,
        mut client,
        mut server,
        ..
    } = Pair::new();
    let path = UdpPath::from(address(700)).with_local(IpAddr::from([198, 51, 100, 1]));
    let id = client.start(now, message(9), CallOptions::default());
    let ended = loop {
        while let Some(datagram) = client.next_transmit(now) {
            server.receive(now, path, &datagram);
        }
        while let Some(call) = server.next_call(now) {
            server.reply(now, call.token, call.message);
        }
        while let Some((way, datagram)) = server.next_transmit(now) {
            assert_eq!(way, path);
            client.receive(now, &datagram);
        }
        if let Some(ended) = client.next_end() {
            break ended;
        }
    };
    assert_eq!(ended, (id.unwrap(), Ended::Reply(message(9))));
}
