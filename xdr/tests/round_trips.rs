//! Random values of every construct: what is decoded is what was encoded, and what is accepted is
//! encoded to the same bytes again.

mod types;

use proptest::{
    collection::vec,
    option,
    prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest},
    test_runner::TestCaseError,
};
use std::fmt::Debug;
use types::{Everything, File, FileType, Tree, encode};
use xdr::{ByteString, Bytes, Decode, Decoder, Encode, Encoder, Quadruple};

fn opaque() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..600).prop_map(Bytes::from)
}

fn string() -> impl Strategy<Value = ByteString> {
    vec(any::<u8>(), 0..30).prop_map(ByteString::from)
}

fn file() -> impl Strategy<Value = File> {
    (string(), 0..3, string(), opaque()).prop_map(|(filename, kind, owner, data)| File {
        kind: match kind {
            0 => FileType::Text,
            1 => FileType::Data(filename.clone()),
            _ => FileType::Exec(filename.clone()),
        },
        filename,
        owner,
        data,
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = any::<i32>().prop_map(Tree::leaf);
    leaf.prop_recursive(20, 64, 2, |child| {
        let child = || option::of(child.clone().prop_map(Box::new));
        (any::<i32>(), child(), child()).prop_map(|(value, left, right)| Tree {
            value,
            left,
            right,
        })
    })
}

fn same<T: Encode + Decode + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let wire = encode(value).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(wire.len() % 4, 0);
    prop_assert!((T::MIN_SIZE..=T::MAX_SIZE).contains(&wire.len()));
    let mut encoder = Encoder::new().with_chunks();
    prop_assert!(encoder.encode(value).is_ok());
    let (head, rest) = encoder.finish_chunks();
    prop_assert_eq!([&head[..], &rest.concat()].concat(), &wire[..]);
    for mut decoder in [Decoder::new(&wire), Decoder::from_slice(&wire)] {
        let decoded = decoder.decode::<T>();
        prop_assert_eq!(decoded.as_ref(), Ok(value));
        prop_assert_eq!(decoder.finish(), Ok(()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn numbers(ints: Vec<i32>, hypers: Vec<u64>, doubles: Vec<f64>, flags: Vec<bool>) {
        same(&ints)?;
        same(&hypers)?;
        same(&doubles)?;
        same(&flags)?;
        same(&ints.first_chunk::<3>().copied())?;
    }

    #[test]
    fn data_and_text(data in vec(opaque(), 0..5), names in vec(string(), 0..5), text: String) {
        same(&data)?;
        same(&names)?;
        same(&text)?;
        same(&data.first().and_then(|data| data.first_chunk::<7>()).copied())?;
    }

    #[test]
    fn unions_in_structs_in_arrays(files in vec(file(), 0..4), bits: u128) {
        same(&files)?;
        same(&Quadruple::from_bits(bits))?;
    }

    #[test]
    fn recursive_types(tree in tree()) {
        same(&tree)?;
    }

    #[test]
    fn lists(names in vec(string(), 0..20)) {
        let mut encoder = Encoder::new();
        prop_assert!(encoder.list(&names).is_ok());
        let wire = encoder.finish();
        prop_assert_eq!(Decoder::new(&wire).list::<ByteString>(), Ok(names));
    }

    #[test]
    fn accepted_messages_have_one_form(at in 0..252_usize, word: u32, small in 0..4_u32, pick: bool) {
        let wire = encode(&Everything::example());
        let mut wire = wire.map_err(|error| TestCaseError::fail(error.to_string()))?.to_vec();
        let word = if pick { word } else { small };
        if let Some(room) = wire.get_mut(at / 4 * 4..).and_then(|rest| rest.first_chunk_mut()) {
            *room = word.to_be_bytes();
        }
        let mut decoder = Decoder::from_slice(&wire);
        if let Ok(value) = decoder.decode::<Everything>() {
            let len = decoder.offset();
            let again = encode(&value);
            prop_assert_eq!(again.as_deref(), Ok(&wire[..len]));
        }
    }
}
