//! What the caller learns of a call that brought no reply, and that it is true.

use std::time::Duration;

use rpc_runtime::{
    Outcome,
    datagram::{
        CallOptions, ClientSettings, Ended, Reason, ServerSettings,
        packet::{PacketType, RETRANSMIT},
    },
};

use crate::pair::{Pair, Way, epoch, lose, message};

const DEAD: Duration = Duration::from_secs(30);

fn failure(ended: &Ended) -> (Reason, Outcome) {
    match ended {
        Ended::Failed(failure) => (failure.reason(), failure.outcome()),
        Ended::Reply(reply) => panic!("a reply of {} bytes", reply.len()),
    }
}

/// A3, A6: nothing was sent.
#[test]
fn a_server_that_cannot_be_reached_has_not_executed_the_call() {
    let mut pair = Pair::new();
    pair.fate = Box::new(|sent| sent.way != Way::ToServer);
    let ended = pair.call(100);
    assert_eq!(failure(&ended), (Reason::Silence, Outcome::NotExecuted));
    assert_eq!(pair.elapsed(), DEAD);
    pair.settle();
    assert_eq!(pair.client.next_timeout(), None, "nobody asks any more");
}

/// A6: a call of which nothing is heard ends.
#[test]
fn a_call_that_was_fully_sent_into_silence_may_be_executed() {
    let mut pair = Pair::new();
    pair.call(100);
    pair.fate = Box::new(|_| false);
    let id = pair.start(100);
    let begun = pair.elapsed();
    let ended = pair.end_of(id);
    assert_eq!(failure(&ended), (Reason::Silence, Outcome::Unknown));
    assert!(pair.elapsed() <= begun + DEAD + Duration::from_secs(1));
}

/// A3: a message that is not whole cannot be executed.
#[test]
fn a_call_that_was_sent_in_part_is_not_executed() {
    let mut pair = Pair::new();
    pair.call(100);
    pair.fate = Box::new(|sent| sent.header.packet_type != PacketType::Ack);
    let ended = pair.call(50_000);
    assert_eq!(failure(&ended), (Reason::Silence, Outcome::NotExecuted));
    assert_eq!(pair.executed.len(), 1);
}

/// A1, A12: an epoch never executes what was for another.
#[test]
fn a12_a_restarted_server_takes_no_call_of_its_predecessor() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(5);
    let id = pair.start(100);
    pair.run(Duration::from_secs(2));
    pair.restart_server(epoch(0xe2), ServerSettings::default());
    let ended = pair.end_of(id);
    assert_eq!(failure(&ended), (Reason::ServerRestarted, Outcome::Unknown));
    assert_eq!(pair.executed.len(), 1);
    assert_eq!(
        pair.server.usage().associations,
        0,
        "the old packets changed nothing"
    );
    pair.service = Duration::ZERO;
    let hellos = pair.count(PacketType::Hello);
    assert_eq!(pair.call(7), Ended::Reply(message(7)));
    assert_eq!(
        pair.count(PacketType::Hello),
        hellos,
        "the refusal told the epoch"
    );
}

#[test]
fn an_idempotent_call_goes_on_at_a_restarted_server() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(5);
    let id = pair.start_with(100, CallOptions::default().idempotent(true));
    pair.run(Duration::from_secs(2));
    pair.restart_server(epoch(0xe2), ServerSettings::default());
    assert_eq!(pair.end_of(id), Ended::Reply(message(100)));
    assert_eq!(pair.executed.len(), 2);
}

/// A3: the call was at another server, so a refusal of this one proves nothing.
#[test]
fn a_refusal_after_a_restart_does_not_prove_that_an_idempotent_call_was_not_executed() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(5);
    let id = pair.start_with(100, CallOptions::default().idempotent(true));
    pair.run(Duration::from_secs(2));
    pair.restart_server(epoch(0xe2), ServerSettings::default());
    pair.server.drain(pair.now);
    let ended = pair.end_of(id);
    assert_eq!(failure(&ended), (Reason::Draining, Outcome::Unknown));
}

#[test]
fn a_call_that_was_sent_in_part_goes_on_at_a_restarted_server() {
    let mut pair = Pair::new();
    pair.call(100);
    let id = pair.start(50_000);
    pair.run(Duration::from_millis(12));
    pair.restart_server(epoch(0xe2), ServerSettings::default());
    assert_eq!(pair.end_of(id), Ended::Reply(message(50_000)));
    assert_eq!(pair.executed.len(), 2);
}

