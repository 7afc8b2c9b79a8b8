//! The table at the end.

use std::time::Duration;

use crate::{Arguments, Told, network::Network};

/// What came of all calls over one transport.
pub(crate) struct Report {
    scheme: &'static str,
    told: Told,
    /// Executions of all calls together.
    executed: u32,
    /// Calls that were executed more than once.
    twice: u32,
    traffic: String,
    sent: Option<u64>,
}

impl Report {
    pub(crate) fn new<'a>(
        scheme: &'static str,
        mut told: Told,
        executions: impl Iterator<Item = &'a u32>,
        network: &Network,
    ) -> Self {
        told.took.sort_unstable();
        let (mut executed, mut twice) = (0, 0);
        for count in executions {
            executed += count;
            twice += u32::from(*count > 1);
        }
        Self {
            scheme,
            told,
            executed,
            twice,
            traffic: network.traffic(),
            sent: network.sent(),
        }
    }

    /// Where it stands in the table.
    pub(crate) fn place(&self) -> Option<usize> {
        crate::network::SCHEMES
            .iter()
            .position(|scheme| *scheme == self.scheme)
    }

    /// The time within which this part of the answered calls had their answers.
    fn percentile(&self, per_mille: usize) -> Duration {
        let took = &self.told.took;
        let place = (took.len() * per_mille / 1000).min(took.len().saturating_sub(1));
        took.get(place).copied().unwrap_or_default()
    }
}

/// Prints what callers were told and what servers did.
pub(crate) fn print(arguments: &Arguments, reports: &[Report]) {
    println!(
        "{} calls over each, {} at once; datagrams: {} lost, {} twice, {} overtaken, {} corrupted",
        arguments.calls,
        arguments.callers,
        arguments.loss,
        arguments.duplication,
        arguments.reordering,
        arguments.corruption
    );
    println!(
        "\n{:<10}{:>9}{:>7}{:>9}{:>9}{:>10}{:>7}{:>8}{:>9}{:>9}{:>9}{:>9}",
        "",
        "answered",
        "wrong",
        "not run",
        "unknown",
        "executed",
        "twice",
        "sent",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "max ms"
    );
    for report in reports {
        let told = &report.told;
        print!(
            "{:<10}{:>9}{:>7}{:>9}{:>9}{:>10}{:>7}{:>8}",
            report.scheme,
            told.answered,
            told.wrong,
            told.not_executed,
            told.unknown,
            report.executed,
            report.twice,
            report
                .sent
                .map_or_else(|| "-".to_owned(), |sent| sent.to_string()),
        );
        for per_mille in [500, 900, 990, 1000] {
            print!("{:>9.1}", report.percentile(per_mille).as_secs_f64() * 1e3);
        }
        println!();
    }
    println!();
    for report in reports {
        println!("{:<10}{}", report.scheme, report.traffic);
    }
    println!(
        "\nwrong: the answer is not the one to this call. sent: datagrams of the client; more"
    );
    println!("than calls are retransmissions and, with reliable datagrams, acknowledgements.");
}
