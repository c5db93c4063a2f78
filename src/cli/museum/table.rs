//! The museum's table for people, 80 columns wide, the easiest bug first.

use super::interrupted;
use super::pool::{CANARY_PROGRAMS, Outcome, Row};
use crate::cli::style::{BOLD, DIM, RIGHT, WRONG};
use ptefuzz::museum::{Bug, Hunt, vector_rows};
use ptefuzz::site::Site;
use ptefuzz::vectors::VectorFile;
use std::fmt::Write;
use std::time::Duration;

/// The bugs by name, with their sites.
pub(super) fn list(bugs: &[&Bug]) -> String {
    let mut text = String::new();
    for bug in bugs {
        let _ = writeln!(text, "{BOLD}{:6}{:36}{BOLD:#}{}", bug.id, bug.slug, Site::of(bug.site).name);
    }
    text
}

/// The table, and what there is to say of the run.
pub(super) fn table(outcome: &Outcome, time: Duration) -> String {
    let mut rows: Vec<&Row> = outcome.rows.iter().collect();
    rows.sort_by_key(|row| (!row.detected(), effort(row.median()), row.bug.id));
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{DIM}{:42}{:6}{:10}{:9}{:>7}{:>6}{DIM:#}",
        "bug",
        "shown",
        "by",
        "special",
        effort_head(outcome),
        "sec"
    );
    for row in rows {
        text.push_str(&line(row));
    }
    text.push_str(&summary(outcome, time));
    text
}

/// What a hunt took: programs, or the calls of a walk, which has none.
fn effort(hunt: &Hunt) -> u64 {
    if hunt.programs > 0 { hunt.programs } else { hunt.site_calls }
}

fn by_walk(outcome: &Outcome) -> bool {
    outcome.rows.iter().all(|row| row.median().programs == 0)
}

fn effort_head(outcome: &Outcome) -> &'static str {
    if by_walk(outcome) { "checks" } else { "progs" }
}

fn line(row: &Row) -> String {
    let (bug, hunt) = (row.bug, row.median());
    let name = format!("{:6}{:36}", bug.id, bug.slug);
    let effort = format!("{:>7}{:>6.2}", count(effort(hunt)), hunt.elapsed.as_secs_f64());
    match &hunt.detected {
        Some(found) if row.detected() => {
            let shown = if found.in_world() { "world" } else { "raw" };
            format!("{name}{shown:6}{:10}{:9}{effort}\n", found.by().name(), found.special.name())
        }
        _ => {
            let missed = row.hunts.iter().filter(|(_, hunt)| hunt.detected.is_none()).count();
            let why = match (hunt.elsewhere.first(), hunt.triggered, hunt.reached) {
                (Some(elsewhere), ..) => format!("seen at {}", elsewhere.place_name()),
                (None, _, 0) => "never reached".to_string(),
                (None, 0, _) => "never triggered".to_string(),
                (None, n, _) => format!("triggered {} times", count(n)),
            };
            let of = if row.hunts.len() > 1 { format!("{missed} of {}: ", row.hunts.len()) } else { String::new() };
            format!("{name}{WRONG}MISSED{WRONG:#} {:18}{effort}\n", format!("{of}{why}"))
        }
    }
}

fn summary(outcome: &Outcome, time: Duration) -> String {
    let mut text = String::new();
    let seeds = outcome.rows.iter().map(|row| row.hunts.len()).max().unwrap_or(0);
    let (detected, all) = (outcome.detected(), outcome.rows.len());
    let style = if detected == all { RIGHT } else { WRONG };
    let each = if seeds > 1 { format!(" with each of {seeds} seeds") } else { String::new() };
    let _ = writeln!(
        text,
        "{style}{detected} of {all} detected{style:#}{each}, {} s each at most{}",
        time.as_secs_f64(),
        interrupted(outcome)
    );
    let mut seconds: Vec<f64> = outcome.rows.iter().map(|row| row.median().elapsed.as_secs_f64()).collect();
    seconds.sort_by(f64::total_cmp);
    let longest = outcome.rows.iter().max_by_key(|row| row.longest());
    if let (Some(median), Some(longest)) = (seconds.get(seconds.len().saturating_sub(1) / 2), longest) {
        let _ = writeln!(
            text,
            "seconds: median {median:.3}, longest {:.3} ({})\n{}: geometric mean {:.0}",
            longest.longest().as_secs_f64(),
            longest.bug.slug,
            if by_walk(outcome) { "checks" } else { "programs" },
            geometric_mean(outcome)
        );
    }
    let control = &outcome.control;
    let (style, word) = if outcome.control_is_clean() { (RIGHT, "clean") } else { (WRONG, "NOT CLEAN") };
    let _ = writeln!(
        text,
        "control: {style}{word}{style:#}, {} site calls in {:.1} s (all hunts took {:.1} s)",
        count(control.site_calls),
        control.elapsed.as_secs_f64(),
        outcome.spent().as_secs_f64()
    );
    for signature in control.signatures.iter().take(5) {
        let _ = writeln!(text, "  {signature}");
    }
    let (style, word) = if outcome.canary_is_right() { (RIGHT, "found") } else { (WRONG, "NOT FOUND AT ONCE") };
    let _ = writeln!(
        text,
        "canary: {style}{word}{style:#} after {} programs ({CANARY_PROGRAMS} at most)",
        outcome.canary.programs
    );
    text
}

/// The geometric mean of programs (of a walk: checks) to detection, the middle seed of each bug.
pub(super) fn geometric_mean(outcome: &Outcome) -> f64 {
    let logs: Vec<f64> = outcome.rows.iter().map(|row| (effort(row.median()).max(1) as f64).ln()).collect();
    if logs.is_empty() { 0.0 } else { (logs.iter().sum::<f64>() / logs.len() as f64).exp() }
}

/// How many rows of recorded answers would have caught each bug.
pub(super) fn rows(outcome: &Outcome, files: &[VectorFile]) -> String {
    let mut text = format!("{BOLD}rows of the recorded answers that catch it{BOLD:#}\n");
    for row in &outcome.rows {
        let _ = writeln!(text, "{:6}{:36}{:>8}", row.bug.id, row.bug.slug, vector_rows(row.bug, files));
    }
    text
}

/// A number in at most six columns.
fn count(n: u64) -> String {
    match n {
        0..100_000 => n.to_string(),
        100_000..1_000_000 => format!("{} k", n / 1000),
        _ => format!("{:.1} M", n as f64 / 1e6),
    }
}
