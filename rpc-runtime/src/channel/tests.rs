//! Two ends on a virtual clock, with a lossy link in each direction.

use super::*;
use crate::{
    checksum::{Checksum, Crc32c, Fletcher16, seal, unseal},
    fault::{Faults, LossyLink},
};
use proptest::prelude::*;
use std::marker::PhantomData;

const RTT: Duration = Duration::from_millis(2);

/// Two ends, sealed packets between them, and the time.
struct World<C> {
    now: Instant,
    ends: [Channel; 2],
    /// Each end's link to the other.
    links: [LossyLink<()>; 2],
    corrupted: u64,
    checksum: PhantomData<C>,
}

impl<C: Checksum> World<C> {
    fn new(config: ChannelConfig, faults: Faults, seed: u64) -> Self {
        Self {
            now: Instant::now(),
            ends: [1, 2].map(|end| Channel::new(config, seed + end)),
            links: [3, 4].map(|link| LossyLink::new(faults.delay(RTT / 2), seed + link)),
            corrupted: 0,
            checksum: PhantomData,
        }
    }

    /// Moves what is due now one step; says whether there was anything.
    fn step(&mut self) -> bool {
        let mut is_moved = false;
        for (end, link) in self.ends.iter_mut().zip(&mut self.links) {
            while let Some(packet) = end.next_packet(self.now) {
                link.send(self.now, (), seal::<C>(&packet));
                is_moved = true;
            }
        }
        for (link, end) in self.links.iter_mut().zip(self.ends.iter_mut().rev()) {
            while let Some(((), sealed)) = link.deliver(self.now) {
                is_moved = true;
                match unseal::<C>(&sealed) {
                    Some(packet) => end.receive_packet(self.now, &packet),
                    None => self.corrupted += 1,
                }
            }
        }
        is_moved
    }

    /// Moves the clock to the next event, if there is one.
    fn advance(&mut self) -> bool {
        let timeouts = self.ends.iter().filter_map(Channel::next_timeout);
        let deliveries = self.links.iter().filter_map(LossyLink::next_delivery);
        let Some(next) = timeouts.chain(deliveries).min() else {
            return false;
        };
        self.now = self.now.max(next);
        true
    }

    /// Sends so many messages in both directions, and checks that they come as they were sent.
    fn exchange(&mut self, count: u32) {
        let message = |number: u32| Bytes::copy_from_slice(&number.to_be_bytes());
        let mut sent = [0, 0];
        let mut came = [0, 0];
        while came != [count, count] || !self.ends.iter().all(Channel::is_all_acknowledged) {
            for (end, sent) in self.ends.iter_mut().zip(&mut sent) {
                while *sent < count && end.send(self.now, message(*sent)) {
                    *sent += 1;
                }
            }
            let is_moved = self.step();
            for (end, came) in self.ends.iter_mut().zip(&mut came) {
                while let Some(next) = end.next_message() {
                    assert_eq!(next, message(*came), "each once, in order");
                    *came += 1;
                }
            }
            assert!(!self.ends.iter().any(|end| end.is_broken(self.now)));
            assert!(is_moved || self.advance(), "nothing is lost for ever");
        }
    }
}

fn hostile() -> Faults {
    let faults = Faults::none().loss(0.3).duplication(0.1);
    faults.reordering(0.2).corruption(0.05)
}

#[test]
fn exactly_once_and_in_order_stop_and_wait() {
    let mut world = World::<Crc32c>::new(ChannelConfig::stop_and_wait(), hostile(), 1);
    world.exchange(500);
    let counters = world.ends[0].counters();
    assert!(counters.retransmissions > 200 && counters.dropped > 0);
    assert!(world.corrupted > 50);
}

#[test]
fn exactly_once_and_in_order_with_a_window() {
    let mut world = World::<Crc32c>::new(ChannelConfig::default(), hostile(), 2);
    world.exchange(2000);
    assert!(world.ends[0].counters().retransmissions > 800);
}

#[test]
fn a_window_is_faster_than_stop_and_wait() {
    let faults = Faults::none();
    let took = |config| {
        let mut world = World::<Crc32c>::new(config, faults, 3);
        let start = world.now;
        world.exchange(320);
        world.now - start
    };
    assert_eq!(took(ChannelConfig::stop_and_wait()), RTT * 320);
    assert_eq!(took(ChannelConfig::default()), RTT * 10, "32 at a time");
}

#[test]
fn a_clean_link_needs_one_packet_and_one_acknowledgement() {
    let mut world = World::<Crc32c>::new(ChannelConfig::default(), Faults::none(), 4);
    world.exchange(100);
    let counters = world.ends[0].counters();
    assert_eq!((counters.transmissions, counters.retransmissions), (100, 0));
    assert_eq!(world.links[0].counters().sent, 200);
}

#[test]
fn losses_do_not_slow_down_what_is_not_lost() {
    let mut world = World::<Crc32c>::new(ChannelConfig::default(), hostile(), 11);
    let start = world.now;
    world.exchange(2000);
    assert!(
        world.now - start < Duration::from_secs(20),
        "on the virtual clock"
    );
}

