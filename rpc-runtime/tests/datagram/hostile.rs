//! Packets that nobody honest sends (§5, H16 to H19), and any bytes at all (A15).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rpc_runtime::{
    Outcome,
    datagram::{
        ClientSettings, Ended, Reason, ServerSettings,
        packet::{
            Ack, CLIENT_DATAGRAM_MIN, FragmentSize, Geometry, HELLO_MIN, Header, Packet,
            PacketType, echo,
        },
    },
};

use crate::pair::{Pair, Way, address, message};

/// A small generator; the same sequence each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn below(&mut self, bound: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        number % bound
    }
}

fn encode(header: &Header, body: &[u8], len_min: usize) -> Bytes {
    header.encode(body, len_min, &mut BytesMut::new())
}

const FROM_CLIENT: [PacketType; 7] = [
    PacketType::Hello,
    PacketType::Req,
    PacketType::Ack,
    PacketType::Ping,
    PacketType::Done,
    PacketType::Cancel,
    PacketType::Probe,
];

/// A packet that nobody proved to have sent.
fn forgery(random: &mut Random, packet_type: PacketType, epoch: u64) -> Header {
    let geometry = Geometry {
        nfrag: 1,
        msg_len: 8,
        ..Geometry::NONE
    };
    Header {
        packet_type,
        flags: random.byte(),
        code: 0,
        activity: u32::from(random.byte()) % 4,
        client_id: random.next(),
        epoch: if packet_type == PacketType::Hello {
            0
        } else {
            epoch
        },
        tok: random.next(),
        seq: 1,
        pn: 1,
        frag: 0,
        geometry: if packet_type.has_fragment() {
            geometry
        } else {
            Geometry::NONE
        },
        stamp: 0,
    }
}

/// A10: no answer to an unproven address is longer than the question, and there is one at most.
#[test]
fn a10_strangers_get_no_more_than_they_send() {
    let mut pair = Pair::new();
    let mut random = Random(7);
    for packet_type in FROM_CLIENT {
        for epoch in [0xe1, 0xe2] {
            let header = forgery(&mut random, packet_type, epoch);
            let body: &[u8] = if packet_type.has_fragment() {
                &[7; 8]
            } else {
                &[]
            };
            for len_min in [0, CLIENT_DATAGRAM_MIN, HELLO_MIN, 1200] {
                if packet_type.has_fragment() && len_min > CLIENT_DATAGRAM_MIN {
                    continue;
                }
                let datagram = encode(&header, body, len_min);
                pair.server.receive(pair.now, address(9), &datagram);
                let mut answers = 0;
                while let Some((path, answer)) = pair.server.next_transmit(pair.now) {
                    answers += answer.len();
                    assert_eq!(path.remote, address(9));
                }
                assert!(
                    answers <= datagram.len(),
                    "{packet_type:?}, {} bytes",
                    datagram.len()
                );
                assert_eq!(pair.server.usage().associations, 0);
            }
        }
    }
    assert_eq!(pair.server.next_timeout(), None, "nothing is kept of them");
}

/// The forgeries of H19; a hundredth of them without optimization.
const FORGERIES: u32 = if cfg!(debug_assertions) {
    100_000
} else {
    10_000_000
};

/// H19: guesses of cookies make no state.
#[test]
fn h19_forgeries_create_nothing() {
    let mut pair = Pair::new();
    let mut random = Random(19);
    for _ in 0..FORGERIES {
        let packet_type = FROM_CLIENT[random.below(FROM_CLIENT.len())];
        let header = forgery(&mut random, packet_type, 0xe1);
        let body: &[u8] = if packet_type.has_fragment() {
            &[7; 8]
        } else {
            &[]
        };
        let datagram = encode(&header, body, CLIENT_DATAGRAM_MIN);
        pair.server.receive(pair.now, address(9), &datagram);
        while pair.server.next_transmit(pair.now).is_some() {}
    }
    let usage = pair.server.usage();
    assert_eq!(
        (usage.associations, usage.records, usage.reassembly_bytes),
        (0, 0, 0)
    );
    assert!(pair.server.next_call(pair.now).is_none());
}

/// A client whose packets the test writes by hand, as it has a cookie.
fn captured_req(pair: &mut Pair) -> Header {
    pair.call(8);
    pair.of(PacketType::Req).next().unwrap().header
}

