//! One job, whatever it runs.

use super::{Finds, Limits, Next, Progress, RawRun, WorldRun};
use crate::lockstep::{Lockstep, Subject};

/// A run over raw or over world programs.
#[derive(Debug)]
pub enum Job {
    /// Raw calls.
    Raw(Box<RawRun>),
    /// World programs.
    World(Box<WorldRun>),
}

impl Job {
    /// Runs until a limit is reached or `watch` says so.
    pub fn run<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        limits: Limits,
        watch: &mut dyn FnMut(&Progress) -> Next,
    ) -> Progress {
        match self {
            Job::Raw(run) => run.run(subject, limits, watch),
            Job::World(run) => run.run(subject, limits, watch),
        }
    }

    /// What was found.
    pub fn finds(&self) -> &Finds {
        match self {
            Job::Raw(run) => run.finds(),
            Job::World(run) => run.finds(),
        }
    }

    /// What was checked.
    pub fn lockstep(&self) -> &Lockstep {
        match self {
            Job::Raw(run) => run.lockstep(),
            Job::World(run) => run.lockstep(),
        }
    }
}
