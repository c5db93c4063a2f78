//! The driver: generates programs, runs them in lockstep, counts what it covered and keeps what it found.
//!
//! One job is deterministic: program number `n` of a run depends on the seed and on `n` alone.

mod cells;
mod coverage;
mod finds;
mod fleet;
mod job;
mod kept;
#[cfg(test)]
mod late_tests;
mod minimize;
mod raw;
mod run;
mod runner;
#[cfg(test)]
mod tests;
mod world;

pub use cells::{Cell, CellSet, Denominators, table_text};
pub use coverage::Coverage;
pub(crate) use coverage::{kind_of, state_of};
pub use finds::{Find, Finds};
pub use fleet::{Door, Fleet, JobProgress, News, Told, Watcher};
pub use job::Job;
pub use kept::{Corpus, Kept};
pub use minimize::{minimize, shrink};
pub use raw::{RawPrograms, RawRun};
pub use run::{Check, Programs, Run};
pub use runner::Runner;
pub use world::{Habits, WorldPrograms, WorldRun};

use std::time::Duration;

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// After this time.
    pub time: Option<Duration>,
    /// After this many programs.
    pub programs: Option<u64>,
}

/// What the one who watches a run says about going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    Continue,
    /// End now, with everything found so far.
    Stop,
}

/// The state of a run, as it is shown while it goes on and at its end.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Programs run.
    pub programs: u64,
    /// Operations in them: calls, ranges and classifications.
    pub operations: u64,
    /// Site calls checked: each call and range entry whose pte is not none.
    pub site_calls: u64,
    /// Site calls among them that changed and reported nothing.
    pub noops: u64,
    /// Coverage cells reached.
    pub covered: usize,
    /// Programs kept because they reached a cell first.
    pub corpus: usize,
    /// When the newest cell was reached.
    pub last_new: Duration,
    /// Divergences seen.
    pub divergences: u64,
    /// Different signatures among them.
    pub signatures: usize,
}

impl Progress {
    /// The share of site calls that changed and reported nothing, from 0 to 1.
    pub fn noop_share(&self) -> f64 {
        self.noops as f64 / self.site_calls.max(1) as f64
    }

    /// Site calls a second.
    pub fn rate(&self) -> f64 {
        self.site_calls as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}
