//! Calls that are started, and waited for later.

use std::{thread, time::Duration};

use bytes::Bytes;
use rpc_runtime::{
    Outcome,
    blocking::{wait_all, wait_first},
};

use crate::{Remote, add, echo, over_all, wait};

#[test]
fn all_are_under_way_before_one_is_waited_for() {
    over_all(|client, remote| {
        let starting = client.starting();
        let calls: Vec<_> = (0..20).map(|value| wait(&starting, value)).collect();
        remote.wait_for(20);
        remote.calc.gate.open();
        let results = wait_all(calls).into_iter().map(Result::unwrap);
        assert_eq!(results.collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn the_first_of_several() {
    over_all(|client, remote| {
        let starting = client.starting();
        let mut calls = vec![wait(&starting, 1), wait(&starting, 2), add(&starting, 3, 4)];
        let (place, result) = wait_first(&mut calls).unwrap();
        assert_eq!((place, result.unwrap()), (2, 7));
        remote.calc.gate.open();
        let mut rest = Vec::new();
        while let Some((_, result)) = wait_first(&mut calls) {
            rest.push(result.unwrap());
        }
        rest.sort_unstable();
        assert_eq!(rest, [1, 2]);
    });
}

#[test]
fn the_first_of_several_clients() {
    let remote = Remote::start();
    let clients = ["tcp", "udp", "unix"].map(|transport| remote.connect(transport).starting());
    for quick in 0..3 {
        let mut calls: Vec<_> = (0..3)
            .map(|number| {
                if number == quick {
                    add(&clients[number], 1, 2)
                } else {
                    wait(&clients[number], 0)
                }
            })
            .collect();
        let (place, result) = wait_first(&mut calls).unwrap();
        assert_eq!((place, result.unwrap()), (quick, 3));
    }
    remote.calc.gate.open();
}

#[test]
fn errors_are_results_too() {
    over_all(|client, remote| {
        let hasty = client.with_deadline(Duration::from_millis(50)).starting();
        let mut calls = vec![wait(&hasty, 1), wait(&hasty, 2)];
        remote.wait_for(2);
        let (_, result) = wait_first(&mut calls).unwrap();
        assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
        for result in wait_all(calls) {
            assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
        }
        let bytes = Bytes::from(vec![0; 1 << 17]);
        drop(echo(&hasty, &bytes));
    });
}

/// The server stops reading when it cannot answer, so that whoever sends has to read.
#[test]
fn more_calls_than_all_buffers_hold() {
    let remote = Remote::start();
    for client in ["tcp", "unix"].map(|transport| remote.connect(transport)) {
        let bytes = Bytes::from(vec![7; 256 << 10]);
        let starting = client.starting();
        let calls: Vec<_> = (0..100).map(|_| echo(&starting, &bytes)).collect();
        for result in wait_all(calls) {
            assert!(result.unwrap() == bytes);
        }
    }
}

#[test]
fn calls_that_are_dropped_leave_nothing() {
    over_all(|client, remote| {
        let starting = client.starting();
        for _ in 0..100_000 / 1000 {
            drop(
                (0..10)
                    .map(|value| wait(&starting, value))
                    .collect::<Vec<_>>(),
            );
        }
        remote.calc.gate.open();
        assert_eq!(add(&client, 1, 2).unwrap(), 3);
    });
}

/// Whoever waits reads for the calls that others have started.
#[test]
fn a_call_may_be_waited_for_in_another_thread() {
    over_all(|client, remote| {
        let started = wait(&client.starting(), 5);
        remote.wait_for(1);
        let waiting = thread::spawn(move || started.wait().unwrap());
        remote.calc.gate.open();
        assert_eq!(add(&client, 1, 2).unwrap(), 3);
        assert_eq!(waiting.join().unwrap(), 5);
    });
}

#[test]
fn nothing_to_wait_for() {
    assert!(wait_first::<()>(&mut Vec::new()).is_none());
    assert!(wait_all::<()>([]).is_empty());
}
