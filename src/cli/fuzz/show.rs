//! What a run shows while it goes on: a status line on a terminal, a line now and then in a pipe, events in a stream.

use super::Setup;
use super::output::{event, jobs_words, print_line};
use crate::cli::style::{BOLD, DIM};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ptefuzz::engine::{JobProgress, Limits, Progress};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// A number as people read it: `812`, `14.2 k`, `3.1 M`.
pub fn count(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{:.1} k", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", n as f64 / 1e6),
        _ => format!("{:.2} G", n as f64 / 1e9),
    }
}

/// The progress display.
pub struct Show {
    bar: ProgressBar,
    terminal: bool,
    stream: bool,
    next: Duration,
    last: (Duration, u64),
    last_of_job: Vec<u64>,
    limits: Limits,
    goal: String,
}

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Time between two events of a stream.
const EVENT_EVERY: Duration = Duration::from_secs(1);
/// Time between two looks of the status line.
const STATUS_EVERY: Duration = Duration::from_millis(200);

impl Show {
    /// Says what begins.
    pub fn new(setup: &Setup<'_>) -> Show {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        let mut err = anstream::stderr().lock();
        let _ = writeln!(
            err,
            "{BOLD}ptefuzz{BOLD:#} {}, subject {}, {}, seed {}, {}\n{DIM}Ctrl-C ends it{DIM:#}",
            setup.options.target,
            setup.options.subject.subject,
            setup.environment,
            setup.seed,
            jobs_words(setup.jobs),
        );
        let stream = setup.options.json.as_deref() == Some("stream");
        let next = if terminal { Duration::ZERO } else { LINE_EVERY };
        let goal = setup.goal.map_or_else(String::new, |goal| format!("/{goal}"));
        let (last, last_of_job, limits) = ((Duration::ZERO, 0), Vec::new(), setup.limits);
        Show { bar, terminal, stream, next, last, last_of_job, limits, goal }
    }

    /// Shows the state of the run, if it is time to.
    pub fn update(&mut self, progress: &Progress, jobs: &[JobProgress]) {
        let step = progress.elapsed.saturating_sub(self.last.0);
        let wait = match (self.stream, self.terminal) {
            (true, _) => EVENT_EVERY,
            (false, true) => STATUS_EVERY,
            (false, false) => self.next.saturating_sub(self.last.0),
        };
        if step < wait {
            return;
        }
        let a_second = |calls: u64, before: u64| calls.saturating_sub(before) as f64 / step.as_secs_f64().max(1e-9);
        let rate = a_second(progress.site_calls, self.last.1);
        self.last_of_job.resize(jobs.len(), 0);
        let rates: Vec<f64> =
            jobs.iter().zip(&self.last_of_job).map(|(job, before)| a_second(job.site_calls, *before)).collect();
        self.last = (progress.elapsed, progress.site_calls);
        self.last_of_job = jobs.iter().map(|job| job.site_calls).collect();
        if self.stream {
            // A reader that went away is told of at the end.
            let _ = print_line(&event("progress", progress_json(progress, rate, &rates)));
        } else if self.terminal {
            self.bar.set_message(self.lines(progress, rate, &rates));
            self.bar.tick();
        } else {
            let _ = writeln!(std::io::stderr().lock(), "{}", self.line(progress, rate));
            self.next = progress.elapsed + LINE_EVERY;
        }
    }

    /// The state in one line.
    fn line(&self, progress: &Progress, rate: f64) -> String {
        format!(
            "{}  {}{} cells  {}",
            self.amount(progress, rate),
            progress.covered,
            self.goal,
            match progress.signatures {
                0 => format!("{:.0} s idle", (progress.elapsed.saturating_sub(progress.last_new)).as_secs_f64()),
                1 => "1 find".to_string(),
                n => format!("{n} finds"),
            },
        )
    }

    /// The state in two lines of at most 80 columns.
    fn lines(&self, progress: &Progress, rate: f64, rates: &[f64]) -> String {
        let shown: Vec<String> = rates.iter().take(4).map(|rate| format!("{}/s", count(*rate as u64))).collect();
        let more = if rates.len() > 4 { " ..." } else { "" };
        let finds = match progress.signatures {
            0 => String::new(),
            1 => "  1 find".to_string(),
            n => format!("  {n} finds"),
        };
        format!(
            "{}\n\
             {}{} cells by {} programs, the last {} s ago  jobs {}{more}{finds}",
            self.amount(progress, rate),
            progress.covered,
            self.goal,
            progress.corpus,
            progress.elapsed.saturating_sub(progress.last_new).as_secs(),
            shown.join(" "),
        )
    }

    /// How long, how much and how fast.
    fn amount(&self, progress: &Progress, rate: f64) -> String {
        format!(
            "{}  {} programs  {} calls ({}/s)  {:.0} % no-ops",
            self.clock(progress),
            count(progress.programs),
            count(progress.site_calls),
            count(rate as u64),
            progress.noop_share() * 100.0,
        )
    }

    fn clock(&self, progress: &Progress) -> String {
        let elapsed = progress.elapsed.as_secs();
        match self.limits.time {
            Some(time) => format!("{elapsed}/{} s", time.as_secs()),
            None => format!("{elapsed} s"),
        }
    }

    /// Clears the status line.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn progress_json(progress: &Progress, rate: f64, rates: &[f64]) -> Value {
    json!({
        "seconds": progress.elapsed.as_secs_f64(),
        "programs": progress.programs,
        "operations": progress.operations,
        "site_calls": progress.site_calls,
        "site_calls_per_second": rate,
        "jobs": rates,
        "noop_share": progress.noop_share(),
        "covered": progress.covered,
        "corpus": progress.corpus,
        "seconds_since_new_cell": progress.elapsed.saturating_sub(progress.last_new).as_secs_f64(),
        "divergences": progress.divergences,
        "signatures": progress.signatures,
    })
}
