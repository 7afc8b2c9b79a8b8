use super::*;
use proptest::{collection::vec, prelude::*, sample::Index};

#[test]
fn internet_checksum_of_rfc_1071() {
    // The example of RFC 1071 §3: the sum is ddf2.
    let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    assert_eq!(InternetChecksum::of(&bytes), !0xddf2 & 0xffff);
    assert_eq!(InternetChecksum::of(&[]), 0xffff);
    assert_eq!(InternetChecksum::of(&[0xff, 0xff]), 0);
}

#[test]
fn internet_checksum_of_an_ip_header() {
    // A header with its checksum, b861, sums up to nothing.
    let header = [
        0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00,
        0x01, 0xc0, 0xa8, 0x00, 0xc7,
    ];
    assert_eq!(InternetChecksum::of(&header), 0);
}

#[test]
fn fletcher_of_known_strings() {
    for (input, fletcher_16, fletcher_32) in [
        ("abcde", 0xc8f0, 0xf04f_c729),
        ("abcdef", 0x2057, 0x5650_2d2a),
        ("abcdefgh", 0x0627, 0xebe1_9591),
    ] {
        assert_eq!(Fletcher16::of(input.as_bytes()), fletcher_16);
        assert_eq!(Fletcher32::of(input.as_bytes()), fletcher_32);
    }
}

#[test]
fn crc32c_of_rfc_3720() {
    // RFC 3720 §B.4.
    assert_eq!(Crc32c::of(&[0; 32]), 0x8a91_36aa);
    assert_eq!(Crc32c::of(&[0xff; 32]), 0x62a8_ab43);
    let ascending: Vec<u8> = (0..32).collect();
    assert_eq!(Crc32c::of(&ascending), 0x46dd_794e);
}

/// Calls a function for each checksum.
macro_rules! for_each_checksum {
    ($function:ident($($argument:expr),*)) => {
        $function::<InternetChecksum>($($argument),*)?;
        $function::<Fletcher16>($($argument),*)?;
        $function::<Fletcher32>($($argument),*)?;
        $function::<Crc32c>($($argument),*)?;
    };
}

fn sees_a_flipped_bit<C: Checksum>(bytes: &[u8], bit: usize) -> Result<(), TestCaseError> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    prop_assert_ne!(C::of(bytes), C::of(&flipped), "{}", C::NAME);
    Ok(())
}

fn takes_pieces<C: Checksum>(bytes: &[u8], cuts: [usize; 2]) -> Result<(), TestCaseError> {
    let mut checksum = C::default();
    checksum.update(&bytes[..cuts[0]]);
    checksum.update(&bytes[cuts[0]..cuts[1]]);
    checksum.update(&bytes[cuts[1]..]);
    prop_assert_eq!(C::of(bytes), checksum.sum(), "{}", C::NAME);
    Ok(())
}

fn seals<C: Checksum>(bytes: &[u8], bit: usize) -> Result<(), TestCaseError> {
    let sealed = seal::<C>(bytes);
    prop_assert_eq!(sealed.len(), C::LEN + bytes.len());
    let unsealed = unseal::<C>(&sealed);
    prop_assert_eq!(unsealed.as_deref(), Some(bytes));
    let mut flipped = sealed.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    prop_assert_eq!(unseal::<C>(&flipped.into()), None, "{}", C::NAME);
    Ok(())
}

fn fits<C: Checksum>(bytes: &[u8]) -> Result<(), TestCaseError> {
    let sum = u64::from(C::of(bytes));
    prop_assert!(sum < 1 << (8 * C::LEN), "{}", C::NAME);
    Ok(())
}

proptest! {
    #[test]
    fn one_flipped_bit_is_seen(bytes in vec(any::<u8>(), 1..600), bit: Index) {
        let bit = bit.index(8 * bytes.len());
        for_each_checksum!(sees_a_flipped_bit(&bytes, bit));
        for_each_checksum!(seals(&bytes, bit));
    }

    #[test]
    fn pieces_do_not_matter(bytes in vec(any::<u8>(), 0..600), a: Index, b: Index) {
        let (a, b) = (a.index(bytes.len() + 1), b.index(bytes.len() + 1));
        for_each_checksum!(takes_pieces(&bytes, [a.min(b), a.max(b)]));
        for_each_checksum!(fits(&bytes));
    }

    #[test]
    fn every_burst_of_32_bits_is_seen_by_the_crc(
        bytes in vec(any::<u8>(), 5..600), at: Index, burst in 1_u32..,
    ) {
        let at = at.index(bytes.len() - 4);
        let mut corrupted = bytes.clone();
        for (byte, mask) in corrupted[at..].iter_mut().zip(burst.to_be_bytes()) {
            *byte ^= mask;
        }
        prop_assert_ne!(Crc32c::of(&bytes), Crc32c::of(&corrupted));
    }

    #[test]
    fn sums_over_one_division_are_those_of_the_definition(bytes in vec(any::<u8>(), 0..600)) {
        let (mut first, mut second) = (0, 0);
        for byte in &bytes {
            first = (first + u32::from(*byte)) % 255;
            second = (second + first) % 255;
        }
        prop_assert_eq!(Fletcher16::of(&bytes), second << 8 | first);
    }
}

