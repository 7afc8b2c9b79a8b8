//! The blocking client and a C server.

use std::{process::Command, thread};

use rpc_runtime::{
    CallErrorKind,
    blocking::{Client, wait_all},
};
use tests::{
    interop_service::{everything, figures, pattern, reversed},
    interop_stubs::interop,
    process::Running,
};
use xdr::ByteString;

use super::{TCP_LEN, UDP_LEN, c_programs};

fn blocking_client_calls_c_server(transport: &str, len: usize) {
    let mut server = Running::start(&mut Command::new(c_programs().join("server")));
    let (tcp, udp) = (server.line("tcp"), server.line("udp"));
    let port = if transport == "tcp" { tcp } else { udp };
    let client = Client::connect(&format!("{transport}://127.0.0.1:{port}")).unwrap();
    let v1 = interop::v1::Client::new(client.clone());
    assert_eq!(v1.add(40, 2).unwrap(), 42);
    for figure in figures() {
        let mut value = everything(figure);
        // C knows no string that is not zero-terminated.
        value.title = ByteString::from("a title");
        assert_eq!(v1.echo(&value).unwrap(), value);
    }
    let argument = pattern(len);
    assert_eq!(v1.reverse(argument.clone()).unwrap(), reversed(&argument));
    let error = v1.whoami().unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Denied(_)), "{error}");
    let starting = interop::v1::Client::new(client.starting());
    let sums = wait_all((0..20).map(|number| starting.add(number, 1)));
    let sums: Vec<i32> = sums.into_iter().map(Result::unwrap).collect();
    assert_eq!(sums, (1..=20).collect::<Vec<_>>());
    thread::scope(|threads| {
        for number in 0..4 {
            let v1 = interop::v1::Client::new(client.clone());
            threads.spawn(move || assert_eq!(v1.add(number, 1).unwrap(), number + 1));
        }
    });
}

#[test]
#[ignore = "needs libtirpc: cargo xtask test"]
fn blocking_client_calls_c_server_over_tcp() {
    blocking_client_calls_c_server("tcp", TCP_LEN);
}

#[test]
#[ignore = "needs libtirpc: cargo xtask test"]
fn blocking_client_calls_c_server_over_udp() {
    blocking_client_calls_c_server("udp", UDP_LEN);
}
