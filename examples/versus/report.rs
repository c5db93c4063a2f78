//! The table, in Markdown.

use super::{Result, Settings, Way};
use ptefuzz::museum::Bug;
use std::fmt::Write;

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// How.
    pub way: Way,
    /// What.
    pub bug: &'static Bug,
    /// How it went.
    pub result: Result,
}

/// The runs of one way at one bug.
struct Cell {
    /// Median programs, with those of a time-out as what was run by then.
    programs: f64,
    /// As programs.
    site_calls: f64,
    /// As programs.
    seconds: f64,
    /// Runs that detected it.
    detected: usize,
    /// Runs.
    runs: usize,
}

impl Cell {
    fn of(rows: &[Row], way: Way, bug: &Bug) -> Option<Cell> {
        let results: Vec<Result> =
            rows.iter().filter(|row| row.way == way && row.bug.slug == bug.slug).map(|row| row.result).collect();
        if results.is_empty() {
            return None;
        }
        // A time-out stands behind every detection.
        let median = |of: fn(&Result) -> f64| {
            let mut values: Vec<(bool, f64)> = results.iter().map(|result| (!result.detected, of(result))).collect();
            values.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            values[values.len() / 2].1
        };
        Some(Cell {
            programs: median(|result| result.programs as f64),
            site_calls: median(|result| result.site_calls as f64),
            seconds: median(|result| result.seconds),
            detected: results.iter().filter(|result| result.detected).count(),
            runs: results.len(),
        })
    }

    /// Whether the median run detected it.
    fn by_half(&self) -> bool {
        self.detected * 2 > self.runs
    }

    fn text(&self) -> String {
        match self.detected {
            0 => format!("- ({:.0})", self.programs),
            n if n == self.runs => format!("{:.0}", self.programs),
            n => format!("{:.0} ({n}/{})", self.programs, self.runs),
        }
    }
}

fn geometric_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0), |(sum, n), value| (sum + value.max(1e-9).ln(), n + 1));
    (n > 0).then(|| (sum / n as f64).exp())
}

fn row(page: &mut String, head: &str, cells: impl Iterator<Item = String>) {
    let _ = writeln!(page, "| {head} | {} |", cells.collect::<Vec<_>>().join(" | "));
}

/// The whole table: a row for each bug with median programs, then what they add up to.
pub fn table(rows: &[Row], settings: &Settings) -> String {
    let ways: Vec<Way> = Way::ALL.into_iter().filter(|way| rows.iter().any(|row| row.way == *way)).collect();
    let mut bugs = settings.bugs.clone();
    let programs = |bug: &Bug, way| Cell::of(rows, way, bug).map_or(f64::MAX, |cell| cell.programs);
    bugs.sort_by(|a, b| programs(a, Way::BuiltIn).total_cmp(&programs(b, Way::BuiltIn)));
    let mut page = String::new();
    let Settings { seeds, programs: cap, time, .. } = settings;
    let _ = writeln!(
        page,
        "Programs until the bug was detected at its site, medians of {seeds} seeds; at most {cap} programs and {} s a run. \
         `-` and `(n/{seeds})`: not detected in any, or in all, of the runs.\n",
        time.as_secs()
    );
    row(&mut page, "bug", ways.iter().map(|way| way.name().to_string()));
    row(&mut page, "---", ways.iter().map(|_| "--:".to_string()));
    for bug in &bugs {
        let text = |way: &Way| Cell::of(rows, *way, bug).map_or_else(String::new, |cell| cell.text());
        row(&mut page, &format!("{} `{}`", bug.id, bug.slug), ways.iter().map(text));
    }
    let cells = |way: Way| bugs.iter().filter_map(move |bug| Cell::of(rows, way, bug));
    let mean = |of: fn(&Cell) -> f64, digits: usize| {
        ways.iter()
            .map(|way| {
                geometric_mean(cells(*way).map(|cell| of(&cell))).map_or_else(String::new, |n| format!("{n:.digits$}"))
            })
            .collect::<Vec<_>>()
    };
    row(&mut page, "**programs**, geometric mean", mean(|cell| cell.programs, 0).into_iter());
    row(&mut page, "**site calls**, geometric mean", mean(|cell| cell.site_calls, 0).into_iter());
    row(&mut page, "**seconds**, geometric mean", mean(|cell| cell.seconds, 4).into_iter());
    row(
        &mut page,
        "**not detected**, of all runs",
        ways.iter().map(|way| {
            let (runs, detected) =
                cells(*way).fold((0, 0), |(runs, hits), cell| (runs + cell.runs, hits + cell.detected));
            format!("{} of {runs}", runs - detected)
        }),
    );
    row(
        &mut page,
        "**programs against built-in**",
        ways.iter().map(|way| {
            let ratio =
                |bug: &&Bug| Some(Cell::of(rows, *way, bug)?.programs / Cell::of(rows, Way::BuiltIn, bug)?.programs);
            geometric_mean(bugs.iter().filter_map(ratio)).map_or_else(String::new, |ratio| format!("{ratio:.1} x"))
        }),
    );
    page.push_str("\nIn the means a time-out counts as what was run until then, so they and the ratios are lower bounds where there are any; \
         proptest ends by itself after 256 cases, or 100 times as many.\n");
    let worse: Vec<String> = bugs
        .iter()
        .filter_map(|bug| {
            let (ours, uniform) = (Cell::of(rows, Way::BuiltIn, bug)?, Cell::of(rows, Way::Uniform, bug)?);
            (uniform.by_half() && (!ours.by_half() || ours.programs > uniform.programs))
                .then(|| format!("{} `{}` ({:.0} against {:.0})", bug.id, bug.slug, ours.programs, uniform.programs))
        })
        .collect();
    let _ = match worse.is_empty() {
        true => writeln!(page, "For no bug does the built-in engine need more programs than uniform random."),
        false => {
            writeln!(page, "The built-in engine needs more programs than uniform random for: {}.", worse.join(", "))
        }
    };
    page
}
