//! Decodes values and encodes them again, with the code that our `rpcgen` made of interface files:
//! what `c/filter.c` does with the code of the C `rpcgen`.
//!
//! The argument is the number of the interface file; standard input and output are those of the C
//! program, but that a value that is not understood gives the reason. This is not a part of the
//! test but a program that it compiles.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "only types are used of what is generated")]

use std::{
    env,
    fmt::Debug,
    io::{self, Read as _, Write as _},
};

use xdr::{Bytes, Decode, Decoder, Encode, Encoder, Error};

include!("modules.rs");

/// Decodes a value and encodes it again.
type Filter = fn(&[u8]) -> Result<Bytes, Error>;

fn filter<T: Decode + Encode + Debug>(bytes: &[u8]) -> Result<Bytes, Error> {
    let value: T = decode(Decoder::from_slice(bytes))?;
    let mut encoder = Encoder::new();
    value.encode(&mut encoder)?;
    let encoded = encoder.finish();
    // This time sharing memory with the message.
    let again: T = decode(Decoder::new(&encoded))?;
    // By what they print: a floating point number that is none does not equal itself.
    assert_eq!(format!("{value:?}"), format!("{again:?}"));
    Ok(encoded)
}

fn decode<T: Decode>(mut decoder: Decoder<'_>) -> Result<T, Error> {
    let value = T::decode(&mut decoder)?;
    decoder.finish()?;
    Ok(value)
}

/// Takes a number from the front.
fn number(input: &mut &[u8]) -> Option<usize> {
    let (number, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(u32::from_be_bytes(*number) as usize)
}

fn main() {
    let file: usize = env::args().nth(1).unwrap().parse().unwrap();
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).unwrap();
    let mut input = &input[..];
    let mut output = io::stdout().lock();
    while let Some(filter) = number(&mut input) {
        let length = number(&mut input).unwrap();
        let value = input.split_off(..length).unwrap();
        let (status, result) = match FILTERS[file][filter](value) {
            Ok(encoded) => (1_u32, encoded),
            Err(error) => (0, format!("{:?}", error.kind()).into()),
        };
        let length = u32::try_from(result.len()).unwrap();
        output.write_all(&status.to_be_bytes()).unwrap();
        output.write_all(&length.to_be_bytes()).unwrap();
        output.write_all(&result).unwrap();
    }
}
