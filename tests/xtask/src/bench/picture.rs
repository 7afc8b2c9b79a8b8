//! The picture: the processor time of a call, a bar for each peer.

use std::fmt::Write as _;

use super::{
    Sample,
    report::{by_peer, median},
};

const WIDTH: f64 = 760.0;
const LABEL: f64 = 150.0;
const BAR: f64 = 14.0;
const LINE: f64 = 18.0;
const TITLE: f64 = 34.0;

/// The part of the width that the longest bar takes; its number stands behind it.
const LONGEST: f64 = WIDTH - LABEL - 90.0;

const OURS: &str = "#2563eb";
const RAW: &str = "#9ca3af";
const OTHERS: &str = "#d97706";

/// All cases, one under the other.
pub(super) fn svg(samples: &[Sample]) -> String {
    let mut cases = Vec::new();
    for sample in samples {
        if !cases.contains(&&sample.case) {
            cases.push(&sample.case);
        }
    }
    let mut body = String::new();
    let mut y = 0.0;
    for case in cases {
        let bars = by_peer(case, samples).into_iter().map(|(peer, samples)| {
            let times = samples.iter().map(|sample| sample.cpu_us()).collect();
            (peer, median(times))
        });
        let mut bars: Vec<(&str, f64)> = bars.collect();
        bars.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        y = group(&mut body, y, &case.title(), &bars);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{}\" \
        font-family=\"sans-serif\" font-size=\"12\">\n\
        <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n",
        y + LINE
    )
}

/// One case; gives where the next begins.
fn group(body: &mut String, top: f64, title: &str, bars: &[(&str, f64)]) -> f64 {
    let longest = bars.iter().map(|(_, time)| *time).fold(0.0, f64::max);
    let mut y = top + TITLE;
    let _ = writeln!(
        body,
        "<text x=\"10\" y=\"{}\" font-weight=\"bold\">{title}: µs of processor time a call, both ends</text>",
        y - 8.0
    );
    for (peer, time) in bars {
        let colour = match peer.split('-').next() {
            Some("ours") => OURS,
            Some("raw" | "sketch") => RAW,
            _ => OTHERS,
        };
        let length = if longest > 0.0 {
            time / longest * LONGEST
        } else {
            0.0
        };
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{peer}</text>\
            <rect x=\"{LABEL}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\
            <text x=\"{:.1}\" y=\"{}\">{time:.2}</text>",
            LABEL - 8.0,
            y + 11.0,
            LABEL + length + 6.0,
            y + 11.0
        );
        y += LINE;
    }
    y
}
