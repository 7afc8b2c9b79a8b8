use super::*;

/// A fragment of a call in which each field has bytes of its own.
fn header() -> Header {
    Header {
        packet_type: PacketType::Req,
        flags: ACK_REQ | RETRANSMIT,
        code: 0,
        activity: 0x0102_0304,
        client_id: 0x1112_1314_1516_1718,
        epoch: 0x2122_2324_2526_2728,
        tok: 0x3132_3334_3536_3738,
        seq: 0x4142_4344,
        pn: 0x5152_5354,
        frag: 1,
        geometry: Geometry {
            size: FragmentSize::Ethernet,
            nfrag: 2,
            msg_len: 1384 + 3,
            msg_crc: 0x6162_6364,
        },
        stamp: 0x7172_7374,
    }
}

fn encode(header: &Header, body: &[u8], len_min: usize) -> Bytes {
    header.encode(body, len_min, &mut BytesMut::new())
}

/// Writes the right checksum into a datagram that a test has changed.
fn sealed(mut datagram: Vec<u8>) -> Vec<u8> {
    datagram[..4].fill(0);
    seal(&mut datagram);
    datagram
}

/// H18: every byte of a datagram is written; the padding is zero.
#[test]
fn h18_golden_bytes_of_a_fragment() {
    let datagram = encode(&header(), b"abc", CLIENT_DATAGRAM_MIN);
    let golden = [
        "415627bd",
        "4f524401",
        "03051001",
        "01020304",
        "1112131415161718",
        "2122232425262728",
        "3132333435363738",
        "41424344",
        "51525354",
        "00010002",
        "0000056b",
        "61626364",
        "71727374",
        "616263",
    ];
    let padding = "00".repeat(96 - 64 - 3);
    assert_eq!(hex(&datagram), golden.concat() + &padding);
    let packet = Packet::parse(&datagram).unwrap();
    assert_eq!((packet.header, packet.body), (header(), &b"abc"[..]));
}

/// H18.
#[test]
fn h18_golden_bytes_of_the_bodies() {
    let hello_ack = HelloAck {
        cookie: 1,
        max_msg: 2,
        max_act: 3,
        window: 4,
        versions: 5,
    };
    assert_eq!(
        hex(&hello_ack.to_bytes()),
        "0000000000000001000000020003000400000005"
    );
    assert_eq!(HelloAck::parse(&hello_ack.to_bytes()), Some(hello_ack));
    let reject = Reject {
        offending_epoch: 1,
        fresh_cookie: 2,
        arg: 3,
    };
    assert_eq!(
        hex(&reject.to_bytes()),
        "0000000000000001000000000000000200000003"
    );
    assert_eq!(Reject::parse(&reject.to_bytes()), Some(reject));
    let ack = Ack {
        cum: 1,
        nbits: 9,
        window: 3,
        echo_pn: 4,
        hold_us: 5,
        bitmap: &[0b100, 1],
    };
    let (body, len) = ack.to_bytes();
    assert_eq!(
        hex(&body[..len]),
        "00010009000300000000000400000005".to_owned() + "0401"
    );
    assert_eq!(Ack::parse(&body[..len]), Some(ack));
    let has: Vec<u16> = (0..16).filter(|bit| ack.has(*bit)).collect();
    assert_eq!(has, [2, 8]);
    let done = Done::to_bytes(&[(1, 2), (3, 4)]);
    assert_eq!(hex(&done), "0002000000000001000000020000000300000004");
    assert!(Done::parse(&done).unwrap().calls().eq([(1, 2), (3, 4)]));
}

