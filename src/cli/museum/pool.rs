//! The hunts of a run, as many at a time as there are jobs, then the canary and the control.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ptefuzz::museum::{Bug, CANARY, Control, Hunt, control, hunt, hunt_by_walk};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// The shortest and the longest control.
const CONTROL: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(600)];
/// The canary must be found in so many programs.
pub(super) const CANARY_PROGRAMS: u64 = 16;

/// What is to be hunted.
pub(super) struct Plan {
    pub(super) bugs: Vec<&'static Bug>,
    /// By the exhaustive walk instead of the built-in engine.
    pub(super) by_walk: bool,
    pub(super) seeds: Vec<u64>,
    pub(super) time: Duration,
    pub(super) jobs: usize,
}

/// How it went for one bug: a hunt for each seed.
pub(super) struct Row {
    pub(super) bug: &'static Bug,
    pub(super) hunts: Vec<(u64, Hunt)>,
}

impl Row {
    /// Whether every seed found it.
    pub(super) fn detected(&self) -> bool {
        !self.hunts.is_empty() && self.hunts.iter().all(|(_, hunt)| hunt.detected.is_some())
    }

    /// The hunt in the middle, by programs, missed ones last; the lower one of two.
    pub(super) fn median(&self) -> &Hunt {
        let mut hunts: Vec<_> = self.hunts.iter().map(|(_, hunt)| hunt).collect();
        hunts.sort_by_key(|hunt| (hunt.detected.is_none(), hunt.programs));
        hunts[(hunts.len() - 1) / 2]
    }

    /// The longest hunt.
    pub(super) fn longest(&self) -> Duration {
        self.hunts.iter().map(|(_, hunt)| hunt.elapsed).max().unwrap_or_default()
    }
}

/// How the whole run went.
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    pub(super) canary: Hunt,
    pub(super) control: Control,
    pub(super) elapsed: Duration,
    /// Ctrl-C ended it.
    pub(super) stopped: bool,
}

impl Outcome {
    /// What all hunts took together.
    pub(super) fn spent(&self) -> Duration {
        self.rows.iter().flat_map(|row| &row.hunts).map(|(_, hunt)| hunt.elapsed).sum()
    }

    /// Bugs that every seed found.
    pub(super) fn detected(&self) -> usize {
        self.rows.iter().filter(|row| row.detected()).count()
    }

    /// Whether the canary was found as fast as it must be.
    pub(super) fn canary_is_right(&self) -> bool {
        self.canary.detected.is_some() && self.canary.programs <= CANARY_PROGRAMS
    }

    /// Whether packed as it is was clean.
    pub(super) fn control_is_clean(&self) -> bool {
        self.control.signatures.is_empty()
    }

    /// Whether nothing is wrong with the run.
    pub(super) fn is_right(&self) -> bool {
        self.detected() == self.rows.len() && self.canary_is_right() && self.control_is_clean()
    }
}

impl Plan {
    /// Runs everything. What was not hunted when `stop` was set has no row.
    pub(super) fn run(&self, stop: &AtomicBool) -> Outcome {
        let start = Instant::now();
        let hunts: Vec<(usize, u64)> =
            self.seeds.iter().flat_map(|seed| (0..self.bugs.len()).map(move |bug| (bug, *seed))).collect();
        let mut show = Show::new(hunts.len());
        let mut rows: Vec<Row> = self.bugs.iter().map(|bug| Row { bug, hunts: Vec::new() }).collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..self.jobs.min(hunts.len()) {
                let (sender, hunts, next) = (sender.clone(), &hunts, &next);
                scope.spawn(move || {
                    while let Some((bug, seed)) = hunts.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let bug_hunted = self.bugs[*bug];
                        let hunt = if self.by_walk {
                            hunt_by_walk(bug_hunted, self.time, stop)
                        } else {
                            hunt(bug_hunted, *seed, self.time, stop)
                        };
                        if sender.send((*bug, *seed, hunt)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            loop {
                match receiver.recv_timeout(Duration::from_millis(200)) {
                    Ok((bug, seed, hunt)) => {
                        show.found(self.bugs[bug], &hunt);
                        rows[bug].hunts.push((seed, hunt));
                    }
                    Err(RecvTimeoutError::Timeout) => show.tick(),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        rows.retain(|row| !row.hunts.is_empty());
        for row in &mut rows {
            row.hunts.sort_by_key(|(seed, _)| *seed);
        }
        let spent: Duration = rows.iter().flat_map(|row| &row.hunts).map(|(_, hunt)| hunt.elapsed).sum();
        show.control(spent.clamp(CONTROL[0], CONTROL[1]));
        let canary = hunt(&CANARY, self.seeds[0], self.time, stop);
        let control = self.control(spent.clamp(CONTROL[0], CONTROL[1]), stop);
        show.finish();
        Outcome { rows, canary, control, elapsed: start.elapsed(), stopped: stop.load(Ordering::Relaxed) }
    }

    /// Packed as it is, for this time in all, shared out among the jobs.
    fn control(&self, time: Duration, stop: &AtomicBool) -> Control {
        let each = time / self.jobs as u32;
        let controls: Vec<Control> = std::thread::scope(|scope| {
            let seed = |job: usize| self.seeds[0].wrapping_add(job as u64);
            let threads: Vec<_> =
                (0..self.jobs).map(|job| scope.spawn(move || control(seed(job), each, stop))).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        Control {
            signatures: controls.iter().flat_map(|control| control.signatures.clone()).collect(),
            programs: controls.iter().map(|control| control.programs).sum(),
            site_calls: controls.iter().map(|control| control.site_calls).sum(),
            elapsed: controls.iter().map(|control| control.elapsed).sum(),
        }
    }
}

/// The progress display: a bar on a terminal, a line now and then elsewhere.
struct Show {
    bar: ProgressBar,
    terminal: bool,
    start: Instant,
    next_line: Duration,
    done: usize,
    missed: usize,
    all: usize,
}

impl Show {
    fn new(all: usize) -> Show {
        let bar = ProgressBar::with_draw_target(Some(all as u64), ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} hunts  {wide_msg}") {
            bar.set_style(style);
        }
        let terminal = std::io::stderr().is_terminal();
        Show { bar, terminal, start: Instant::now(), next_line: LINE_EVERY, done: 0, missed: 0, all }
    }

    fn found(&mut self, bug: &Bug, hunt: &Hunt) {
        self.done += 1;
        self.missed += hunt.detected.is_none() as usize;
        self.bar.inc(1);
        self.bar.set_message(bug.slug);
        self.tick();
    }

    fn tick(&mut self) {
        if self.terminal {
            self.bar.tick();
        } else if self.start.elapsed() >= self.next_line {
            let mut err = std::io::stderr().lock();
            let _ = writeln!(err, "{}/{} hunts, {} missed", self.done, self.all, self.missed);
            self.next_line = self.start.elapsed() + LINE_EVERY;
        }
    }

    fn control(&self, time: Duration) {
        if self.terminal {
            self.bar.set_message(format!("control, {:.0} s", time.as_secs_f64()));
        } else {
            let _ = writeln!(std::io::stderr().lock(), "control: {:.0} s", time.as_secs_f64());
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
