//! One job, whatever it runs.

use super::{Finds, Limits, Next, Progress, RawRun, WorldRun};
use crate::lockstep::{Lockstep, Subject};
use crate::program::{OpCode, Program};

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

    /// Operations that had no effect in the last million programs, or so far; none for raw runs.
    pub fn idle(&self) -> Vec<OpCode> {
        match self {
            Job::Raw(_) => Vec::new(),
            Job::World(run) => run.idle(),
        }
    }

    /// The program that showed a find first: of a raw run its one record, of a world run the whole program.
    pub fn program_of(&mut self, find: &super::Find) -> Program {
        match self {
            Job::Raw(_) => Program::Raw(find.first.to_raw()),
            Job::World(run) => Program::World(run.program(find.program)),
        }
    }
}