#[test]
fn divisions_within_a_long_input_do_not_matter() {
    let long = vec![0xfe; 5 * WORDS_PER_DIVISION + 1];
    let in_pieces = |sum: fn(&[u8]) -> u32| sum(&long);
    let (mut first, mut second) = (0_u64, 0_u64);
    for word in long.chunks(2) {
        let word = [word[0], word.get(1).copied().unwrap_or(0)];
        first = (first + u64::from(u16::from_le_bytes(word))) % 0xffff;
        second = (second + first) % 0xffff;
    }
    assert_eq!(u64::from(in_pieces(Fletcher32::of)), second << 16 | first);
    let words = 5 * u64::try_from(WORDS_PER_DIVISION).unwrap() / 2;
    let sum = (words * 0xfefe + 0xfe00) % 0xffff;
    assert_eq!(u64::from(in_pieces(InternetChecksum::of)), 0xffff - sum);
}

#[test]
fn additive_checksum_does_not_see_words_that_change_places() {
    assert_eq!(
        InternetChecksum::of(b"tobeornot"),
        InternetChecksum::of(b"betoornot")
    );
    assert_ne!(Fletcher16::of(b"tobeornot"), Fletcher16::of(b"betoornot"));
    assert_ne!(Fletcher32::of(b"tobeornot"), Fletcher32::of(b"betoornot"));
    assert_ne!(Crc32c::of(b"tobeornot"), Crc32c::of(b"betoornot"));
}

#[test]
fn sums_do_not_see_zeros_that_become_ones() {
    let (zeros, ones) = (b"1234\0\0", b"1234\xff\xff");
    assert_eq!(InternetChecksum::of(zeros), InternetChecksum::of(ones));
    assert_eq!(Fletcher16::of(zeros), Fletcher16::of(ones));
    assert_eq!(Fletcher32::of(zeros), Fletcher32::of(ones));
    assert_ne!(Crc32c::of(zeros), Crc32c::of(ones));
}

#[test]
fn fletcher_16_does_not_see_bytes_that_change_places_far_away() {
    let mut bytes: Vec<u8> = (0..=255).chain(0..=255).collect();
    let before = bytes.clone();
    bytes.swap(3, 3 + 255);
    assert_ne!(bytes, before);
    assert_eq!(Fletcher16::of(&bytes), Fletcher16::of(&before));
    assert_ne!(Fletcher32::of(&bytes), Fletcher32::of(&before));
    assert_ne!(Crc32c::of(&bytes), Crc32c::of(&before));
}

#[test]
fn leading_zeros_are_seen_by_the_crc_alone() {
    assert_eq!(Fletcher16::of(b"\0\0ab"), Fletcher16::of(b"ab"));
    assert_eq!(Fletcher32::of(b"\0\0ab"), Fletcher32::of(b"ab"));
    assert_eq!(InternetChecksum::of(b"\0\0ab"), InternetChecksum::of(b"ab"));
    assert_ne!(Crc32c::of(b"\0\0ab"), Crc32c::of(b"ab"));
}

#[test]
fn crc_does_not_see_its_polynomial() {
    // The 33 bits of 11edc6f41, the first of them in the low bit of the first byte.
    let polynomial = 1 | u64::from(0x1edc_6f41_u32.reverse_bits()) << 1;
    let mut bytes = *b"to be or not to be";
    for (byte, mask) in bytes.iter_mut().skip(4).zip(polynomial.to_le_bytes()) {
        *byte ^= mask;
    }
    assert_ne!(&bytes, b"to be or not to be");
    assert_eq!(Crc32c::of(&bytes), Crc32c::of(b"to be or not to be"));
    assert_ne!(
        Fletcher32::of(&bytes),
        Fletcher32::of(b"to be or not to be")
    );
}
