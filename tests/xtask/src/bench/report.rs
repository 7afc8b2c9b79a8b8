//! The tables.

use std::{env, fmt::Write as _, fs, process::Command};

use super::{Options, Results, Sample, case::Case, goals::GOALS, measure::Pin};

/// The middle one of these numbers.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What was measured, as Markdown.
pub(super) fn markdown(options: &Options, results: &Results) -> String {
    let mut text = String::from("# Calls, measured\n\n");
    heading(&mut text, options);
    goals(&mut text, results);
    for case in &options.cases {
        calls(&mut text, case, &results.samples);
    }
    syscalls(&mut text, results);
    idle(&mut text, results);
    text
}

fn heading(text: &mut String, options: &Options) {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let processor = processor.map_or(env::consts::ARCH, |name| {
        name.trim_matches([' ', '\t', ':'])
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| output.stdout).unwrap_or_default();
    let place = match options.pin {
        Pin::Same => "both ends on one processor",
        Pin::Split => "a processor for each end",
        Pin::None => "on any processor",
    };
    let _ = writeln!(
        text,
        "{processor}; Linux {}; {}; {} rounds of {} s a case, {place}.\n\
        Times are medians; a ratio is the median of those within a round. `cpu` is the processor time of \
        both ends.\n",
        kernel.trim(),
        String::from_utf8_lossy(&rustc).trim(),
        options.rounds,
        options.seconds,
    );
}

fn goals(text: &mut String, results: &Results) {
    text.push_str(
        "## Goals\n\n| what | beside | measured | must | aim | |\n|---|---|---|---|---|---|\n",
    );
    for goal in &GOALS {
        let Some(reached) = goal.reached(results) else {
            continue;
        };
        let sign = if goal.is_floor() { '≥' } else { '≤' };
        let _ = writeln!(
            text,
            "| {} | {} | {reached:.2} | {sign} {} | {sign} {} | {} |",
            goal.about,
            goal.base(),
            goal.must,
            goal.aim,
            goal.verdict(reached)
        );
    }
}

/// The peer that others are compared with: raw sockets of tokio, of the same kind where it is there.
fn base(peer: &str) -> &'static str {
    if peer.contains("udp") || peer.contains("reliable") {
        "raw-udp-tokio"
    } else if peer.contains("unix") {
        "raw-unix"
    } else {
        "raw-tokio"
    }
}

/// Peers of a case in the order in which they ran, with their samples.
pub(super) fn by_peer<'a>(
    case: &Case,
    samples: &'a [Sample],
) -> Vec<(&'static str, Vec<&'a Sample>)> {
    let mut peers: Vec<(&'static str, Vec<&Sample>)> = Vec::new();
    for sample in samples.iter().filter(|sample| sample.case == *case) {
        match peers.iter_mut().find(|(name, _)| *name == sample.peer) {
            Some((_, samples)) => samples.push(sample),
            None => peers.push((sample.peer, vec![sample])),
        }
    }
    peers
}

fn calls(text: &mut String, case: &Case, samples: &[Sample]) {
    let peers = by_peer(case, samples);
    if peers.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n## {}\n\n| peer | calls/s (least..most) | p50 µs | p99 µs | cpu µs, client + server | cpu / raw |\n\
        |---|---|---|---|---|---|",
        case.title()
    );
    for (name, samples) in &peers {
        let all = |of: fn(&Sample) -> f64| samples.iter().map(|sample| of(sample)).collect();
        let rates: Vec<f64> = all(|sample| sample.calls_per_second);
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.iter().copied().fold(0.0, f64::max);
        let base = peers.iter().find(|(peer, _)| *peer == base(name));
        let _ = writeln!(
            text,
            "| {name} | {:.0} ({least:.0}..{most:.0}) | {:.1} | {:.1} | {:.2} + {:.2} | {} |",
            median(rates),
            median(all(|sample| sample.p50_us)),
            median(all(|sample| sample.p99_us)),
            median(all(|sample| sample.client_us)),
            median(all(|sample| sample.server_us)),
            base.map_or_else(String::new, |(_, base)| ratio(samples, base)),
        );
    }
}

/// The processor time of samples, beside that of others of the same rounds.
fn ratio(samples: &[&Sample], base: &[&Sample]) -> String {
    let mut ratios = Vec::new();
    for sample in samples {
        let same_round = base.iter().find(|base| base.round == sample.round);
        ratios.extend(same_round.map(|base| sample.cpu_us() / base.cpu_us()));
    }
    format!("{:.2}", median(ratios))
}

fn syscalls(text: &mut String, results: &Results) {
    if results.syscalls.is_empty() {
        return;
    }
    text.push_str(
        "\n## System calls of a call\n\n| what | peer | client | server |\n|---|---|---|---|\n",
    );
    for one in &results.syscalls {
        let (what, peer) = (one.case.title(), one.peer);
        let _ = writeln!(
            text,
            "| {what} | {peer} | {:.2} | {:.2} |",
            one.client, one.server
        );
    }
}

fn idle(text: &mut String, results: &Results) {
    let Some(first) = results.idle.first() else {
        return;
    };
    let _ = writeln!(
        text,
        "\n## {} connections without calls, beside 64 with calls\n\n\
        | peer | KiB each, server | p50 µs without them | with | p99 µs without | with |\n\
        |---|---|---|---|---|---|",
        first.connections
    );
    for one in &results.idle {
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} |",
            one.peer, one.kib, one.without_us.0, one.with_us.0, one.without_us.1, one.with_us.1
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_of_numbers() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn peers_have_a_base_of_their_kind() {
        assert_eq!(base("ours-reliable"), "raw-udp-tokio");
        assert_eq!(base("ours-unix"), "raw-unix");
        assert_eq!(base("tonic"), "raw-tokio");
    }
}
