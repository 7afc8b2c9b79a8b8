//! Calls as bytes in, replies as bytes out.

mod cancellation;

use super::*;
use crate::{AuthFlavor, OpaqueAuth, Procedure, datagram::CallToken, message::SUCCESS_HEADER_LEN};
use std::task::{Context as TaskContext, Poll, Waker};
use xdr::{Decode, Encoder};

const PROGRAM: Program = Program::new("Calc", 0x2000_0001);
const XID: Xid = Xid(0x0102_0304);

/// What procedure 1 of the service does is in its one argument.
fn dispatch(_: Arc<()>, call: Call) -> Answer {
    match call.procedure() {
        0 => Answer::future(async move { call.reply(|encoder| encoder.encode(&7_u32)) }),
        1 => Answer::future(async move {
            match call.arguments(u32::decode)? {
                0 => call.reply(|encoder| encoder.encode(&call.context().version())),
                1 => Err(ServiceError::system().into()),
                2 => Err(ServiceError::auth(AuthStat::TooWeak).into()),
                3 => call.reply(|encoder| encoder.utf8("four", 3)),
                _ => panic!("the service panics"),
            }
        }),
        2 => Answer::blocking(move || match call.arguments(u32::decode)? {
            0 => call.reply(|encoder| encoder.encode(&9_u32)),
            _ => panic!("the service panics"),
        }),
        3 => panic!("the dispatch function panics"),
        _ => Answer::refuse(Refusal::ProcUnavail),
    }
}

fn dispatcher() -> Dispatcher {
    let mut dispatcher = Dispatcher::new();
    for version in [7, 2, 4] {
        let server = VersionServer::new(PROGRAM, version, (), dispatch);
        dispatcher.register(server).unwrap();
    }
    let other = VersionServer::new(Program::new("Other", 5), 1, (), dispatch);
    dispatcher.register(other.serves_null()).unwrap();
    dispatcher
}

fn call_with(
    credential: OpaqueAuth,
    program: u32,
    version: u32,
    procedure: u32,
    arguments: &[u32],
) -> Bytes {
    let procedure = Procedure::new(Program::new("any", program), version, procedure, "any");
    let mut encoder = Encoder::new();
    let header = CallHeader::new(XID, &procedure, credential);
    encoder.encode(&header).unwrap();
    for word in arguments {
        encoder.encode(word).unwrap();
    }
    encoder.finish()
}

fn call(program: u32, version: u32, procedure: u32, arguments: &[u32]) -> Bytes {
    call_with(OpaqueAuth::NONE, program, version, procedure, arguments)
}

/// What is sent in answer to a message.
fn answer(dispatcher: &Dispatcher, message: &Bytes) -> Option<Bytes> {
    let reply = match dispatcher.dispatch(message, Peer::Memory, Instant::now()) {
        Dispatched::Reply(reply) => Some(reply),
        Dispatched::Nothing => None,
        Dispatched::Blocking(execution) => execution.run(),
        Dispatched::Execution(mut execution) => {
            let mut cx = TaskContext::from_waker(Waker::noop());
            match std::pin::Pin::new(&mut execution).poll(&mut cx) {
                Poll::Ready(reply) => reply,
                Poll::Pending => panic!("no service here waits"),
            }
        }
        Dispatched::Undecodable(error) => panic!("{error}"),
    };
    Some(reply?.to_bytes())
}

/// The words of the reply behind the xid and the message type.
fn reply(message: &Bytes) -> Vec<u32> {
    let reply = answer(&dispatcher(), message).unwrap();
    let words: Vec<u32> = reply
        .chunks(4)
        .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
        .collect();
    assert_eq!(words[..2], [XID.0, 1]);
    words[2..].to_vec()
}

const SUCCESS: [u32; 4] = [0, 0, 0, 0];
const PROC_UNAVAIL: [u32; 4] = [0, 0, 0, 3];
const GARBAGE_ARGS: [u32; 4] = [0, 0, 0, 4];
const SYSTEM_ERR: [u32; 4] = [0, 0, 0, 5];

#[test]
fn results() {
    for version in [2, 4, 7] {
        let message = call(PROGRAM.number(), version, 1, &[0]);
        assert_eq!(reply(&message), [0, 0, 0, 0, version]);
    }
    let message = call(PROGRAM.number(), 4, 2, &[0]);
    assert_eq!(reply(&message), [0, 0, 0, 0, 9]);
}

