//! The picture: one panel below the other over one axis of time. It needs nothing else, and follows the reader's light or dark.

use crate::cli::fuzz::stats::Sample;
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 48.0;
const PANEL: f64 = 120.0;
const GAP: f64 = 44.0;
const BOTTOM: f64 = 44.0;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}.panel{font-weight:600}.dim{fill:#6b6b6b}\
.grid{stroke:#e2e2e2}.line{fill:none;stroke:#1f6f8b;stroke-width:1.8;stroke-linejoin:round}.end{fill:#1f6f8b}.find{stroke:#b3261e;stroke-dasharray:3 3}.goal{stroke:#6b6b6b;stroke-dasharray:6 4}\
.back{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#ddd}.dim{fill:#9a9a9a}.grid{stroke:#3a3a3a}.line{stroke:#6fc3df}.end{fill:#6fc3df}\
.find{stroke:#f2877f}.goal{stroke:#9a9a9a}.back{fill:#1b1b1b}}";

/// A panel: what it shows, of a sample, what that could be at most, and how a value is written.
struct Panel {
    title: &'static str,
    value: fn(&Sample) -> f64,
    goal: fn(&Sample) -> Option<f64>,
    write: fn(f64) -> String,
}

const PANELS: [Panel; 3] = [
    Panel {
        title: "coverage cells reached",
        value: |sample| sample.covered as f64,
        goal: |sample| sample.total_cells.map(|cells| cells as f64),
        write: plain,
    },
    Panel { title: "site calls a second", value: |sample| sample.site_calls_per_second, goal: |_| None, write: short },
    Panel { title: "resident memory", value: |sample| sample.rss_kib as f64 * 1024.0, goal: |_| None, write: bytes },
];

/// The picture of these samples, at least one.
pub fn draw(samples: &[Sample]) -> String {
    let height = TOP + PANELS.len() as f64 * (PANEL + GAP) - GAP + BOTTOM;
    let end = samples.iter().map(|sample| sample.total_seconds).fold(1.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n<rect class=\"back\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
        escape(&title(samples))
    );
    let _ = writeln!(svg, "<text class=\"title\" x=\"16\" y=\"24\">{}</text>", escape(&title(samples)));
    for (number, panel) in PANELS.iter().enumerate() {
        let top = TOP + number as f64 * (PANEL + GAP) + 8.0;
        draw_panel(&mut svg, panel, samples, top, end);
    }
    let base = height - BOTTOM + 8.0;
    let (step, unit, name) = time_step(end);
    let mut at = 0.0;
    while at <= end {
        let _ = writeln!(
            svg,
            "<text class=\"dim\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(at, end),
            base + 14.0,
            plain(at / unit)
        );
        at += step;
    }
    let _ = writeln!(
        svg,
        "<text class=\"dim\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
        WIDTH - 8.0,
        base + 14.0
    );
    svg.push_str("</svg>\n");
    svg
}

fn title(samples: &[Sample]) -> String {
    let (first, last) = (&samples[0], &samples[samples.len() - 1]);
    let runs = last.run - first.run + 1;
    let runs = if runs == 1 { String::new() } else { format!(", {runs} runs") };
    let finds = samples.iter().map(|sample| sample.signatures).max().unwrap_or(0);
    let finds = match finds {
        0 => "no divergence".to_string(),
        1 => "1 signature".to_string(),
        n => format!("{n} signatures"),
    };
    format!(
        "{}, subject {}: {} site calls{runs}, {finds}",
        last.target,
        last.subject,
        short(last.total_site_calls as f64)
    )
}

fn draw_panel(svg: &mut String, panel: &Panel, samples: &[Sample], top: f64, end: f64) {
    // The first sample of a run has reached nothing yet and no speed: its line begins with the second, where there is one.
    let runs: Vec<&[Sample]> = samples
        .chunk_by(|one, next| one.run == next.run)
        .map(|run| if run.len() > 2 { &run[1..] } else { run })
        .collect();
    let goal = samples.last().and_then(panel.goal);
    let values = || runs.iter().copied().flatten().map(panel.value);
    let highest = values().fold(goal.unwrap_or(0.0), f64::max);
    // What is measured by a goal begins where the runs began: the last steps to it are what one wants to see.
    let lowest = if goal.is_some() { values().fold(highest, f64::min) } else { 0.0 };
    let ticks = value_ticks(lowest, highest);
    let (lowest, highest) = (ticks[0], ticks[ticks.len() - 1]);
    let y = |value: f64| top + PANEL - (value - lowest) / (highest - lowest) * PANEL;
    let _ = writeln!(svg, "<text class=\"panel\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>", top - 8.0, panel.title);
    for tick in ticks {
        let at = y(tick);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
            WIDTH - RIGHT
        );
        let _ = writeln!(
            svg,
            "<text class=\"dim\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            (panel.write)(tick)
        );
    }
    if let Some(goal) = goal {
        let (at, right) = (y(goal), WIDTH - RIGHT);
        let _ = writeln!(svg, "<line class=\"goal\" x1=\"{LEFT}\" x2=\"{right:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>");
        let _ = writeln!(
            svg,
            "<text class=\"dim\" x=\"{right:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} there are to reach (dashed)</text>",
            top - 8.0,
            (panel.write)(goal)
        );
    }
    for run in &runs {
        let points: Vec<String> = run
            .iter()
            .map(|sample| format!("{:.1},{:.1}", x(sample.total_seconds, end), y((panel.value)(sample))))
            .collect();
        let _ = writeln!(svg, "<polyline class=\"line\" points=\"{}\"/>", points.join(" "));
        if let Some(found) = run.iter().find(|sample| sample.signatures > 0) {
            let at = x(found.total_seconds, end);
            let _ = writeln!(
                svg,
                "<line class=\"find\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top:.1}\" y2=\"{:.1}\"/>",
                top + PANEL
            );
        }
    }
    if let Some(last) = samples.last() {
        let (at, value) = (x(last.total_seconds, end), (panel.value)(last));
        let _ = writeln!(svg, "<circle class=\"end\" cx=\"{at:.1}\" cy=\"{:.1}\" r=\"3\"/>", y(value));
        let _ =
            writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", at + 7.0, y(value) + 4.0, (panel.write)(value));
    }
}

fn x(seconds: f64, end: f64) -> f64 {
    LEFT + seconds / end * (WIDTH - LEFT - RIGHT)
}

/// About four round values, the first not above the lowest and the last not below the highest.
fn value_ticks(lowest: f64, highest: f64) -> Vec<f64> {
    let step = round_up((highest - lowest).max(1.0) / 4.0, &[1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]);
    let first = (lowest / step).floor();
    let last = (highest / step).ceil().max(first + 1.0);
    (0..=(last - first) as usize).map(|tick| (first + tick as f64) * step).collect()
}

/// The next of these mantissas times a power of ten.
fn round_up(value: f64, mantissas: &[f64]) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    mantissas.iter().map(|mantissa| mantissa * power).find(|round| *round >= value * 0.999_999).unwrap_or(10.0 * power)
}

/// The step of the time axis in seconds, the unit that it is written in, and its name.
fn time_step(end: f64) -> (f64, f64, &'static str) {
    let (unit, name) = match end {
        end if end < 300.0 => (1.0, "seconds"),
        end if end < 3.0 * 3600.0 => (60.0, "minutes"),
        end if end < 72.0 * 3600.0 => (3600.0, "hours"),
        _ => (86_400.0, "days"),
    };
    let steps: &[f64] = if unit == 60.0 || unit == 1.0 { &[1.0, 2.0, 5.0, 10.0] } else { &[1.0, 2.0, 3.0, 6.0, 10.0] };
    (round_up(end / unit / 7.0, steps).max(if unit > 1.0 { 0.25 } else { 1.0 }) * unit, unit, name)
}

fn plain(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn short(value: f64) -> String {
    match value {
        v if v < 1e4 => plain(v.round()),
        v if v < 1e6 => format!("{} k", plain((v / 100.0).round() / 10.0)),
        v if v < 1e9 => format!("{} M", plain((v / 1e5).round() / 10.0)),
        v => format!("{} G", plain((v / 1e7).round() / 100.0)),
    }
}

fn bytes(value: f64) -> String {
    format!("{} MB", plain((value / 1e5).round() / 10.0))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_highest_value() {
        for (highest, last, count) in
            [(0.0, 0.25, 2), (7.0, 8.0, 5), (100.0, 100.0, 5), (4321.0, 4500.0, 4), (2.2e7, 2.4e7, 5)]
        {
            let ticks = value_ticks(0.0, highest);
            let top = ticks[ticks.len() - 1];
            assert!(top >= highest && ticks.len() <= 7 && ticks[0] == 0.0, "{highest}: {ticks:?}");
            assert!((top - last).abs() < 1e-6 && ticks.len() == count, "{highest}: {ticks:?}");
        }
        for (lowest, highest) in [(2480.0, 2747.0), (2747.0, 2747.0), (0.0, 4203.0), (2739.0, 2740.0)] {
            let ticks = value_ticks(lowest, highest);
            assert!(ticks[0] <= lowest && ticks[ticks.len() - 1] >= highest, "{lowest}..{highest}: {ticks:?}");
            assert!((2..=7).contains(&ticks.len()), "{lowest}..{highest}: {ticks:?}");
        }
    }

    #[test]
    fn any_length_of_time_has_a_handful_of_marks() {
        for end in [1.0, 9.0, 61.0, 299.0, 300.0, 3600.0, 86_400.0, 2e6] {
            let (step, unit, name) = time_step(end);
            assert!((1.0..=12.0).contains(&(end / step)), "{end} in {name}: {step}");
            assert!(unit >= 1.0);
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([short(812.0), short(14_230.0), short(2.2e7), short(1.234e9)], ["812", "14.2 k", "22 M", "1.23 G"]);
        assert_eq!(bytes(14_000_000.0), "14 MB");
        assert_eq!(plain(2.50), "2.5");
    }
}
