use super::*;

const DELAY: Duration = Duration::from_millis(9);

/// A message of so many fragments, of which these many were sent as packets 1, 2, ….
fn sender(fragments: usize, sent: u16, now: Instant) -> Sender {
    let message = vec![7; fragments * FragmentSize::Any.bytes()];
    let mut sender = Sender::new(message.into(), FragmentSize::Any, 64).unwrap();
    for frag in 0..sent {
        assert_eq!(sender.next(), Some(frag));
        let pn = u32::from(frag) + 1;
        assert!(sender.sent(frag, Transmission { pn, at: now }));
    }
    sender
}

fn ack(cum: u16, echo_pn: u32, bitmap: &[u8]) -> Ack<'_> {
    Ack {
        cum,
        nbits: u16::try_from(bitmap.len() * 8).unwrap(),
        window: 64,
        echo_pn,
        hold_us: 0,
        bitmap,
    }
}

#[test]
fn fragments_leave_up_to_the_window() {
    let now = Instant::now();
    let mut sender = sender(100, 10, now);
    assert_eq!(sender.next(), None, "ten before the first acknowledgement");
    let progress = sender.acknowledge(&ack(2, 2, &[]), now, DELAY).unwrap();
    assert_eq!((progress.arrived, progress.landed), (2, 2));
    for (frag, pn) in (10..66).zip(11..) {
        assert_eq!(sender.next(), Some(frag));
        sender.sent(frag, Transmission { pn, at: now });
    }
    assert_eq!(sender.next(), None);
    assert_eq!(sender.in_flight(), 64);
    assert!(!sender.is_fully_sent());
}

#[test]
fn what_later_packets_overtook_is_lost() {
    let now = Instant::now();
    let mut sender = sender(8, 8, now);
    // Fragments 1 and 4 have not come; the packet of 4 may still be behind that of 5.
    let progress = sender
        .acknowledge(&ack(1, 6, &[0b1_0110]), now, DELAY)
        .unwrap();
    assert_eq!((progress.arrived, progress.lost), (4, 1));
    assert_eq!(sender.next(), Some(1));
    sender.sent(1, Transmission { pn: 9, at: now });
    let progress = sender
        .acknowledge(&ack(1, 8, &[0b111_0110]), now, DELAY)
        .unwrap();
    assert_eq!(
        progress.lost, 0,
        "one reaction to each flight: packet 9 is still under way"
    );
    let later = now + DELAY;
    let progress = sender
        .acknowledge(&ack(1, 8, &[0b111_0110]), later, DELAY)
        .unwrap();
    assert_eq!(progress.lost, 1, "fragment 4, after 9/8 of a round trip");
    assert_eq!(sender.next(), Some(4));
}

/// H17: acknowledgement of what was never sent.
#[test]
fn h17_optimistic_acknowledgements_change_nothing() {
    let now = Instant::now();
    let mut sender = sender(20, 4, now);
    assert_eq!(sender.acknowledge(&ack(5, 4, &[]), now, DELAY), None);
    assert_eq!(
        sender.acknowledge(&ack(0, 4, &[0b1_0000]), now, DELAY),
        None
    );
    assert_eq!(
        sender.acknowledge(&ack(u16::MAX, 4, &[0xff; 128]), now, DELAY),
        None
    );
    assert_eq!(sender.in_flight(), 4);
    assert!(!sender.has_arrived());
}

/// H17: a receiver that takes nothing.
#[test]
fn h17_nothing_is_sent_into_a_window_of_zero() {
    let now = Instant::now();
    let mut sender = sender(20, 4, now);
    let stop = Ack {
        window: 0,
        ..ack(4, 4, &[])
    };
    sender.acknowledge(&stop, now, DELAY).unwrap();
    assert!(sender.is_stopped());
    assert_eq!(sender.next(), None);
}

#[test]
fn a_late_acknowledgement_takes_nothing_back() {
    let now = Instant::now();
    let mut sender = sender(8, 8, now);
    sender.acknowledge(&ack(6, 6, &[]), now, DELAY).unwrap();
    let late = sender.acknowledge(&ack(2, 2, &[]), now, DELAY).unwrap();
    assert_eq!((late.arrived, late.lost), (0, 0));
    sender.acknowledge(&ack(8, 8, &[]), now, DELAY).unwrap();
    assert!(sender.has_arrived() && sender.is_fully_sent());
    assert_eq!(sender.next(), None);
    assert_eq!(sender.first_in_doubt(), None);
}

#[test]
fn a_message_may_be_sent_again_from_its_beginning() {
    let now = Instant::now();
    let mut sender = sender(3, 3, now);
    assert_eq!(sender.lose_all(), 3);
    assert_eq!(sender.next(), Some(0));
    sender.sent(0, Transmission { pn: 4, at: now });
    assert_eq!(sender.restart(), 1);
    assert_eq!((sender.next(), sender.is_fully_sent()), (Some(0), false));
    sender.sent(0, Transmission { pn: 5, at: now });
    let progress = sender.acknowledge(&ack(3, 3, &[]), now, DELAY);
    assert!(
        progress.is_some() && sender.has_arrived(),
        "it had them all the same"
    );
}

/// F20: the most fragments that the field can say.
#[test]
fn a_message_has_at_most_65535_fragments() {
    let size = FragmentSize::Any;
    let longest = vec![0; 65_535 * size.bytes()];
    assert_eq!(Geometry::of(&longest, size).unwrap().nfrag, u16::MAX);
    let longer = vec![0; 65_535 * size.bytes() + 1];
    assert_eq!(Geometry::of(&longer, size), None);
    assert_eq!(Geometry::of(&[], size), None);
}