#[test]
fn bodies_that_are_cut_off_are_none() {
    assert!((0..20).all(|len| HelloAck::parse(&vec![1; len]).is_none()));
    assert!((0..20).all(|len| Reject::parse(&vec![1; len]).is_none()));
    let (ack, len) = Ack {
        nbits: 9,
        bitmap: &[1, 1],
        ..Ack::nothing(64)
    }
    .to_bytes();
    assert!((0..len).all(|len| Ack::parse(&ack[..len]).is_none()));
    let long = [&[0, 0, 0xff, 0xff][..], &[0; 9000]].concat();
    assert_eq!(Ack::parse(&long), None, "a bitmap above 128 bytes");
    assert!(Done::parse(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_none());
    assert_eq!(Done::to_bytes(&[(0, 1); 200]).len(), 4 + 141 * 8);
}

#[test]
fn a_flipped_bit_is_damage() {
    let datagram = encode(&header(), b"abc", CLIENT_DATAGRAM_MIN);
    for bit in 0..datagram.len() * 8 {
        let mut flipped = datagram.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let fault = Packet::parse(&flipped).unwrap_err();
        let is_magic = (4..7).contains(&(bit / 8));
        let expected = if is_magic {
            Fault::Foreign
        } else {
            Fault::Damaged
        };
        assert_eq!(fault, expected, "bit {bit}");
    }
}

#[test]
fn a_datagram_that_is_cut_off_is_no_packet() {
    let datagram = encode(&header(), b"abc", 0);
    for len in 0..datagram.len() {
        assert!(Packet::parse(&datagram[..len]).is_err());
        if len >= 8 {
            assert!(
                Packet::parse(&sealed(datagram[..len].to_vec())).is_err(),
                "{len}"
            );
        }
    }
}

/// Each change of the header breaks one rule.
#[test]
fn headers_that_contradict_themselves_are_malformed() {
    let geometry = header().geometry;
    let cut = |geometry| Header {
        geometry,
        ..header()
    };
    let ping = PacketType::Ping;
    let wrong = [
        Header {
            frag: 2,
            ..header()
        },
        Header {
            epoch: 0,
            ..header()
        },
        cut(Geometry {
            nfrag: 0,
            ..geometry
        }),
        cut(Geometry {
            nfrag: 3,
            ..geometry
        }),
        cut(Geometry {
            msg_len: 1384,
            ..geometry
        }),
        cut(Geometry {
            msg_len: 2 * 1384 + 1,
            ..geometry
        }),
        cut(Geometry {
            msg_len: u32::MAX,
            ..geometry
        }),
        cut(Geometry {
            size: FragmentSize::Any,
            ..geometry
        }),
        Header {
            packet_type: ping,
            ..header()
        },
        Header {
            packet_type: ping,
            ..cut(Geometry::NONE)
        },
        Header {
            packet_type: PacketType::Hello,
            frag: 0,
            ..cut(Geometry::NONE)
        },
    ];
    for header in wrong {
        let datagram = encode(&header, b"abc", 0);
        assert_eq!(
            Packet::parse(&datagram),
            Err(Fault::Malformed),
            "{header:?}"
        );
    }
}

/// A fragment has its whole length, and a client pads to 96 bytes and no further.
#[test]
fn fragments_have_their_length() {
    let last = header();
    for (len, len_min) in [(2, 0), (4, 0), (2, 97), (3, 97), (4, 97)] {
        let datagram = encode(&last, &vec![1; len], len_min);
        assert_eq!(
            Packet::parse(&datagram),
            Err(Fault::Malformed),
            "{len} {len_min}"
        );
    }
    let first = Header {
        frag: 0,
        ..header()
    };
    for len in [0, 3, 1383, 1385] {
        let datagram = encode(&first, &vec![1; len], CLIENT_DATAGRAM_MIN);
        assert_eq!(Packet::parse(&datagram), Err(Fault::Malformed), "{len}");
    }
    let datagram = encode(&first, &[1; 1384], CLIENT_DATAGRAM_MIN);
    assert_eq!(Packet::parse(&datagram).unwrap().body, [1; 1384]);
}

#[test]
fn extensions_are_skipped() {
    let plain = encode(&header(), b"abc", 0);
    let mut extended = plain[..HEADER_LEN].to_vec();
    extended[10] = 18;
    extended.extend(b"12345678abc");
    let extended = sealed(extended);
    let packet = Packet::parse(&extended).unwrap();
    assert_eq!((packet.header, packet.body), (header(), &b"abc"[..]));
    for hlen in [0, 15, 19, 255] {
        let mut wrong = extended.clone();
        wrong[10] = hlen;
        assert_eq!(
            Packet::parse(&sealed(wrong)),
            Err(Fault::Malformed),
            "{hlen}"
        );
    }
}

#[test]
fn unknown_types_and_sizes_are_malformed_and_unknown_flags_ignored() {
    let datagram = encode(&header(), b"abc", 0);
    let with = |place: usize, value: u8| {
        let mut changed = datagram.to_vec();
        changed[place] = value;
        sealed(changed)
    };
    for packet_type in (0..=0).chain(15..=255) {
        assert_eq!(Packet::parse(&with(8, packet_type)), Err(Fault::Malformed));
    }
    assert_eq!(Packet::parse(&with(11, 3)), Err(Fault::Malformed));
    assert!(Packet::parse(&with(9, 0xff)).is_ok());
}

#[test]
fn other_versions_are_told_from_other_protocols() {
    let hello = Header {
        pn: 9,
        client_id: 7,
        ..Header::empty(PacketType::Hello)
    };
    let mut datagram = encode(&hello, &[], HELLO_MIN).to_vec();
    assert!(is_ord(&datagram) && Packet::parse(&datagram).is_ok());
    datagram[7] = 2;
    let hello = Some((7, 9));
    assert_eq!(
        Packet::parse(&sealed(datagram.clone())),
        Err(Fault::OtherVersion { hello })
    );
    datagram[8] = 3;
    let hello = None;
    assert_eq!(
        Packet::parse(&sealed(datagram)),
        Err(Fault::OtherVersion { hello })
    );
    let call = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2];
    assert!(!is_ord(&call) && !is_ord(b"ORD\x01") && !is_ord(&[]));
    assert_eq!(Packet::parse(&call), Err(Fault::Foreign));
}

#[test]
fn echoes_are_packet_and_pause() {
    let tok = echo(7, Duration::from_micros(1500));
    assert_eq!(tok, 0x7_0000_05dc);
    assert_eq!(echoed(tok), (7, Duration::from_micros(1500)));
    let long = echo(7, Duration::from_secs(9999));
    assert_eq!(long, (7 << 32) | u64::from(u32::MAX));
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
