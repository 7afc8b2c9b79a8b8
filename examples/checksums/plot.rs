//! Bars on a logarithmic scale: one for each checksum and kind of corruption.

use std::fmt::Write;

use crate::{Findings, corruption::Corruption};

/// The length of the longest bar, in characters or, times ten, in units of the drawing.
const WIDTH: f64 = 48.0;

/// How long a bar is: nothing for none, and the whole width for all.
fn length(unseen: u32, count: u32) -> f64 {
    if unseen == 0 {
        return 0.0;
    }
    WIDTH * (1.0 + f64::from(unseen).log10()) / (1.0 + f64::from(count.max(1)).log10())
}

/// The bars as text.
pub(crate) fn text(all: &[Findings], count: u32) -> String {
    let mut text = String::from("unseen corruptions, on a logarithmic scale\n");
    for (kind, index) in Corruption::ALL.into_iter().zip(0..) {
        let _ = writeln!(text, "\n{}", kind.name());
        for one in all {
            let unseen = one.unseen.get::<usize>(index).copied().unwrap_or(0);
            let mut bar = String::new();
            while f64::from(u32::try_from(bar.len()).unwrap_or(u32::MAX)) < length(unseen, count) {
                bar.push('#');
            }
            let _ = writeln!(text, "  {:<12}|{bar} {unseen}", one.name);
        }
    }
    text
}

/// The bars as an SVG file.
pub(crate) fn svg(all: &[Findings], count: u32) -> String {
    let mut bars = String::new();
    let mut y = 40;
    for (kind, index) in Corruption::ALL.into_iter().zip(0..) {
        let _ = writeln!(
            bars,
            r#"<text x="10" y="{}" font-weight="bold">{}</text>"#,
            y,
            kind.name()
        );
        for one in all {
            y += 20;
            let unseen = one.unseen.get::<usize>(index).copied().unwrap_or(0);
            let width = 10.0 * length(unseen, count);
            let _ = writeln!(
                bars,
                r##"<text x="20" y="{y}">{}</text><rect x="120" y="{}" width="{width:.1}" height="14" fill="#4477aa"/><text x="{:.1}" y="{y}">{unseen}</text>"##,
                one.name,
                y - 12,
                125.0 + width,
            );
        }
        y += 40;
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{y}" font-family="sans-serif" font-size="13">
<text x="10" y="18">Unseen of {count} corruptions, on a logarithmic scale</text>
{bars}</svg>
"#
    )
}
