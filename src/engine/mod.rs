//! The driver: generates programs, runs them in lockstep, counts what it covered and keeps what it found.
//!
//! One job is deterministic: program number `n` of a run depends on the seed and on `n` alone.

mod coverage;
mod finds;
mod job;
mod minimize;
mod raw;
mod runner;
mod world;

pub use coverage::Coverage;
pub use finds::{Find, Finds};
pub use job::Job;
pub use minimize::minimize;
pub use raw::RawRun;
pub use runner::Runner;
pub use world::WorldRun;

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Programs run.
    pub programs: u64,
    /// Operations in them: calls, ranges and classifications.
    pub operations: u64,
    /// Site calls checked: each call and range entry whose pte is not none.
    pub site_calls: u64,
    /// The share of calls that changed and reported nothing, from 0 to 1.
    pub noop_share: f64,
    /// Coverage cells reached.
    pub covered: usize,
    /// When the newest cell was reached.
    pub last_new: Duration,
    /// Divergences seen.
    pub divergences: u64,
    /// Different signatures among them.
    pub signatures: usize,
}
