//! Hostile arguments on their way through a server to generated types: the inputs H1 to H7 of what
//! has hurt other implementations, with the memory that they take.
//!
//! H6, elements without size, is about no type that an interface file can define; its test is that of
//! `xdr` alone.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../../xdr/tests/counting/mod.rs"]
mod counting;

use std::{fs, pin::Pin, task, thread, time::Instant};

use bytes::Bytes;
use counting::{allocated, peak_of};
use rpc_runtime::{
    Answer, CallHeader, Dispatcher, OpaqueAuth, Peer, Procedure, Program, VersionServer, Xid,
    dispatch::Dispatched,
};
use tests::{
    fuzzed::types::{
        Arrays, Bounds, Closed, Defaulted, Enums, Fixed, List, Optional, Readdirplus3res, Tree,
    },
    repository,
};
use xdr::{Decode, Decoder, Encoder, Error};

const PROGRAM: Program = Program::new("Hostile", 0x2000_0300);

/// Memory that no number of small messages may take at a time, whatever they claim.
const MEMORY_MAX: isize = 64 << 10;

/// The stack of a small thread.
const STACK_SIZE: usize = 128 << 10;

/// Decodes arguments.
type Read = fn(&mut Decoder<'_>) -> Result<(), Error>;

/// What procedures take: 1 the first, and so on; with the folder of their seeds.
const TYPES: [(&str, Read); 10] = [
    ("codec_list", read::<List>),
    ("codec_tree", read::<Tree>),
    ("codec_defaulted", read::<Defaulted>),
    ("codec_closed", read::<Closed>),
    ("codec_arrays", read::<Arrays>),
    ("codec_bounds", read::<Bounds>),
    ("codec_optional", read::<Optional>),
    ("codec_enums", read::<Enums>),
    ("codec_fixed", read::<Fixed>),
    ("codec_readdirplus", read::<Readdirplus3res>),
];

fn read<T: Decode>(decoder: &mut Decoder<'_>) -> Result<(), Error> {
    decoder.decode::<T>().map(drop)
}

fn dispatcher() -> Dispatcher {
    let server = VersionServer::new(PROGRAM, 1, (), |_, call| {
        Answer::future(async move {
            let number = call.procedure() as usize - 1;
            call.arguments(TYPES[number].1)?;
            call.reply(Encoder::void)
        })
    });
    let mut dispatcher = Dispatcher::new();
    dispatcher.register(server).unwrap();
    dispatcher
}

/// The message that calls the procedure of this type.
fn call(name: &str, arguments: &[u8]) -> Bytes {
    let position = TYPES.iter().position(|(one, _)| *one == name).unwrap();
    let number = u32::try_from(position).unwrap() + 1;
    let procedure = Procedure::new(PROGRAM, 1, number, "any");
    let mut encoder = Encoder::new();
    let header = CallHeader::new(Xid(7), &procedure, OpaqueAuth::NONE);
    encoder.encode(&header).unwrap();
    let message = Bytes::from([&encoder.finish(), arguments].concat());
    // The first of those who share a message allocates their count, which it keeps.
    drop(message.clone());
    message
}

/// Whether the server takes the arguments; otherwise its answer is `GARBAGE_ARGS`.
fn is_taken(dispatcher: &Dispatcher, message: &Bytes) -> bool {
    let mut cx = task::Context::from_waker(task::Waker::noop());
    let Dispatched::Execution(mut execution) =
        dispatcher.dispatch(message, Peer::Memory, Instant::now())
    else {
        panic!("the call is well-formed");
    };
    let task::Poll::Ready(Some(reply)) = Pin::new(&mut execution).poll(&mut cx) else {
        panic!("nothing here waits");
    };
    match reply.to_bytes()[20..] {
        [0, 0, 0, 0] => true,
        [0, 0, 0, 4] => false,
        ref other => panic!("{other:?}"),
    }
}

/// Whether the server takes such arguments of this type.
fn takes(name: &str, words: &[u32]) -> bool {
    let arguments: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    is_taken(&dispatcher(), &call(name, &arguments))
}

/// Well-formed arguments, with their types.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (name, _) in TYPES {
        let folder = repository::root().join("tests/fuzz/seeds").join(name);
        for entry in fs::read_dir(folder).unwrap() {
            let arguments = fs::read(entry.unwrap().path()).unwrap();
            seeds.push((name, arguments));
        }
    }
    assert!(seeds.len() > 20);
    seeds
}

#[test]
fn seeds_are_taken() {
    let dispatcher = dispatcher();
    for (name, arguments) in seeds() {
        assert!(is_taken(&dispatcher, &call(name, &arguments)), "{name}");
    }
}