/// H16, A9: first fragments of many long messages take no more than a client may have.
#[test]
fn h16_first_fragments_stay_within_the_budget() {
    let mut pair = Pair::new();
    let template = captured_req(&mut pair);
    let size = FragmentSize::Any;
    for (activity, pn) in (0..200).zip(10..) {
        for nfrag in [1846, u16::MAX] {
            let header = Header {
                activity,
                seq: 2,
                pn,
                geometry: Geometry {
                    size,
                    nfrag,
                    msg_len: u32::from(nfrag) * 1136 - 7,
                    msg_crc: 5,
                },
                ..template
            };
            pair.deliver_to_server(pair.address, &encode(&header, &[0; 1136], 0));
            let usage = pair.server.usage();
            assert!(usage.reassembly_bytes <= 8 << 20);
            assert!(usage.records <= 128);
        }
    }
    assert!(pair.server.usage().reassembly_bytes > 7 << 20);
    assert_eq!(pair.executed.len(), 1);
    pair.run(Duration::from_secs(31));
    assert_eq!(
        pair.server.usage().reassembly_bytes,
        0,
        "without progress they are dropped"
    );
}

/// A8, H16: fragments that are right one by one and wrong together.
#[test]
fn a8_a_message_with_a_wrong_checksum_is_not_executed() {
    let mut pair = Pair::new();
    let template = captured_req(&mut pair);
    for (nfrag, msg_len) in [(1, 100), (2, 1200)] {
        let geometry = Geometry {
            size: FragmentSize::Any,
            nfrag,
            msg_len,
            msg_crc: 5,
        };
        for frag in 0..nfrag {
            let header = Header {
                seq: 2,
                frag,
                pn: 10,
                geometry,
                ..template
            };
            let body = vec![0; geometry.range(frag).len()];
            pair.deliver_to_server(pair.address, &encode(&header, &body, CLIENT_DATAGRAM_MIN));
        }
    }
    assert_eq!(pair.executed.len(), 1);
    assert_eq!(pair.server.counters().bad_messages, 2);
    assert_eq!(pair.server.usage().reassembly_bytes, 0);
}

/// H17: acknowledgement of what was never sent, by either end.
#[test]
fn h17_acknowledgements_of_what_was_never_sent_change_nothing() {
    let mut pair = Pair::new();
    pair.call(1);
    pair.reply_len = Some(100_000);
    pair.fate = Box::new(|sent| sent.header.packet_type != PacketType::Ack);
    let id = pair.start(100);
    pair.run(Duration::from_millis(11));
    let template = pair.of(PacketType::Req).last().unwrap().header;
    let replies = pair.count(PacketType::Resp);
    for (cum, echo_pn) in [(88, 0), (11, 0), (1, u32::MAX)] {
        let (body, len) = Ack {
            cum,
            echo_pn,
            ..Ack::nothing(64)
        }
        .to_bytes();
        let header = Header {
            packet_type: PacketType::Ack,
            flags: 0,
            pn: 90,
            geometry: Geometry::NONE,
            ..template
        };
        let datagram = encode(&header, &body[..len], CLIENT_DATAGRAM_MIN);
        pair.deliver_to_server(pair.address, &datagram);
    }
    assert_eq!(pair.count(PacketType::Resp), replies);
    assert_eq!(pair.server.counters().optimistic, 3);
    let resp = pair.of(PacketType::Resp).last().unwrap().header;
    let future = Header {
        tok: echo(99, Duration::ZERO),
        ..resp
    };
    let last = &message(100_000)[resp.geometry.range(resp.frag)];
    pair.deliver_to_client(&encode(&future, last, 0));
    assert_eq!(pair.client.counters().optimistic, 1);
    pair.fate = Box::new(|_| true);
    assert_eq!(pair.end_of(id), Ended::Reply(message(100_000)));
}

