//! What is simulated: who calls what, and what goes wrong.

use std::time::Duration;

use crate::random::{Random, Share, mixed};

/// A scenario: load and faults.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it is called.
    pub name: &'static str,
    /// How many calls are made.
    pub calls: u64,
    /// Who calls what.
    pub load: Load,
    /// What goes wrong until all calls have begun.
    pub faults: Faults,
    /// How long after the last fault the last call has ended.
    pub patience: Duration,
    /// When the first calls are made, once the machines are up.
    pub start: Duration,
    /// How the server drains, if it does.
    pub drain: Option<Drain>,
    /// When the server dies for good, if it does.
    pub kill: Option<Duration>,
    /// Datagrams for each call, beyond which a run is given up: nothing ends in a storm.
    pub datagrams_max: u64,
    /// Whether the run ends as soon as anything is wrong.
    pub ends_at_fault: bool,
}

/// A server that takes no more calls from some time on.
#[derive(Debug, Clone, Copy)]
pub struct Drain {
    /// After how many events it begins.
    pub events: u64,
    /// How long it may take until nothing is left to do.
    pub within: Duration,
}

/// Who calls what.
#[derive(Debug, Clone)]
pub struct Load {
    /// Client processes.
    pub clients: usize,
    /// Calls that each of them has in flight.
    pub in_flight: usize,
    /// The pause between calls, on the average.
    pub pause: Duration,
    /// Bytes of arguments.
    pub arguments: Sizes,
    /// Bytes of results.
    pub results: Sizes,
    /// How long the service works on a call.
    pub work: (Duration, Duration),
    /// Calls that are long.
    pub long: Share,
    /// How long the service works on a long call.
    pub long_work: (Duration, Duration),
    /// Calls that the service works on at once.
    pub workers: usize,
}

/// How large something is.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// The usual range, in bytes.
    pub usual: (usize, usize),
    /// What is large.
    pub large: Share,
    /// The range of what is large.
    pub large_range: (usize, usize),
}

impl Sizes {
    /// All sizes of a range.
    #[must_use]
    pub const fn range(from: usize, to: usize) -> Self {
        Self {
            usual: (from, to),
            large: Share::NEVER,
            large_range: (0, 0),
        }
    }

    fn pick(&self, random: &mut Random) -> usize {
        let large = random.hits(self.large);
        let (from, to) = if large { self.large_range } else { self.usual };
        from + random.index(to - from + 1)
    }
}

/// Things that go wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// How long a datagram takes; what varies is reordered.
    pub delay: (Duration, Duration),
    /// Datagrams that are lost.
    pub loss: Share,
    /// Datagrams that come twice.
    pub duplication: Share,
    /// Datagrams of which some bits are not what was sent.
    pub corruption: Share,
    /// Datagrams that end early.
    pub truncation: Share,
    /// Datagrams to the server that come once more, much later.
    pub replay: Share,
    /// How much later at the most.
    pub replay_delay: Duration,
    /// Mean time between changes of a client's address, of all clients.
    pub address_change: Option<Duration>,
    /// Mean time between crashes of a client, of all clients.
    pub client_crash: Option<Duration>,
    /// Mean time between crashes of the server.
    pub server_crash: Option<Duration>,
    /// How long a server that crashed is away.
    pub server_restart: (Duration, Duration),
    /// Mean time between partitions, of all clients.
    pub partition: Option<Duration>,
    /// How long a partition lasts at the most.
    pub partition_len: Duration,
    /// Mean time between suspensions, of all clients.
    pub suspension: Option<Duration>,
    /// How long a suspension lasts at the most.
    pub suspension_len: Duration,
    /// Whether clocks of clients run at half to one and a half of the right rate.
    pub drift: bool,
}

/// One call of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// What names it among all calls of the run.
    pub token: u64,
    /// Bytes of its arguments.
    pub arguments: usize,
    /// Bytes of its result.
    pub result: usize,
    /// How long the service works on it.
    pub work: Duration,
}

/// Bytes that arguments and results have at least: the token, and what proves that the rest is
/// theirs.
pub const PAYLOAD_MIN: usize = 16;

impl Plan {
    /// The call with this number.
    #[must_use]
    pub fn call(&self, seed: u64, number: u64) -> Spec {
        let token = token(seed, number);
        let mut random = Random::new(token);
        let long = random.hits(self.load.long);
        let work = if long {
            self.load.long_work
        } else {
            self.load.work
        };
        Spec {
            token,
            arguments: self.load.arguments.pick(&mut random).max(PAYLOAD_MIN),
            result: self.load.results.pick(&mut random).max(PAYLOAD_MIN),
            work: random.between(work),
        }
    }

    /// The same with a part of its calls.
    #[must_use]
    pub fn percent(mut self, percent: u64) -> Self {
        self.calls = (self.calls * percent / 100).max(1);
        self
    }
}

/// The token of a call: the number in the low half, and what few tokens have in the high half.
fn token(seed: u64, number: u64) -> u64 {
    mixed(seed ^ mixed(number)) << 32 | number
}

/// The number of the call with this token, if it is one of this seed.
#[must_use]
pub fn number_of(seed: u64, token_read: u64) -> Option<u64> {
    let number = token_read & u64::from(u32::MAX);
    (token(seed, number) == token_read).then_some(number)
}