/// Each word of each seed claims to be the length of more than there is.
#[test]
fn h1_a_hundred_thousand_calls_with_claimed_lengths_take_less_than_64_kib() {
    let mut messages = Vec::new();
    for (name, arguments) in seeds() {
        for at in (0..arguments.len()).step_by(4) {
            for claim in [u32::MAX, 1 << 31, 1 << 16] {
                let mut changed = arguments.clone();
                changed[at..at + 4].copy_from_slice(&claim.to_be_bytes());
                messages.push(call(name, &changed));
            }
        }
    }
    let dispatcher = dispatcher();
    // Some words are values, which may be large.
    messages.retain(|message| !is_taken(&dispatcher, message));
    let kinds = messages.len();
    let peak = peak_of(|| {
        for message in messages.iter().cycle().take(100_000) {
            assert!(!is_taken(&dispatcher, message));
        }
    });
    println!("{kinds} kinds of message, at the most {peak} bytes at a time");
    assert!(kinds > 500, "{kinds}");
    assert!(peak < MEMORY_MAX, "{peak} bytes");
}

#[test]
fn h2_size_of_an_array_may_exceed_every_memory() {
    // `unsigned hyper large<>` behind two empty arrays and three rows.
    for count in [1 << 29, (1 << 29) + 1, 1 << 31, u32::MAX] {
        let words = [&[0; 7][..], &[0, count], &[0; 4]].concat();
        let peak = peak_of(|| assert!(!takes("codec_arrays", &words)));
        assert!(peak < MEMORY_MAX, "{peak} bytes");
    }
    assert!(takes("codec_arrays", &[0; 9]));
}

/// A position and a length near 2^32, rounded up to a word, must not wrap around.
#[test]
fn h3_lengths_that_wrap_when_they_are_padded() {
    for len in u32::MAX - 7..=u32::MAX {
        // `opaque raw<>` in a default arm, whose discriminant is BLUE.
        let blue = (-7_i32).cast_unsigned();
        assert!(!takes("codec_defaulted", &[blue, len]));
        assert!(!takes("codec_defaulted", &[blue, len, 0, 0]));
    }
    let message = call("codec_defaulted", &[0xff, 0xff, 0xff, 0xf9, 0, 0, 0, 1, 9]);
    assert!(!is_taken(&dispatcher(), &message), "its padding is missing");
}

/// Each call that ends too early or has a wrong byte drops what was decoded of it, once.
#[test]
fn h4_failed_decoding_leaves_nothing_allocated() {
    let dispatcher = dispatcher();
    let mut failed = 0;
    for (name, arguments) in seeds() {
        let before = allocated();
        for len in 0..arguments.len() {
            failed += u32::from(!is_taken(&dispatcher, &call(name, &arguments[..len])));
            let mut changed = arguments.clone();
            changed[len] ^= 0xff;
            failed += u32::from(!is_taken(&dispatcher, &call(name, &changed)));
        }
        assert_eq!(allocated(), before, "{name}");
    }
    println!("{failed} failed");
    assert!(failed > 3000, "{failed}");
}

/// Runs it on a small stack.
fn on_a_small_stack(work: fn()) {
    let thread = thread::Builder::new().stack_size(STACK_SIZE).spawn(work);
    thread.unwrap().join().unwrap();
}

#[test]
fn h5_list_of_a_million_nodes_needs_no_stack() {
    on_a_small_stack(|| {
        let words = [&[1, 0, 0].repeat(1_000_000)[..], &[0]].concat();
        assert!(takes("codec_list", &words));
    });
}

#[test]
fn h5_tree_as_deep_as_it_may_be_fits_on_a_small_stack() {
    on_a_small_stack(|| {
        // A left child each, and behind it an empty key and no right child.
        let tree = |depth| [vec![1; depth], vec![0], [0, 0].repeat(depth + 1)].concat();
        assert!(takes("codec_tree", &tree(64)));
        assert!(!takes("codec_tree", &tree(65)));
        assert!(!takes("codec_tree", &tree(1_000_000)));
    });
}

#[test]
fn h7_what_has_no_meaning_is_garbage() {
    let blue = (-7_i32).cast_unsigned();
    // Flags and colours.
    assert!(takes("codec_enums", &[blue, 1, 1, 1, 1]));
    assert!(!takes("codec_enums", &[2, 1, 1, 1, 1]));
    assert!(!takes("codec_enums", &[blue, 1, 2, 1, 1]));
    assert!(!takes("codec_enums", &[blue, 1, 1, 1, 2]));
    // Arms, without a default and with one.
    assert!(takes("codec_closed", &[0]));
    assert!(!takes("codec_closed", &[3]));
    assert!(!takes("codec_defaulted", &[2, 0]));
    // Padding, and words behind the value.
    assert!(takes("codec_closed", &[1, 1, 0x6100_0000]));
    assert!(!takes("codec_closed", &[1, 1, 0x6100_0001]));
    assert!(!takes("codec_closed", &[0, 0]));
    // Whether optional-data follows.
    assert!(!takes("codec_tree", &[2, 0, 0]));
}