/// H17: a server that answers all questions and takes nothing is as good as silent.
#[test]
fn h17_a_window_of_zero_ends_the_call() {
    let mut pair = Pair::new();
    pair.call(1);
    let resp = pair.of(PacketType::Resp).next().unwrap().header;
    pair.fate = Box::new(|sent| sent.way == Way::ToClient);
    let id = pair.start(50_000);
    let mut answered = pair.sent.len();
    while pair.ended.len() < 2 {
        pair.run(Duration::from_millis(100));
        let asked = pair.sent[answered..]
            .iter()
            .filter(|sent| sent.way == Way::ToServer);
        let asked: Vec<u32> = asked.map(|sent| sent.header.pn).collect();
        answered = pair.sent.len();
        for pn in asked {
            let (body, len) = Ack {
                echo_pn: pn,
                ..Ack::nothing(0)
            }
            .to_bytes();
            let header = Header {
                packet_type: PacketType::Ack,
                activity: id.activity,
                seq: id.seq,
                tok: echo(pn, Duration::ZERO),
                geometry: Geometry::NONE,
                ..resp
            };
            pair.deliver_to_client(&encode(&header, &body[..len], 0));
        }
        assert!(pair.elapsed() < Duration::from_secs(40));
    }
    let Ended::Failed(failure) = pair.end_of(id) else {
        panic!("a reply from nowhere");
    };
    assert_eq!(
        (failure.reason(), failure.outcome()),
        (Reason::Silence, Outcome::NotExecuted)
    );
    assert!(pair.count(PacketType::Ping) > 10, "it asked");
}

/// Writes random values into random fields of a packet, and the right checksum.
fn mutated(random: &mut Random, datagram: &[u8]) -> Bytes {
    let Packet { mut header, body } = Packet::parse(datagram).unwrap();
    let mut body = body.to_vec();
    for _ in 0..=random.below(3) {
        let small = u32::from(random.byte() % 8);
        let any = u32::from_be_bytes([random.byte(), random.byte(), random.byte(), random.byte()]);
        let number = if random.byte() < 128 { small } else { any };
        match random.below(12) {
            0 => header.flags = random.byte(),
            1 => header.code = random.byte() % 16,
            2 => header.activity = number,
            3 => header.seq = number,
            4 => header.pn = number,
            5 => header.frag = random.byte().into(),
            6 => header.geometry.nfrag = random.byte().into(),
            7 => header.geometry.msg_len = number,
            8 => header.stamp = number,
            9 => header.tok = random.next(),
            10 => header.packet_type = FROM_CLIENT[random.below(7)],
            _ => body = (0..random.below(1200)).map(|_| random.byte()).collect(),
        }
    }
    encode(&header, &body, CLIENT_DATAGRAM_MIN)
}

/// A15: packets of a session with other values in their fields, to both ends.
#[test]
fn a15_any_packet_leaves_the_budgets_and_invariants() {
    let mut random = Random(15);
    for _ in 0..20 {
        let client = ClientSettings {
            activities: 4,
            ..ClientSettings::default()
        };
        let server = ServerSettings {
            client_reply_bytes: 20_000,
            ..ServerSettings::default()
        };
        let mut pair = Pair::with(client, server);
        pair.service = Duration::from_millis(30);
        for len in [10, 5000, 30_000] {
            let _ = pair.start(len);
        }
        for _ in 0..300 {
            pair.run(Duration::from_millis(1));
            let sent = pair.sent[random.below(pair.sent.len())].clone();
            let datagram = mutated(&mut random, &sent.datagram);
            match sent.way {
                Way::ToServer => pair.deliver_to_server(pair.address, &datagram),
                Way::ToClient => pair.deliver_to_client(&datagram),
            }
            let usage = pair.server.usage();
            assert!(usage.reply_bytes <= 20_000 && usage.reassembly_bytes <= 8 << 20);
        }
        pair.run(Duration::from_secs(700));
        assert_eq!(pair.client.next_timeout(), None, "all calls have ended");
        assert_eq!(pair.server.usage().reply_bytes, 0);
    }
}

/// A15: bytes that are no packets.
#[test]
fn a15_any_bytes_are_dropped() {
    let mut pair = Pair::new();
    pair.call(1);
    let mut random = Random(3);
    for _ in 0..5000 {
        let mut datagram: Vec<u8> = (0..random.below(200)).map(|_| random.byte()).collect();
        if let Some(magic) = datagram.get_mut(4..8) {
            magic.copy_from_slice(b"ORD\x01");
        }
        pair.deliver_to_server(pair.address, &datagram);
        pair.deliver_to_client(&datagram);
    }
    assert_eq!(pair.call(2), Ended::Reply(message(2)));
}
