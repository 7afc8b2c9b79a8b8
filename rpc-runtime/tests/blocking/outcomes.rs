//! What a caller is told of a call that brought no result.

use std::{
    io,
    net::{TcpListener, UdpSocket},
    thread,
    time::Duration,
};

use rpc_runtime::{
    CallError, CallErrorKind, Caller, Outcome, Procedure, Program, blocking::Client,
};

use crate::{Remote, add, common, large, over_all, wait};

fn void(client: &Client, procedure: Procedure) -> CallError {
    let result = client.call(&procedure, xdr::Encoder::void, |_| Ok(()));
    result.unwrap_err()
}

fn hasty(client: &Client) -> Client {
    client.clone().with_deadline(Duration::from_millis(50))
}

#[test]
fn refusals_of_calls_that_were_sent_once() {
    over_all(|client, _| {
        let missing = common::PROGRAM.procedure(1, 99, "missing");
        let newer = common::PROGRAM.procedure(2, 1, "newer");
        let other = Program::new("Other", 9).procedure(1, 1, "other");
        for procedure in [missing, newer, other, common::ADD, common::WHOAMI] {
            let error = void(&client, procedure);
            assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
            assert!(error.peer().is_some() && error.xid().is_some());
        }
    });
}

#[test]
fn services_that_fail_or_panic() {
    over_all(|client, _| {
        let panic = |how: i32| {
            let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&how);
            client.call(&common::PANIC, arguments, |_| Ok(()))
        };
        let errors = [
            add(&client, i32::MAX, 1).unwrap_err(),
            panic(1).unwrap_err(),
            panic(2).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        }
    });
}

#[test]
fn results_that_do_not_decode() {
    over_all(|client, _| {
        let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&[1_i32, 2]);
        let result = client.call(&common::ADD, arguments, |_| Ok(()));
        assert_eq!(result.unwrap_err().outcome(), Outcome::ResultLost);
    });
}

#[test]
fn calls_that_cannot_be_sent() {
    over_all(|client, _| {
        let arguments = |encoder: &mut xdr::Encoder| encoder.utf8("too long", 4);
        let result = client.call(&common::ADD, arguments, |_| Ok(()));
        assert_eq!(result.unwrap_err().outcome(), Outcome::NotExecuted);
    });
    let client = Remote::start().connect("udp");
    let bytes = vec![0; 70_000].into();
    let error = crate::echo(&client, &bytes).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::TooLarge { .. }));
}

#[test]
fn calls_that_are_still_executed_at_their_deadline() {
    over_all(|client, remote| {
        let error = wait(&hasty(&client), 1).unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        remote.wait_for(1);
        remote.calc.gate.open();
        assert_eq!(add(&client, 1, 2).unwrap(), 3, "its late reply is dropped");
    });
}

/// The thread with the short deadline follows another, whose call takes longer.
#[test]
fn deadlines_of_threads_that_follow() {
    over_all(|client, remote| {
        thread::scope(|threads| {
            let leading = threads.spawn(|| wait(&client, 1).unwrap());
            remote.wait_for(1);
            let error = wait(&hasty(&client), 2).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
            assert!(!leading.is_finished());
            remote.calc.gate.open();
            assert_eq!(leading.join().unwrap(), 1);
        });
    });
}

/// The thread that reads for all leaves at its deadline, and the others go on.
#[test]
fn a_leader_that_gives_up_is_followed_by_another() {
    over_all(|client, remote| {
        thread::scope(|threads| {
            let client = &client;
            let leading = threads.spawn(|| wait(&hasty(client), 1).unwrap_err());
            remote.wait_for(1);
            let following: Vec<_> = (2..5)
                .map(|value| threads.spawn(move || wait(client, value).unwrap()))
                .collect();
            let error = leading.join().unwrap();
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
            remote.calc.gate.open();
            for (value, thread) in (2..).zip(following) {
                assert_eq!(thread.join().unwrap(), value);
            }
        });
    });
}

#[test]
fn servers_that_end_in_the_middle_of_a_call() {
    over_all(|client, remote| {
        let client = client.with_deadline(Duration::from_secs(1));
        thread::scope(|threads| {
            let waiting: Vec<_> = (0..3)
                .map(|value| {
                    threads.spawn({
                        let client = &client;
                        move || wait(client, value).unwrap_err()
                    })
                })
                .collect();
            remote.wait_for(3);
            remote.kill();
            for thread in waiting {
                let error = thread.join().unwrap();
                assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
            }
        });
    });
}

/// The connection had ended before the call, and that is seen before anything is sent.
#[test]
fn calls_after_the_end_of_the_server() {
    for transport in ["tcp", "unix"] {
        let mut remote = Remote::start();
        let client = hasty(&remote.connect(transport));
        assert_eq!(add(&client, 1, 2).unwrap(), 3);
        let server = remote.server.take().unwrap();
        remote.runtime.block_on(server.shutdown());
        thread::sleep(Duration::from_millis(10));
        for _ in 0..2 {
            let error = add(&client, 1, 2).unwrap_err();
            assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
        }
    }
}

#[test]
fn silence() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [
        format!("udp://{}", socket.local_addr().unwrap()),
        format!("tcp://{}", listener.local_addr().unwrap()),
    ] {
        let client = hasty(&Client::connect(&address).unwrap());
        let error = add(&client, 1, 2).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    }
}

/// Nobody is there, and the operating system says so: whoever can forge that must not end calls.
#[test]
fn unreachable_ports_are_silence() {
    let address = {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        format!("udp://{}", socket.local_addr().unwrap())
    };
    let client = hasty(&Client::connect(&address).unwrap());
    let error = add(&client, 1, 2).unwrap_err();
    assert!(
        matches!(error.kind(), CallErrorKind::DeadlineExceeded),
        "{error}"
    );
}

#[test]
fn replies_above_the_limit_end_the_connection() {
    let remote = Remote::start();
    let client = Client::builder().record_max(1000);
    let client = client.connect(&remote.address("tcp")).unwrap();
    let error = large(&client, 2000).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert_eq!(large(&client, 500).unwrap().len(), 500, "over the next one");
}

#[test]
fn addresses_that_lead_nowhere() {
    for address in ["localhost:1", "http://localhost:1", "tcp:localhost"] {
        let error = Client::connect(address).unwrap_err();
        assert!(error.io_error().is_none(), "{error}");
    }
    for (address, kind) in [
        ("reliable://localhost:1", io::ErrorKind::Unsupported),
        ("unix:/nowhere/at/all", io::ErrorKind::NotFound),
        ("tcp://127.0.0.1:1", io::ErrorKind::ConnectionRefused),
    ] {
        let error = Client::connect(address).unwrap_err();
        assert_eq!(error.io_error().unwrap().kind(), kind, "{error}");
    }
}