#[test]
fn procedure_0_answers_whatever_its_arguments() {
    assert_eq!(reply(&call(PROGRAM.number(), 4, 0, &[])), SUCCESS);
    assert_eq!(reply(&call(PROGRAM.number(), 4, 0, &[1, 2, 3])), SUCCESS);
}

#[test]
fn procedure_0_reaches_a_service_that_wants_it() {
    assert_eq!(reply(&call(5, 1, 0, &[])), [0, 0, 0, 0, 7]);
}

#[test]
fn unknown_program_version_procedure() {
    assert_eq!(reply(&call(6, 1, 0, &[])), [0, 0, 0, 1]);
    for version in [0, 1, 3, 5, 8, u32::MAX] {
        let message = call(PROGRAM.number(), version, 0, &[]);
        assert_eq!(reply(&message), [0, 0, 0, 2, 2, 7]);
    }
    assert_eq!(reply(&call(5, 2, 0, &[])), [0, 0, 0, 2, 1, 1]);
    assert_eq!(reply(&call(5, 1, 9, &[])), PROC_UNAVAIL);
}

#[test]
fn garbage_arguments() {
    assert_eq!(reply(&call(5, 1, 1, &[])), GARBAGE_ARGS);
    assert_eq!(reply(&call(5, 1, 1, &[0, 0])), GARBAGE_ARGS);
}

#[test]
fn service_errors() {
    assert_eq!(reply(&call(5, 1, 1, &[1])), SYSTEM_ERR);
    assert_eq!(reply(&call(5, 1, 1, &[2])), [1, 1, 5]);
    assert_eq!(
        reply(&call(5, 1, 1, &[3])),
        SYSTEM_ERR,
        "result above bound"
    );
}

#[test]
fn panics() {
    assert_eq!(reply(&call(5, 1, 1, &[4])), SYSTEM_ERR);
    assert_eq!(reply(&call(5, 1, 2, &[1])), SYSTEM_ERR);
    assert_eq!(reply(&call(5, 1, 3, &[])), SYSTEM_ERR);
}

#[test]
fn other_rpc_version() {
    for version in [1, 3, 0xff] {
        let mut message = call(5, 1, 0, &[]).to_vec();
        message[11] = version;
        assert_eq!(reply(&message.into()), [1, 0, 2, 2]);
    }
}

#[test]
fn credentials() {
    let with = |flavor, body: &'static [u8]| {
        let body = Bytes::from_static(body);
        let flavor = AuthFlavor(flavor);
        // Authentication comes before everything else, so that a stranger learns nothing.
        reply(&call_with(OpaqueAuth { flavor, body }, 99, 1, 0, &[]))
    };
    assert_eq!(with(1, &[0; 20]), [0, 0, 0, 1], "accepted, but no program");
    assert_eq!(with(1, &[0; 16]), [1, 1, 1]);
    assert_eq!(with(1, &[0; 24]), [1, 1, 1]);
    for flavor in [2, 3, 6, 99] {
        assert_eq!(with(flavor, b""), [1, 1, 2]);
    }
    assert_eq!(with(7, b""), [1, 1, 1], "AUTH_TLS is no credential");
    let mut message = call(5, 1, 0, &[]).to_vec();
    message[30] = 2;
    assert_eq!(reply(&message.into()), [1, 1, 1], "512 bytes of credential");
    let mut message = call(5, 1, 0, &[]).to_vec();
    message[38] = 2;
    assert_eq!(reply(&message.into()), [1, 1, 3], "512 bytes of verifier");
}

#[test]
fn what_is_no_call_is_not_answered() {
    let whole = call(5, 1, 0, &[]);
    let mut answer = whole.to_vec();
    answer[7] = 1;
    let short = (0..whole.len()).map(|len| whole.slice(..len));
    for message in short.chain([answer.into()]) {
        let dispatched = dispatcher().dispatch(&message, Peer::Memory, Instant::now());
        assert!(matches!(dispatched, Dispatched::Undecodable(_)));
    }
}

#[test]
fn version_is_served_once() {
    let server = VersionServer::new(PROGRAM, 4, (), dispatch);
    let error = dispatcher().register(server).unwrap_err();
    assert_eq!((error.program, error.version), (PROGRAM, 4));
}

