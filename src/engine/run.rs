//! One job: programs of one kind, one after another, each checked and counted; what reached something new is kept.
//!
//! A job is deterministic: what it does depends on its seed, on the programs that it was given and on nothing else.

use super::kept::Kept;
use super::{Coverage, Finds, Limits, Next, Progress};
use crate::lockstep::{Divergence, Lockstep, Subject};
use crate::program::{OpCode, Program, Rng, mix};
use crate::pte::Class;
use crate::site::{Answer, Call};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the programs of a job come from, and how one of them is run.
pub trait Programs: Send {
    /// Programs between two looks at the clock.
    const CLOCK_EVERY: u64;

    /// Makes the next program and runs it. Gives the number of its operations.
    fn next<S: Subject + ?Sized>(&mut self, rng: &mut Rng, check: &mut Check<'_>, subject: &mut S) -> u64;

    /// Runs a program that was given: a seed, or what another job found. Gives the number of its operations.
    fn given<S: Subject + ?Sized>(&mut self, kept: &Kept, check: &mut Check<'_>, subject: &mut S) -> u64;

    /// Asks the subject what was put off until it is worth a batch, or all of it; `found` takes each divergence with the number of its program, and
    /// who makes that.
    fn settle<S: Subject + ?Sized>(&mut self, all: bool, lockstep: &mut Lockstep, subject: &mut S, found: Found<'_>);

    /// The program that ran last, as far as this divergence needs it.
    fn last(&self, divergence: &Divergence) -> Program;

    /// Keeps the program that ran last, which reached these cells first; nothing where programs are not kept.
    fn keep(&mut self, cells: &[u16]) -> Option<Arc<Kept>>;

    /// Takes what another job kept.
    fn take(&mut self, kept: Arc<Kept>);

    /// What was kept.
    fn kept(&self) -> &[Arc<Kept>];

    /// Is told that so many programs are through: some things are counted anew after a million.
    fn turn(&mut self, programs: u64);

    /// Operations that had no effect in the last million programs, or so far.
    fn idle(&self, programs: u64) -> Vec<OpCode>;
}

/// Who takes a divergence that was found later than its program ran.
pub type Found<'a> = &'a mut dyn FnMut(u64, Divergence, &dyn Fn(&Divergence) -> Program);

/// What a program is checked with and counted in.
#[derive(Debug)]
pub struct Check<'a> {
    /// The number of the program.
    pub number: u64,
    /// The comparison.
    pub lockstep: &'a mut Lockstep,
    /// Cells reached.
    pub coverage: &'a mut Coverage,
    /// Cells that this program reached first.
    pub new: &'a mut Vec<u16>,
    /// Divergences of this program.
    pub found: &'a mut Vec<Divergence>,
}

impl Check<'_> {
    /// The two ends of lockstep: what is told of every call, and of every divergence.
    pub fn ends(&mut self) -> (&mut Lockstep, impl FnMut(&Call, Class, &Answer), &mut Vec<Divergence>) {
        let Check { lockstep, coverage, new, found, .. } = self;
        let seen = |call: &Call, class: Class, answer: &Answer| {
            if let Some(cell) = coverage.reach(call, class, answer) {
                new.push(cell);
            }
        };
        (lockstep, seen, found)
    }
}

/// One job.
#[derive(Debug)]
pub struct Run<P> {
    pub(super) lockstep: Lockstep,
    pub(super) programs: P,
    seed: u64,
    coverage: Coverage,
    finds: Finds,
    count: u64,
    operations: u64,
    pub(super) last_new: Duration,
    new: Vec<u16>,
    found: Vec<Divergence>,
}

impl<P: Programs> Run<P> {
    /// A job over these programs.
    pub fn of(lockstep: Lockstep, programs: P, seed: u64) -> Run<P> {
        Run {
            lockstep,
            programs,
            seed,
            coverage: Coverage::default(),
            finds: Finds::default(),
            count: 0,
            operations: 0,
            last_new: Duration::ZERO,
            new: Vec::new(),
            found: Vec::new(),
        }
    }

    /// What was found.
    pub fn finds(&self) -> &Finds {
        &self.finds
    }

    /// What was checked.
    pub fn lockstep(&self) -> &Lockstep {
        &self.lockstep
    }

    /// What was reached.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// What was kept, oldest first.
    pub fn kept(&self) -> &[Arc<Kept>] {
        self.programs.kept()
    }

    /// Operations that had no effect in the last million programs, or so far.
    pub fn idle(&self) -> Vec<OpCode> {
        self.programs.idle(self.count)
    }

    /// Runs until a limit is reached or `watch` says so; `watch` is asked every few programs.
    pub fn run<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        limits: Limits,
        watch: &mut dyn FnMut(&Progress) -> Next,
    ) -> Progress {
        let start = Instant::now();
        loop {
            if self.count.is_multiple_of(P::CLOCK_EVERY) {
                let elapsed = start.elapsed();
                let out_of_time = limits.time.is_some_and(|time| elapsed >= time);
                if out_of_time || watch(&self.progress(elapsed)) == Next::Stop {
                    break;
                }
            }
            if limits.programs.is_some_and(|programs| self.count >= programs) {
                break;
            }
            if self.one(subject, None).is_some() {
                self.last_new = start.elapsed();
            }
        }
        self.settle(subject, true);
        self.progress(start.elapsed())
    }

    /// Runs the next program, or one that was given. Gives what was kept of it.
    pub(super) fn one<S: Subject + ?Sized>(&mut self, subject: &mut S, given: Option<&Kept>) -> Option<Arc<Kept>> {
        let number = self.count;
        self.count += 1;
        self.new.clear();
        let Run { lockstep, programs, coverage, new, found, .. } = self;
        let mut check = Check { number, lockstep, coverage, new, found };
        self.operations += match given {
            None => programs.next(&mut Rng::new(self.seed ^ mix(number)), &mut check, subject),
            Some(kept) => programs.given(kept, &mut check, subject),
        };
        for divergence in found.drain(..) {
            self.finds.add(number, divergence, |divergence| programs.last(divergence));
        }
        self.settle(subject, false);
        if self.count.is_multiple_of(TURN) {
            self.coverage.age();
            self.programs.turn(self.count);
        }
        if self.new.is_empty() { None } else { self.programs.keep(&self.new) }
    }

    /// Asks the subject what was put off: what is worth a batch, or all.
    pub(super) fn settle<S: Subject + ?Sized>(&mut self, subject: &mut S, all: bool) {
        let Run { lockstep, programs, finds, .. } = self;
        programs.settle(all, lockstep, subject, &mut |number, divergence, source| {
            finds.add(number, divergence, source);
        });
    }

    /// Takes what another job kept; its cells are no news here any more.
    pub(super) fn take(&mut self, kept: Arc<Kept>) {
        for cell in &kept.cells {
            self.coverage.mark(*cell);
        }
        self.programs.take(kept);
    }

    /// Programs so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The state of the job.
    pub(super) fn progress(&self, elapsed: Duration) -> Progress {
        let tally = self.lockstep.tally();
        Progress {
            elapsed,
            programs: self.count,
            operations: self.operations,
            site_calls: tally.site_calls(),
            noops: tally.noops,
            covered: self.coverage.covered(),
            corpus: self.programs.kept().len(),
            last_new: self.last_new,
            divergences: self.finds.total(),
            signatures: self.finds.len(),
        }
    }
}

/// Programs after which what is counted in windows starts anew.
pub(super) const TURN: u64 = 1_000_000;
