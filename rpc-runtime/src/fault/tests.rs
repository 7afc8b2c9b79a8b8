use super::*;

const DELAY: Duration = Duration::from_millis(5);

/// What comes out, with the time that each datagram was on the way, and the counters.
fn through(faults: Faults, seed: u64, count: u32) -> (Vec<(Duration, Bytes)>, LinkCounters) {
    let mut link = LossyLink::new(faults, seed);
    let start = Instant::now();
    for number in 0..count {
        link.send(start, (), Bytes::copy_from_slice(&number.to_be_bytes()));
    }
    let mut came = Vec::new();
    while let Some(at) = link.next_delivery() {
        let before = at.checked_sub(Duration::from_nanos(1)).unwrap();
        assert!(link.deliver(before).is_none());
        let ((), datagram) = link.deliver(at).unwrap();
        came.push((at - start, datagram));
    }
    (came, link.counters())
}

fn numbers(came: &[(Duration, Bytes)]) -> Vec<u32> {
    let number = |bytes: &Bytes| u32::from_be_bytes(bytes[..].try_into().unwrap());
    came.iter().map(|(_, datagram)| number(datagram)).collect()
}

#[test]
fn without_faults_everything_comes_in_order() {
    let (came, counters) = through(Faults::none().delay(DELAY), 1, 100);
    assert_eq!(numbers(&came), (0..100).collect::<Vec<_>>());
    assert!(came.iter().all(|(on_the_way, _)| *on_the_way == DELAY));
    assert_eq!((counters.sent, counters.delivered), (100, 100));
}

#[test]
fn each_fault_is_as_frequent_as_it_should_be() {
    let faults = Faults::none().loss(0.3).duplication(0.1);
    let faults = faults.reordering(0.2).corruption(0.01).delay(DELAY);
    let (came, counters) = through(faults, 2, 10_000);
    assert!((2800..3200).contains(&counters.lost));
    assert!(
        (600..800).contains(&counters.duplicated),
        "of those that come"
    );
    assert!((1400..1700).contains(&counters.reordered));
    assert!((50..110).contains(&counters.corrupted));
    let expected = counters.sent - counters.lost + counters.duplicated;
    assert_eq!(counters.delivered, expected);
    assert_eq!(came.len() as u64, expected);
    let numbers = numbers(&came);
    assert!(!numbers.is_sorted());
    let latest = came.iter().map(|(on_the_way, _)| *on_the_way).max();
    assert!(latest.unwrap() > DELAY && latest.unwrap() <= DELAY + HELD_BACK);
}

#[test]
fn corruption_flips_one_bit() {
    let (came, counters) = through(Faults::none().corruption(1.0), 3, 1000);
    assert_eq!(counters.corrupted, 1000);
    for (sent, came) in (0..).zip(numbers(&came)) {
        assert_eq!((sent ^ came).count_ones(), 1_u32);
    }
}

#[test]
fn same_seed_same_faults() {
    let faults = Faults::none().loss(0.5).duplication(0.5).reordering(0.5);
    assert_eq!(through(faults, 4, 1000), through(faults, 4, 1000));
    assert_ne!(through(faults, 4, 1000), through(faults, 5, 1000));
}

#[test]
fn an_empty_datagram_cannot_be_corrupted() {
    let mut link = LossyLink::new(Faults::none().corruption(1.0), 6);
    let now = Instant::now();
    link.send(now, (), Bytes::new());
    assert_eq!(link.deliver(now), Some(((), Bytes::new())));
}

#[test]
fn what_is_too_much_is_lost() {
    let (came, counters) = through(Faults::none(), 7, 70_000);
    assert_eq!(came.len(), IN_FLIGHT_MAX);
    assert_eq!(counters.lost, 70_000 - IN_FLIGHT_MAX as u64);
}