#[test]
fn context_tells_who_called_what() {
    let seen = |_: Arc<()>, call: Call| {
        let context = call.context();
        let peer = Peer::Udp(([10, 0, 0, 1], 99).into());
        assert_eq!((context.peer(), context.xid()), (peer, XID));
        let numbers = (context.program(), context.version(), context.procedure());
        assert_eq!(numbers, (5, 1, 8));
        assert!(matches!(context.credential(), Credential::Sys(_)));
        Answer::refuse(Refusal::Auth(AuthStat::RejectedCred))
    };
    let mut dispatcher = Dispatcher::new();
    let program = Program::new("Other", 5);
    let server = VersionServer::new(program, 1, (), seen);
    dispatcher.register(server).unwrap();
    let credential = OpaqueAuth {
        flavor: AuthFlavor::SYS,
        body: Bytes::from_static(&[0; 20]),
    };
    let message = call_with(credential, 5, 1, 8, &[]);
    let peer = Peer::Udp(([10, 0, 0, 1], 99).into());
    let Dispatched::Reply(reply) = dispatcher.dispatch(&message, peer, Instant::now()) else {
        panic!("the service refuses");
    };
    // Had an assertion failed, this would be SYSTEM_ERR.
    assert_eq!(reply.to_bytes()[8..], [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2]);
}

#[test]
fn result_of_a_reply() {
    let header = CallHeader {
        xid: XID,
        ..CallHeader::default()
    };
    let context = Context::new(&header, Peer::Memory, Credential::None);
    let call = Call::new(context, Bytes::new(), Decoding::default());
    let reply = call.reply(|encoder| encoder.encode(&5_u32)).unwrap();
    assert_eq!(reply.result(), [0, 0, 0, 5][..]);
    assert_eq!(reply.message().len(), SUCCESS_HEADER_LEN + 4);
    let large = Bytes::from(vec![7; 1 << 20]);
    let reply = call.reply(|encoder| encoder.encode(&large)).unwrap();
    assert_eq!(reply.message().parts().count(), 2);
    assert_eq!(reply.result().slice(4..), large);
}

#[test]
fn no_byte_makes_a_header_panic() {
    let credential = OpaqueAuth {
        flavor: AuthFlavor::SYS,
        body: Bytes::from_static(&[
            0, 0, 0, 1, 0, 0, 0, 4, b'h', b'o', b's', b't', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]),
    };
    let whole = call_with(credential, 5, 1, 0, &[]);
    let dispatcher = dispatcher();
    for position in 0..whole.len() {
        for value in 0..=u8::MAX {
            let mut message = whole.to_vec();
            message[position] = value;
            // Each kind of answer is fine; that there is one is what is tested.
            let _ = dispatcher.dispatch(&message.into(), Peer::Memory, Instant::now());
        }
    }
}

#[test]
fn procedures_without_a_reply_are_not_even_refused() {
    let maybe = [1, 2, 3].map(|number| PROGRAM.procedure(7, number, "any").maybe());
    let mut dispatcher = Dispatcher::new();
    let server = VersionServer::new(PROGRAM, 7, (), dispatch).describes(&maybe);
    dispatcher.register(server).unwrap();
    let number = PROGRAM.number();
    let arguments: [&[u32]; 6] = [&[0], &[1], &[2], &[3], &[4], &[]];
    for procedure in [1, 2, 3] {
        for arguments in arguments {
            let message = call(number, 7, procedure, arguments);
            assert_eq!(answer(&dispatcher, &message), None);
        }
    }
    let bad = OpaqueAuth {
        flavor: AuthFlavor::SYS,
        body: Bytes::from_static(b"bad!"),
    };
    let message = call_with(bad.clone(), number, 7, 1, &[0]);
    assert_eq!(answer(&dispatcher, &message), None);
    // Over reliable datagrams it is the reply that acknowledges a call.
    let call_token = CallToken {
        client_id: 1,
        activity: 0,
        seq: 1,
    };
    let peer = Peer::Reliable {
        address: ([10, 0, 0, 1], 700).into(),
        call: Some(call_token),
    };
    let answer_to = |message| dispatcher.dispatch(message, peer, Instant::now());
    assert!(matches!(answer_to(&message), Dispatched::Reply(_)));
    // Others are, as ever.
    for message in [call_with(bad, number, 7, 9, &[0]), call(number, 7, 9, &[0])] {
        assert!(answer(&dispatcher, &message).is_some());
    }
    assert!(answer(&dispatcher, &call(number, 8, 1, &[0])).is_some());
}
