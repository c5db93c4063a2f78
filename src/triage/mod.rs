//! Triage: from a directory of crash files to one page that a maintainer can act on.
//!
//! In comes a directory of programs and a subject. Every program is replayed, in parallel; what it shows is counted by signature; signatures that
//! come from one mistake make a [`Bucket`], with a minimised reproducer, the explanation of the wrong step, and the historical bug that it
//! resembles. [`report`] writes that down, [`History`] says what is new since the last time, and [`repro`] makes tests of a program.

mod bucket;
pub mod report;
pub mod repro;
mod resemble;
mod scan;
mod state;
mod steps;
mod tally;

pub use bucket::{Bucket, Merged};
pub use scan::{File, Files};
pub use state::{History, HistoryError, News, Past};
pub use steps::{Change, Step, steps};
pub use tally::{BROKEN_NAMED, Broken};

use crate::engine::Runner;
use crate::lockstep::{KnownSignatures, Signature};
use crate::model::Model;
use crate::pte::Environment;
use crate::subjects::SubjectName;
use crate::target::Target;
use std::fmt::Display;
use std::path::Path;
use std::sync::Mutex;
use tally::Tally;

/// What a directory is held against, and how.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// The implementation that crashed.
    pub subject: &'a SubjectName,
    /// The environment that it runs in.
    pub environment: Environment,
    /// Whether entries that collide in their encoding are reported.
    pub collisions: bool,
    /// The fuzz target that an engine's files are for, if they are for one.
    pub target: Option<&'static Target>,
    /// What is counted and not reported.
    pub known: &'a KnownSignatures,
    /// Worker threads, at least one.
    pub jobs: usize,
    /// Is told now and then how many files were taken up.
    pub watch: Option<&'a (dyn Fn(u64) + Sync)>,
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("subject", &self.subject)
            .field("environment", &self.environment)
            .field("collisions", &self.collisions)
            .field("target", &self.target.map(|target| target.name))
            .field("known", &self.known)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

/// Files between two words to the one who watches.
const WATCH_EVERY: u64 = 64;

/// What a directory of programs shows.
#[derive(Clone, Debug)]
pub struct Triage {
    /// Files looked at, the broken ones included.
    pub files: u64,
    /// Files whose program shows nothing.
    pub clean: u64,
    /// Files that are no programs.
    pub broken: u64,
    /// The first of them, at most [`BROKEN_NAMED`].
    pub broken_named: Vec<Broken>,
    /// The buckets, the one that most files show first.
    pub buckets: Vec<Bucket>,
    /// Known signatures that were seen, with the files that show each.
    pub known: Vec<(Signature, u64)>,
}

/// Why a directory could not be looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriageError(String);

impl Display for TriageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TriageError {}

/// Replays every program below a directory and sorts what they show into buckets. The result does not depend on the number of jobs.
///
/// # Errors
///
/// A directory that cannot be read, or a subject that cannot be had. A single broken file is counted and no error.
pub fn triage(directory: &Path, settings: &Settings<'_>) -> Result<Triage, TriageError> {
    let files =
        Files::new(directory).map_err(|error| TriageError(format!("{}: cannot read: {error}", directory.display())))?;
    let queue = Mutex::new(files);
    let model = Model::new(settings.environment);
    let parts = parallel(settings.jobs, || {
        let mut subject = settings.subject.build(settings.environment)?;
        let mut runner = Runner::new(settings.environment).reporting_collisions(settings.collisions);
        let mut tally = Tally::default();
        while let Some(file) = next_of(&queue) {
            if let Some(watch) = settings.watch.filter(|_| file.index.is_multiple_of(WATCH_EVERY)) {
                watch(file.index);
            }
            match file.read(&model, settings.target) {
                Err(reason) => tally.add_broken(&file, reason),
                Ok(program) => {
                    let divergences = runner.all(&program, &mut *subject);
                    tally.add(&file, program, divergences, settings.known);
                }
            }
        }
        Ok(tally)
    })
    .map_err(TriageError)?;
    let mut tally = Tally::default();
    parts.into_iter().for_each(|part| tally.absorb(part));
    let buckets = bucket::buckets(&tally, settings).map_err(TriageError)?;
    let mut known: Vec<_> = tally.known.iter().map(|(signature, count)| (*signature, *count)).collect();
    known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(Triage {
        files: tally.files,
        clean: tally.clean,
        broken: tally.broken,
        broken_named: tally.broken_named,
        buckets,
        known,
    })
}

/// The next item of a queue that all workers share.
fn next_of<I: Iterator>(queue: &Mutex<I>) -> Option<I::Item> {
    queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next()
}

/// Runs a worker on each of `jobs` threads and gives what each made.
fn parallel<T: Send>(jobs: usize, worker: impl Fn() -> Result<T, String> + Sync) -> Result<Vec<T>, String> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(&worker)).collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| Err("a worker ended early: the subject panicked".to_string()))
            })
            .collect()
    })
}
