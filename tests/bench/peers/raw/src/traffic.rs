//! The bytes that go there and back.

use std::{collections::VecDeque, env, process, time::Instant};

use bench_contract::{Fault, Load, Operation, Samples, Window};

/// Bytes of a buffer that takes whatever comes at once.
pub(crate) const BUFFER_LEN: usize = 256 << 10;

/// Bytes of the largest datagram.
pub(crate) const DATAGRAM_MAX: usize = 65_536;

/// Bytes of a call header and a reply header without credentials.
const HEADERS: (usize, usize) = (40, 24);

/// Bytes of a record mark.
const MARK: usize = 4;

/// How many bytes go there and back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) call: usize,
    pub(crate) reply: usize,
}

impl Sizes {
    pub(crate) fn datagram(load: &Load) -> Self {
        let (arguments, results) = match load.operation {
            Operation::Null => (0, 0),
            Operation::Add => (8, 4),
            Operation::Echo => {
                let bytes = 4 + load.size.next_multiple_of(4);
                (bytes, bytes)
            }
        };
        Self {
            call: HEADERS.0 + arguments,
            reply: HEADERS.1 + results,
        }
    }

    pub(crate) fn stream(load: &Load) -> Self {
        let Self { call, reply } = Self::datagram(load);
        Self {
            call: MARK + call,
            reply: MARK + reply,
        }
    }
}

/// The first bytes on a stream: what will come, and how it is to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hello {
    pub(crate) sizes: Sizes,
    pub(crate) batch: bool,
}

impl Hello {
    pub(crate) const LEN: usize = 12;

    pub(crate) fn to_bytes(self) -> Result<[u8; Self::LEN], Fault> {
        let words = [
            u32::try_from(self.sizes.call)?,
            u32::try_from(self.sizes.reply)?,
            u32::from(self.batch),
        ];
        let mut bytes = [0; Self::LEN];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        Ok(bytes)
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, Fault> {
        let sizes = Sizes {
            call: word(bytes, 0)?,
            reply: word(bytes, 1)?,
        };
        let batch = word(bytes, 2)? == 1;
        Ok(Self { sizes, batch })
    }
}

/// A call in a datagram, which says how long its reply is.
pub(crate) fn datagram(sizes: Sizes) -> Result<Vec<u8>, Fault> {
    let mut datagram = u32::try_from(sizes.reply)?.to_be_bytes().to_vec();
    datagram.resize(sizes.call, 7);
    Ok(datagram)
}

/// How long the reply to a call in a datagram is.
pub(crate) fn reply_len(datagram: &[u8]) -> Result<usize, Fault> {
    word(datagram, 0)
}

fn word(bytes: &[u8], index: usize) -> Result<usize, Fault> {
    let word = bytes.as_chunks().0.get(index).ok_or("too few bytes")?;
    Ok(usize::try_from(u32::from_be_bytes(*word))?)
}

/// A path for a socket of this process.
pub(crate) fn socket_path() -> String {
    let name = format!("bench-raw-{}.sock", process::id());
    env::temp_dir().join(name).to_string_lossy().into_owned()
}

/// Calls that wait for their replies, which come in the same order.
#[derive(Debug)]
pub(crate) struct Outstanding {
    window: Window,
    began: VecDeque<Instant>,
    samples: Samples,
}

impl Outstanding {
    /// So many calls that begin now.
    pub(crate) fn new(window: Window, calls: usize) -> Self {
        Self {
            window,
            began: vec![Instant::now(); calls].into(),
            samples: Samples::default(),
        }
    }

    /// Takes note of replies, after each of which another call begins; says whether the run goes on.
    pub(crate) fn answered(&mut self, replies: usize) -> bool {
        let now = Instant::now();
        let mut goes_on = true;
        for _ in 0..replies {
            let began = self.began.pop_front().unwrap_or(now);
            goes_on = self.samples.record(&self.window, began, now);
            self.began.push_back(now);
        }
        goes_on
    }

    pub(crate) fn into_samples(self) -> Samples {
        self.samples
    }
}