#[test]
fn a_call_that_waits_is_cancelled_for_good() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.takes_calls = false;
    let id = pair.start(100);
    pair.run(Duration::from_millis(100));
    pair.cancel(id);
    let ended = pair.end_of(id);
    assert_eq!(failure(&ended), (Reason::Cancelled, Outcome::NotExecuted));
    pair.takes_calls = true;
    let copy = pair.of(PacketType::Req).last().unwrap().datagram.clone();
    pair.deliver_to_server(pair.address, &copy);
    pair.settle();
    assert_eq!(
        pair.executed.len(),
        1,
        "a copy of the call finds that it was cancelled"
    );
}

/// A3: the CANCEL may overtake its call.
#[test]
fn a_call_that_comes_after_its_cancel_is_not_executed() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.fate = lose(PacketType::Req, &[0]);
    let id = pair.start(100);
    pair.cancel(id);
    let ended = pair.end_of(id);
    assert_eq!(failure(&ended), (Reason::Cancelled, Outcome::NotExecuted));
    let copy = pair.of(PacketType::Req).last().unwrap().datagram.clone();
    pair.deliver_to_server(pair.address, &copy);
    pair.settle();
    assert_eq!(pair.executed.len(), 1);
    assert_eq!(pair.count(PacketType::Reject), 1);
}

#[test]
fn a_call_that_runs_is_cancelled_with_unknown_outcome() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(5);
    let deadline = pair.now + Duration::from_secs(2);
    let id = pair.start_with(100, CallOptions::default().deadline(Some(deadline)));
    let ended = pair.end_of(id);
    assert_eq!(
        failure(&ended),
        (Reason::DeadlineExceeded, Outcome::Unknown)
    );
    assert_eq!(pair.cancelled, [id], "the service is told");
    pair.settle();
    assert_eq!(pair.cancelled.len(), 1, "once");
}

#[test]
fn three_cancels_are_sent_into_silence() {
    let mut pair = Pair::new();
    pair.call(100);
    pair.fate = Box::new(|_| false);
    let id = pair.start(100);
    pair.cancel(id);
    let ended = pair.end_of(id);
    assert_eq!(failure(&ended), (Reason::Cancelled, Outcome::Unknown));
    assert_eq!(pair.count(PacketType::Cancel), 3);
}

