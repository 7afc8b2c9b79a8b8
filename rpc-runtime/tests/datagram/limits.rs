//! The ends of the numbers: nothing comes round (F20, A17).

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use rpc_runtime::{
    Outcome,
    datagram::{
        CallOptions, ClientAssociation, ClientSettings, Ended, Reason, ServerSettings, StartFailure,
    },
};

use crate::pair::{Pair, Way, message};

/// No number of a packet is used twice under one `client_id`, in either direction.
fn assert_no_number_is_used_twice(pair: &Pair) {
    let mut seen = HashSet::new();
    for sent in &pair.sent {
        let header = sent.header;
        let is_new = seen.insert((sent.way == Way::ToServer, header.client_id, header.pn));
        assert!(is_new || header.pn == 0, "{header:?}");
    }
}

#[test]
fn a17_call_numbers_end_with_their_client_id() {
    let client = ClientSettings {
        first_seq: u32::MAX - 2,
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(client, ServerSettings::default());
    for _ in 0..5 {
        assert_eq!(pair.call(9), Ended::Reply(message(9)));
    }
    let seqs: Vec<u32> = pair.executed.iter().map(|token| token.seq).collect();
    assert_eq!(seqs, [u32::MAX - 2, u32::MAX - 1, 1, 2, 3]);
    let clients: HashSet<u64> = pair.executed.iter().map(|token| token.client_id).collect();
    assert_eq!(clients.len(), 2);
    assert_no_number_is_used_twice(&pair);
}

#[test]
fn a17_packet_numbers_end_with_their_client_id() {
    let client = ClientSettings {
        first_pn: u32::MAX - 1,
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(client, ServerSettings::default());
    for _ in 0..5 {
        assert_eq!(pair.call(9), Ended::Reply(message(9)));
    }
    assert_ne!(pair.executed[0].client_id, 0xc11e);
    assert_no_number_is_used_twice(&pair);
}

/// Calls that began under a `client_id` end under it.
#[test]
fn a17_calls_in_flight_keep_their_client_id() {
    let first_pn = u32::MAX - (1 << 24) - 5;
    let client = ClientSettings {
        first_pn,
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(client, ServerSettings::default());
    pair.service = Duration::from_secs(20);
    let long = pair.start(9);
    pair.run(Duration::from_millis(50));
    pair.service = Duration::ZERO;
    for _ in 0..10 {
        assert_eq!(pair.call(9), Ended::Reply(message(9)));
    }
    assert_eq!(pair.end_of(long), Ended::Reply(message(9)));
    assert_eq!(long.client_id, 0xc11e);
    assert_ne!(pair.executed.last().unwrap().client_id, long.client_id);
    assert_no_number_is_used_twice(&pair);
}

/// A server whose numbers come to their end takes no new calls of this client, who comes as another.
#[test]
fn a17_the_numbers_of_a_server_end_too() {
    let first_pn = u32::MAX - (1 << 24) - 2;
    let server = ServerSettings {
        first_pn,
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(ClientSettings::default(), server);
    let ends: Vec<Ended> = (0..8).map(|_| pair.call(9)).collect();
    let refused: Vec<usize> = ends
        .iter()
        .enumerate()
        .filter_map(|(place, ended)| match ended {
            Ended::Reply(_) => None,
            Ended::Failed(failure) => {
                assert_eq!(failure.reason(), Reason::SeqReused);
                assert_eq!(failure.outcome(), Outcome::NotExecuted);
                Some(place)
            }
        })
        .collect();
    assert_eq!(
        refused,
        [3, 7],
        "and each time the client takes a new client_id"
    );
    assert_eq!(pair.executed.len(), 6);
    assert_no_number_is_used_twice(&pair);
}

/// A client that was taken back to an earlier state, as with a virtual machine, gives the number of
/// a call to another one: the checksum of the message tells.
#[test]
fn a_number_that_stands_for_another_call_is_told_by_the_checksum() {
    let mut pair = Pair::new();
    let first = pair.call(100);
    assert_eq!(first, Ended::Reply(message(100)));
    pair.client = Pair::new().client;
    pair.ended.clear();
    let Ended::Failed(failure) = pair.call(200) else {
        panic!("the reply to another call");
    };
    assert_eq!(failure.reason(), Reason::SeqReused);
    assert_eq!(failure.outcome(), Outcome::NotExecuted);
    assert_eq!(pair.executed.len(), 1);
    assert_eq!(
        pair.call(200),
        Ended::Reply(message(200)),
        "under another client_id"
    );
}

/// "For ever" is a time that may be set, though no clock can tell when it ends.
#[test]
fn times_may_be_longer_than_any_clock_can_tell() {
    let for_ever = Duration::MAX;
    let client = ClientSettings {
        dead: for_ever,
        ping: for_ever,
        ping_max: for_ever,
        done_delay: for_ever,
        clock_age_max: for_ever,
        ..ClientSettings::default()
    };
    let server = ServerSettings {
        fresh: for_ever,
        keep: for_ever,
        reassembly: for_ever,
        cookie_lifetime: for_ever,
        working_delay: for_ever,
        linger: for_ever,
        busy_retry: for_ever,
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(client, server);
    pair.service = Duration::from_secs(1);
    for len in [9, 50_000] {
        assert_eq!(pair.call(len), Ended::Reply(message(len)));
    }
    pair.server.drain(pair.now);
    assert!(!pair.server.is_drained(pair.now));
    pair.client.close(pair.now);
    pair.settle();
    assert!(pair.server.is_drained(pair.now), "the client has said so");
}

/// A message that has to wait is not looked at: its caller tries again whenever anything happens.
#[test]
fn a_message_waits_for_an_activity_before_it_is_looked_at() {
    let client = ClientSettings {
        activities: 1,
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(client, ServerSettings::default());
    let start = |pair: &mut Pair| {
        let options = CallOptions::default();
        pair.client.start(pair.now, message(0), options)
    };
    assert_eq!(start(&mut pair), Err(StartFailure::MessageLength));
    let id = pair.start(9);
    assert_eq!(start(&mut pair), Err(StartFailure::TooManyCalls));
    assert_eq!(pair.end_of(id), Ended::Reply(message(9)));
}

#[test]
fn h14_one_host_does_not_fill_the_table_of_clients() {
    let server = ServerSettings {
        associations: 4,
        host_associations: 3,
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(ClientSettings::default(), server);
    let call_from = |pair: &mut Pair, host: [u8; 4], number: u16| {
        let settings = ClientSettings {
            dead: Duration::from_secs(5),
            ..ClientSettings::default()
        };
        let id = 100 + u64::from(number);
        pair.client = ClientAssociation::new(settings, id, id, pair.now);
        pair.address = SocketAddr::from((host, 700 + number));
        pair.call(9)
    };
    let (greedy, other) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    for number in 0..3 {
        assert_eq!(
            call_from(&mut pair, greedy, number),
            Ended::Reply(message(9))
        );
    }
    let refused = call_from(&mut pair, greedy, 3);
    assert!(matches!(refused, Ended::Failed(_)), "{refused:?}");
    assert_eq!(pair.executed.len(), 3);
    assert_eq!(call_from(&mut pair, other, 4), Ended::Reply(message(9)));
    assert_eq!(pair.server.usage().associations, 4);
    // Its clients are forgotten in time, and then there is room again.
    let kept = ServerSettings::default().keep + Duration::from_secs(10);
    pair.run(kept);
    assert_eq!(pair.server.usage().associations, 0);
    assert_eq!(call_from(&mut pair, greedy, 5), Ended::Reply(message(9)));
}
