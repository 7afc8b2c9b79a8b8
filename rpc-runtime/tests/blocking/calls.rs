//! Calls that bring results.

use std::thread;

use bytes::Bytes;
use rpc_runtime::{
    AuthSys, Caller, Credential, Procedure, Server,
    blocking::Client,
    fault::{Faults, UdpRelay},
};

use crate::{Remote, add, common, echo, large, over_all, wait};

#[test]
fn results() {
    over_all(|client, _| {
        assert_eq!(add(&client, 2, 3).unwrap(), 5);
        for len in [0, 1, 3, 4096, 16_000, 16_384, 60_000] {
            let bytes = Bytes::from(vec![9; len]);
            assert_eq!(echo(&client, &bytes).unwrap(), bytes);
        }
    });
}

/// More than a datagram holds, and so over streams only.
#[test]
fn large_arguments_and_results() {
    let remote = Remote::start();
    for client in ["tcp", "unix"].map(|transport| remote.connect(transport)) {
        for len in [100_000, 1 << 20, 3_900_000] {
            let bytes: Bytes = (0..=255).cycle().take(len).collect();
            assert_eq!(echo(&client, &bytes).unwrap(), bytes);
            let result = large(&client, u32::try_from(len).unwrap()).unwrap();
            assert_eq!(result.len(), len);
            assert_eq!(add(&client, 1, 2).unwrap(), 3);
        }
    }
}

#[test]
fn many_threads_share_one_connection() {
    over_all(|client, _| {
        thread::scope(|threads| {
            for thread in 0..8 {
                let client = &client;
                threads.spawn(move || {
                    for number in 0..200 {
                        let value = thread * 1000 + number;
                        assert_eq!(add(client, value, 1).unwrap(), value + 1);
                        let bytes = Bytes::from(vec![u8::try_from(thread).unwrap(); 1000]);
                        assert_eq!(echo(client, &bytes).unwrap(), bytes);
                    }
                });
            }
        });
    });
}

/// The thread that reads for all leaves, and another has to take its place.
#[test]
fn replies_out_of_order_reach_their_threads() {
    over_all(|client, remote| {
        thread::scope(|threads| {
            let waiting: Vec<_> = (0..6)
                .map(|value| {
                    let client = &client;
                    threads.spawn(move || wait(client, value).unwrap())
                })
                .collect();
            remote.wait_for(6);
            for value in 0..20 {
                assert_eq!(add(&client, value, 1).unwrap(), value + 1);
            }
            remote.calc.gate.open();
            for (value, thread) in (0..).zip(waiting) {
                assert_eq!(thread.join().unwrap(), value);
            }
        });
    });
}

#[test]
fn bodies_above_all_buffers_from_many_threads() {
    let remote = Remote::start();
    for client in ["tcp", "unix"].map(|transport| remote.connect(transport)) {
        thread::scope(|threads| {
            for thread in 0..4 {
                let client = &client;
                threads.spawn(move || {
                    let bytes = Bytes::from(vec![thread; 2 << 20]);
                    for _ in 0..4 {
                        assert!(echo(client, &bytes).unwrap() == bytes);
                    }
                });
            }
        });
    }
}

#[test]
fn credentials_reach_the_service() {
    over_all(|client, _| {
        let me = AuthSys {
            stamp: 0,
            machine_name: "here".into(),
            uid: 42,
            gid: 1,
            gids: vec![],
        };
        let client = client.with_credential(&Credential::Sys(me)).unwrap();
        let uid: u32 = client
            .call(&common::WHOAMI, xdr::Encoder::void, xdr::Decode::decode)
            .unwrap();
        assert_eq!(uid, 42);
    });
}

#[test]
fn calls_without_a_reply() {
    over_all(|client, remote| {
        let maybe: Procedure = common::WAIT.maybe();
        for _ in 0..3 {
            let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&1_i32);
            client.call(&maybe, arguments, |_| Ok(())).unwrap();
        }
        remote.wait_for(3);
        remote.calc.gate.open();
        assert_eq!(add(&client, 1, 2).unwrap(), 3);
    });
}

#[test]
fn losses_over_udp_bring_results() {
    let remote = Remote::start();
    let server = remote.server.as_ref().and_then(Server::udp_addr).unwrap();
    let faults = Faults::none().loss(0.05).duplication(0.3).reordering(0.3);
    let relay = remote
        .runtime
        .block_on(UdpRelay::start(server, faults, 1))
        .unwrap();
    let client = Client::connect(&format!("udp://{}", relay.local_addr())).unwrap();
    thread::scope(|threads| {
        for thread in 0..4 {
            let client = &client;
            threads.spawn(move || {
                for number in 0..12 {
                    assert_eq!(add(client, thread, number).unwrap(), thread + number);
                }
            });
        }
    });
}

#[test]
fn clients_are_shared_between_threads() {
    fn is_shared<T: Send + Sync + Clone + 'static>() {}
    is_shared::<Client>();
    is_shared::<rpc_runtime::blocking::Starting>();
}