/// A3: a refusal for lack of room is remembered.
#[test]
fn an_overloaded_server_refuses_for_good() {
    let server = ServerSettings {
        queue: 2,
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(ClientSettings::default(), server);
    pair.takes_calls = false;
    let ids: Vec<_> = (0..5).map(|_| pair.start(100)).collect();
    pair.run(Duration::from_secs(1));
    pair.takes_calls = true;
    let refused: Vec<_> = pair
        .ended
        .iter()
        .map(|(_, id, ended)| (*id, failure(ended)))
        .collect();
    assert_eq!(refused.len(), 3);
    assert!(
        refused
            .iter()
            .all(|(_, why)| *why == (Reason::Refused, Outcome::NotExecuted))
    );
    let copies: Vec<_> = pair
        .of(PacketType::Req)
        .map(|sent| sent.datagram.clone())
        .collect();
    for copy in copies {
        pair.deliver_to_server(pair.address, &copy);
    }
    for id in ids {
        let was_refused = refused.iter().any(|(refused, _)| *refused == id);
        assert_eq!(matches!(pair.end_of(id), Ended::Reply(_)), !was_refused);
        assert_eq!(pair.executed.contains(&id), !was_refused);
    }
}

#[test]
fn a_message_that_is_too_long_is_not_executed() {
    let server = ServerSettings {
        message_max: 5000,
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(ClientSettings::default(), server);
    let ended = pair.call(5001);
    assert_eq!(failure(&ended), (Reason::TooLarge, Outcome::NotExecuted));
    let known = pair
        .client
        .start(pair.now, message(5001), CallOptions::default());
    assert!(known.is_err(), "now the client knows");
    assert_eq!(pair.call(5000), Ended::Reply(message(5000)));
}

/// A4: a reply that has no room was given by a call that was executed.
#[test]
fn a_reply_without_room_is_lost_and_the_call_executed() {
    let server = ServerSettings {
        client_reply_bytes: 1000,
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(ClientSettings::default(), server);
    pair.reply_len = Some(1001);
    let ended = pair.call(100);
    assert_eq!(failure(&ended), (Reason::ReplyEvicted, Outcome::ResultLost));
    assert_eq!(pair.executed.len(), 1);
    pair.fate = lose(PacketType::Reject, &[0]);
    let ended = pair.call(100);
    assert_eq!(
        failure(&ended),
        (Reason::ReplyEvicted, Outcome::ResultLost),
        "asked again"
    );
}

/// A9: the oldest reply goes first.
#[test]
fn a9_replies_stay_within_their_budget() {
    let server = ServerSettings {
        reply_bytes: 10_000,
        ..ServerSettings::default()
    };
    let mut pair = Pair::with(ClientSettings::default(), server);
    pair.call(1);
    pair.reply_len = Some(1000);
    pair.fate = Box::new(|sent| sent.header.packet_type != PacketType::Resp);
    let ids: Vec<_> = (0..20).map(|_| pair.start(100)).collect();
    pair.run(Duration::from_millis(12));
    assert_eq!(pair.executed.len(), 21);
    assert_eq!(pair.server.usage().reply_bytes, 10_000);
    pair.fate = Box::new(|_| true);
    let ends: Vec<_> = ids.into_iter().map(|id| pair.end_of(id)).collect();
    let lost = ends
        .iter()
        .filter(|ended| !matches!(ended, Ended::Reply(_)));
    let lost: Vec<_> = lost.map(failure).collect();
    assert_eq!(lost, [(Reason::ReplyEvicted, Outcome::ResultLost); 10]);
}

/// A18: what was accepted is answered, what comes later refused, and provably so.
#[test]
fn a18_a_draining_server_answers_what_it_took() {
    let mut pair = Pair::new();
    pair.service = Duration::from_secs(2);
    let id = pair.start(100);
    pair.run(Duration::from_millis(100));
    pair.server.drain(pair.now);
    let late = pair.start(100);
    let ended = pair.end_of(late);
    assert_eq!(failure(&ended), (Reason::Draining, Outcome::NotExecuted));
    assert!(!pair.server.is_drained(pair.now));
    assert_eq!(pair.end_of(id), Ended::Reply(message(100)));
    pair.run(Duration::from_millis(200));
    assert!(
        pair.server.is_drained(pair.now),
        "the client has said that it has the reply"
    );
    assert_eq!(pair.executed, [id]);
}

/// A18: clients that are gone keep a server for no longer than it lingers.
#[test]
fn a18_a_draining_server_lingers_for_clients_that_are_silent() {
    let mut pair = Pair::new();
    pair.fate = Box::new(|sent| sent.header.packet_type != PacketType::Done);
    pair.call(100);
    pair.settle();
    pair.server.drain(pair.now);
    assert!(!pair.server.is_drained(pair.now));
    assert!(pair.server.is_drained(pair.now + Duration::from_secs(5)));
}

/// §7.4: a call that comes later than `T_fresh` may have come before, so it is not executed.
#[test]
fn a_call_that_comes_too_late_is_not_executed() {
    let client = ClientSettings {
        dead: Duration::from_secs(1000),
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(client, ServerSettings::default());
    pair.call(1);
    pair.fate = Box::new(|_| false);
    let id = pair.start(100);
    pair.run(Duration::from_secs(70));
    pair.fate = Box::new(|_| true);
    let ended = pair.end_of(id);
    assert_eq!(failure(&ended), (Reason::StalePin, Outcome::Unknown));
    assert_eq!(pair.executed.len(), 1);
}

/// The same for an idempotent call, which is sent as a new one.
#[test]
fn an_idempotent_call_that_comes_too_late_gets_a_new_pin() {
    let client = ClientSettings {
        dead: Duration::from_secs(1000),
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(client, ServerSettings::default());
    pair.call(1);
    pair.fate = Box::new(|_| false);
    let id = pair.start_with(100, CallOptions::default().idempotent(true));
    pair.run(Duration::from_secs(70));
    pair.fate = Box::new(|_| true);
    assert_eq!(pair.end_of(id), Ended::Reply(message(100)));
}

/// A7: a client that gives a call up and begins the next one makes an orphan of the first.
#[test]
fn a7_a_superseded_call_is_cancelled_and_its_result_dropped() {
    let client = ClientSettings {
        activities: 1,
        ..ClientSettings::default()
    };
    let mut pair = Pair::with(client, ServerSettings::default());
    pair.service = Duration::from_secs(10);
    let first = pair.start(100);
    pair.run(Duration::from_secs(1));
    pair.fate = Box::new(|sent| sent.header.packet_type != PacketType::Cancel);
    pair.cancel(first);
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.ended.len(), 1);
    pair.service = Duration::ZERO;
    assert_eq!(pair.call(200), Ended::Reply(message(200)));
    assert_eq!(pair.cancelled, [first]);
    assert_eq!(pair.server.usage().running, 1, "the first goes on");
    pair.run(Duration::from_secs(10));
    assert_eq!(pair.server.usage().running, 0);
    assert_eq!(pair.server.counters().orphaned, 1);
    let again = pair
        .of(PacketType::Resp)
        .filter(|sent| sent.header.flags & RETRANSMIT != 0);
    assert_eq!(again.count(), 0);
}
