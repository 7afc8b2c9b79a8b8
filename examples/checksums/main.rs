//! What checksums cost, and what they do not see.
//!
//! Messages are corrupted at random, a million times in each of three ways, and each checksum is
//! asked whether it noticed. `--svg FILE` draws the result, too.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

mod corruption;
mod plot;

use std::{fs, hint::black_box, io, path::PathBuf, time::Instant};

use clap::Parser;
use corruption::Corruption;
use fastrand::Rng;
use rpc_runtime::checksum::{Checksum, Crc32c, Fletcher16, Fletcher32, InternetChecksum};

/// Compares checksums: their cost, and the corruptions that they do not see.
#[derive(Debug, Parser)]
struct Arguments {
    /// Corruptions of each kind
    #[arg(long, default_value_t = 1_000_000)]
    count: u32,

    /// Bytes of each message
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(16..=65_536))]
    len: u32,

    /// The seed of all that is random
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Draw the unseen corruptions into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What was found about one checksum.
struct Findings {
    name: &'static str,
    nanoseconds_per_byte: f64,
    /// In the order of [`Corruption::ALL`].
    unseen: [u32; 3],
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let all = [
        examine::<InternetChecksum>(&arguments),
        examine::<Fletcher16>(&arguments),
        examine::<Fletcher32>(&arguments),
        examine::<Crc32c>(&arguments),
    ];
    let Arguments { count, len, .. } = arguments;
    println!("{count} corruptions of each kind, messages of {len} bytes\n");
    print!("{:<12}{:>10}", "checksum", "ns/byte");
    for kind in Corruption::ALL {
        print!("{:>24}", format!("unseen {}", kind.name()));
    }
    println!();
    for one in &all {
        print!("{:<12}{:>10.3}", one.name, one.nanoseconds_per_byte);
        one.unseen.iter().for_each(|unseen| print!("{unseen:>24}"));
        println!();
    }
    println!("\n{}", plot::text(&all, count));
    if let Some(path) = arguments.svg {
        fs::write(&path, plot::svg(&all, count))?;
        println!("drawn into {}", path.display());
    }
    Ok(())
}

fn examine<C: Checksum>(arguments: &Arguments) -> Findings {
    Findings {
        name: C::NAME,
        nanoseconds_per_byte: cost::<C>(),
        unseen: Corruption::ALL.map(|kind| unseen::<C>(kind, arguments)),
    }
}

/// Nanoseconds that a byte takes in a long message.
fn cost<C: Checksum>() -> f64 {
    const LEN: u32 = 64 << 10;
    const TIMES: u32 = 64;
    let message: Vec<u8> = (0..=u8::MAX).cycle().take(LEN as usize).collect();
    let start = Instant::now();
    for _ in 0..TIMES {
        black_box(C::of(black_box(&message)));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(LEN * TIMES)
}

/// How many corruptions of a kind left the sum as it was.
fn unseen<C: Checksum>(kind: Corruption, arguments: &Arguments) -> u32 {
    let mut random = Rng::with_seed(arguments.seed);
    let mut message = vec![0; arguments.len as usize];
    random.fill(&mut message);
    let mut unseen = 0;
    let mut sum = C::of(&message);
    for _ in 0..arguments.count {
        let before = message.clone();
        kind.apply(&mut message, &mut random);
        let after = C::of(&message);
        // A corruption may change nothing, as when equal words change places.
        unseen += u32::from(after == sum && message != before);
        sum = after;
    }
    unseen
}