#[test]
fn a_slow_link_is_measured_though_every_packet_is_sent_again() {
    let faults = Faults::none();
    let mut world = World::<Crc32c>::new(ChannelConfig::stop_and_wait(), faults, 12);
    world.exchange(10);
    let slow = faults.delay(Duration::from_millis(300));
    world
        .links
        .iter_mut()
        .for_each(|link| link.set_faults(slow));
    world.exchange(20);
    let needless = world.ends[0].counters().retransmissions;
    assert!(
        (1..30).contains(&needless),
        "{needless}: only until there is a sample"
    );
}

#[test]
fn the_sequence_counter_wraps() {
    let config = ChannelConfig::default().first_sequence(u32::MAX - 100);
    World::<Crc32c>::new(config, hostile(), 5).exchange(300);
}

/// A checksum that sees nothing.
#[derive(Debug, Clone, Default)]
struct Blind;

impl Checksum for Blind {
    const NAME: &'static str = "none";
    const LEN: usize = 0;

    fn update(&mut self, _: &[u8]) {}

    fn sum(&self) -> u32 {
        0
    }
}

#[test]
fn without_a_checksum_wrong_messages_come() {
    let wrong = std::panic::catch_unwind(|| {
        World::<Blind>::new(ChannelConfig::default(), hostile(), 6).exchange(2000);
    });
    assert!(wrong.is_err());
    World::<Fletcher16>::new(ChannelConfig::default(), hostile(), 6).exchange(2000);
}

#[test]
fn sends_again_with_back_off_and_gives_up() {
    let mut world =
        World::<Crc32c>::new(ChannelConfig::stop_and_wait(), Faults::none().loss(1.0), 7);
    let start = world.now;
    assert!(world.ends[0].send(start, Bytes::from_static(b"lost")));
    assert!(!world.ends[0].has_room());
    let mut sent = Vec::new();
    while !world.ends[0].is_broken(world.now) {
        let before = world.links[0].counters().sent;
        world.step();
        if world.links[0].counters().sent > before {
            sent.push(world.now - start);
        }
        assert!(world.advance());
    }
    let seconds = [0, 1, 3, 7, 11, 15, 19, 23, 27].map(Duration::from_secs);
    assert!((13..=16).contains(&sent.len()));
    for (at, least) in sent.iter().zip(seconds) {
        assert!(*at >= least && *at <= least * 9 / 8, "{at:?}");
    }
    assert_eq!(world.now - start, SILENCE_MAX);
}

#[test]
fn forged_acknowledgements_change_nothing() {
    let now = Instant::now();
    let mut end = Channel::new(ChannelConfig::default(), 8);
    assert!(end.send(now, Bytes::from_static(b"first")));
    assert!(end.next_packet(now).is_some());
    assert!(end.send(now, Bytes::from_static(b"second")));
    for (received, next) in [(1, 2), (2, 2), (9, 9), (u32::MAX, u32::MAX), (7, 0)] {
        let packet = Packet::Acknowledgement {
            received,
            copy: 0,
            next,
        };
        end.receive_packet(now, &packet.encode());
    }
    assert!(!end.is_all_acknowledged());
    let second = end.next_packet(now);
    assert!(second.is_some(), "not sent yet, so not acknowledged");
}

#[test]
fn what_comes_too_early_and_what_nobody_reads_is_bounded() {
    let now = Instant::now();
    let mut end = Channel::new(ChannelConfig::default(), 9);
    let data = |sequence| Packet::Data {
        sequence,
        copy: 0,
        message: Bytes::from_static(b"message"),
    };
    end.receive_packet(now, &data(WINDOW_MAX).encode());
    assert!(
        end.next_packet(now).is_none(),
        "too early: not acknowledged"
    );
    for sequence in 0..10 * WINDOW_MAX {
        end.receive_packet(now, &data(sequence).encode());
        end.next_packet(now);
    }
    assert_eq!(std::iter::from_fn(|| end.next_message()).count(), 256);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn exactly_once_and_in_order_always(
        window in 1_u32..64, first: u32, seed: u64,
        loss in 0.0..0.2, duplication in 0.0..0.5, reordering in 0.0..0.5, corruption in 0.0..0.1,
    ) {
        let faults = Faults::none().loss(loss).duplication(duplication);
        let faults = faults.reordering(reordering).corruption(corruption);
        let config = ChannelConfig::default().window(window).first_sequence(first);
        World::<Crc32c>::new(config, faults, seed >> 1).exchange(100);
    }

    #[test]
    fn any_packets_do_no_harm(packets: Vec<Vec<u8>>) {
        let now = Instant::now();
        let mut end = Channel::new(ChannelConfig::default(), 10);
        for packet in packets {
            end.receive_packet(now, &packet.into());
            while end.next_packet(now).is_some() {}
        }
    }
}
